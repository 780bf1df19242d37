//! `callcore-server phone`: calls any TwiML server and prints what happened.

use std::io::Read;
use std::sync::Arc;

use callcore_server::client::HttpClient;
use callcore_server::config::Settings;
use callcore_twiml::Password;
use callcore_twiml::phone::{Phone, Script};
use clap::Args;

/// The simulated phone: it carries out the TwiML that a server answers, in virtual time, and signs
/// its webhooks like Twilio. The token is TWILIO_AUTH_TOKEN, the account TWILIO_ACCOUNT_SID.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The voice webhook to call.
    #[arg(long)]
    url: String,
    /// What caller and callees do: a file, or - for standard input. Without one the caller listens,
    /// and callees answer.
    #[arg(long, value_name = "FILE")]
    script: Option<String>,
    /// Who calls.
    #[arg(long, default_value = "+14155550100")]
    from: String,
    /// The number that is called.
    #[arg(long, default_value = "+18005550199")]
    to: String,
    /// Where the phone turns when an answer cannot be used.
    #[arg(long, value_name = "URL")]
    fallback_url: Option<String>,
    /// Where the end of the call is told.
    #[arg(long, value_name = "URL")]
    status_callback: Option<String>,
    /// What the ids of the call are made of: another number makes another call.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) async fn run(
    arguments: Arguments,
    settings: &Settings,
) -> Result<(), Box<dyn std::error::Error>> {
    let script: Script = match arguments.script.as_deref() {
        None => Script::new(),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text.parse()?
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("--script: {path} cannot be read: {error}"))?
            .parse()?,
    };
    let token = settings
        .twilio_auth_token
        .clone()
        .ok_or("TWILIO_AUTH_TOKEN: the token that the server checks signatures with is expected")?;
    let mut phone = Phone {
        from: arguments.from,
        to: arguments.to,
        fallback_url: arguments.fallback_url,
        status_callback: arguments.status_callback,
        seed: arguments.seed,
        ..Phone::new(Arc::new(HttpClient::default()), Password::new(token), arguments.url)
    };
    if let Some(account) = &settings.twilio_account_sid {
        phone.account_sid.clone_from(account);
    }
    let report = phone.call(&script).await;
    println!("{report}");
    Ok(())
}
