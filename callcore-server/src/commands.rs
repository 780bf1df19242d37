//! The operator's commands: what they take, and what they print.

use std::error::Error;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;

use callcore_server::config::Settings;
use callcore_server::database::Database;
use callcore_server::operate::{copy, migrate, tenant};
use callcore_server::store;
use indicatif::{ProgressBar, ProgressStyle};

/// What is done with tenants.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Tenant {
    /// Creates a tenant with its owner. The password is asked for, or read as one line from the
    /// standard input.
    Create {
        /// The name that the owner signs in with.
        #[arg(long, value_name = "NAME")]
        owner: String,
    },
}

/// From where to where.
#[derive(Debug, clap::Args)]
pub(crate) struct Copy {
    /// The file: sqlite:PATH.
    #[arg(long, value_name = "URL")]
    from: String,
    /// The database, which must be empty: postgres://….
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    to: String,
}

pub(crate) async fn migrate(settings: Settings, file: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let database = settings.or_from_file(file)?.database()?;
    Ok(migrate::run(&database, &mut io::stdout()).await?)
}

pub(crate) async fn tenant(
    act: Tenant,
    settings: Settings,
    file: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    let Tenant::Create { owner } = act;
    let stores = store::open_now(&settings.or_from_file(file)?.database()?).await?;
    let password = password()?;
    let user = tenant::create(&*stores.system, &owner, &password, chrono::Utc::now()).await?;
    println!("created tenant {} with the owner {:?}", user.tenant, user.username);
    Ok(())
}

/// Passwords are no arguments: everybody on the machine can read those.
fn password() -> io::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("Password: ");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(crate) async fn copy(copy: Copy) -> Result<(), Box<dyn Error>> {
    let from = Database::parse(&copy.from).map_err(|error| format!("--from: {error}"))?;
    let to = Database::parse(&copy.to).map_err(|error| format!("--to: {error}"))?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{wide_bar} {human_pos} of {human_len} rows, {eta} left",
    )?);
    let rows = copy::run(&from, &to, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await?;
    bar.finish_and_clear();
    println!("copied {rows} rows from {from} to {to}");
    Ok(())
}
