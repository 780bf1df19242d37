//! The command line. Without a subcommand it serves. It is also the worker that runs custom code:
//! the server starts itself again for that.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use callcore_script::worker;
use callcore_server::config::{Config, Settings};
use callcore_server::database::Database;
use callcore_server::demo;
use callcore_server::script::Workers;
use callcore_server::start::{self, Server};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

mod commands;
mod phone;

/// Routes inbound phone calls to buyers.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file [default: callcore.toml, if there is one].
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays real calls against a server of its own and tells why each went where it went.
    Demo {
        /// Exit when the calls are over; the exit code tells whether all went as told.
        #[arg(long)]
        once: bool,
    },
    /// Calls any TwiML server with a simulated phone and prints what happened.
    Phone(phone::Arguments),
    /// Brings the database up to date and ends. Serving does the same at its start.
    Migrate,
    /// Tenants: each has its own users, campaigns and calls, and sees nobody else's.
    Tenant {
        #[command(subcommand)]
        act: commands::Tenant,
    },
    /// Moves everything from an SQLite file to a Postgres database. Stop the server before.
    Copy(commands::Copy),
}

fn main() -> ExitCode {
    // A worker for custom code confines the whole process, before there are threads.
    let done = if worker::is_requested() { worker::run().map_err(Into::into) } else { begin() };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("callcore-server: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn begin() -> Result<(), Box<dyn std::error::Error>> {
    run(Arguments::parse()).await
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    match arguments.command {
        None => serve(arguments.settings, arguments.config.as_deref()).await,
        Some(Command::Demo { once }) => {
            Ok(demo::run(arguments.settings, once, stop_signal()).await?)
        }
        Some(Command::Phone(call)) => phone::run(call, &arguments.settings).await,
        Some(Command::Migrate) => {
            commands::migrate(arguments.settings, arguments.config.as_deref()).await
        }
        Some(Command::Tenant { act }) => {
            commands::tenant(act, arguments.settings, arguments.config.as_deref()).await
        }
        Some(Command::Copy(copy)) => commands::copy(copy).await,
    }
}

async fn serve(settings: Settings, file: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let config = settings.or_from_file(file)?.check()?;
    let filter = filter(&config.rust_log).map_err(|error| {
        format!("RUST_LOG: a filter such as info or callcore_server=debug is expected: {error}")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let without_token = config.twilio_auth_token.is_none();
    let server = start::bind(config, Workers::starting()).await?;
    greet(&server, without_token).await;
    server.run(stop_signal()).await;
    Ok(())
}

/// Tells a newcomer what to do next.
async fn greet(server: &Server, without_token: bool) {
    let config: &Config = &server.app().config;
    let public_url = config.public_url.as_str().trim_end_matches('/');
    println!("callcore listens on http://{}", server.address());
    println!("  data:     {}", config.database);
    println!("  webhooks: {public_url}/api/webhooks/voice and {public_url}/api/webhooks/status");
    if without_token {
        println!("  TWILIO_AUTH_TOKEN is not set: every webhook is refused until it is.");
    }
    if let Database::Postgres(_) = &config.database {
        println!("  The database is opened as soon as it answers; /readyz says when that is done.");
    } else if matches!(server.app().stores.system.is_set_up().await, Ok(false)) {
        println!("  There is no owner yet. Create one, with a password of your own:");
        println!(
            "    curl -X POST {public_url}/api/auth/setup -H 'Content-Type: application/json' \\"
        );
        println!("      -d '{{\"username\":\"owner\",\"password\":\"…\"}}'");
    }
}

/// Libraries say less than we do, unless somebody asks.
fn filter(log: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("sqlx=warn,{log}"))
}

async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(error) => {
                    tracing::error!(%error, "SIGTERM cannot be listened for");
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            _ = interrupted => {}
            () = terminated => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupted.await;
    }
    tracing::info!("stopping: no new connections, requests that are going on may finish");
}
