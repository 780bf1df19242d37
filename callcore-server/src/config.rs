//! Configuration: flags, then the environment, then `callcore.toml`, then defaults. A wrong value
//! stops the start and says its name and what is expected; secrets are never printed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::database::Database;
use crate::twilio::API_URL;

const SHARED_SECRET: &str = "with Postgres a secret of 32 bytes or more is expected, the same for all \
                             servers; `openssl rand -base64 32` makes one";

/// The settings as they are written, each a flag, a variable and a key of `callcore.toml`.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the data is: `sqlite:PATH` or `postgres://…`, which several servers may share
    /// [default: `callcore.db` in the data directory].
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where files are kept [default: ./callcore-data].
    #[arg(long, env = "DATA_DIR", value_name = "PATH")]
    pub data_dir: Option<String>,
    /// The URL under which the carrier reaches this server; signatures are checked against it
    /// [default: http:// and the listening address].
    #[arg(long, env = "PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The account at Twilio; webhooks of other accounts are refused.
    #[arg(long, env = "TWILIO_ACCOUNT_SID", value_name = "SID")]
    pub twilio_account_sid: Option<String>,
    /// The account's auth token; without it every webhook is refused.
    #[arg(long, env = "TWILIO_AUTH_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub twilio_auth_token: Option<String>,
    /// Where Twilio's REST API is: https, or http for development [default: Twilio's own].
    #[arg(long, env = "TWILIO_API_URL", value_name = "URL")]
    pub twilio_api_url: Option<String>,
    /// Protects session tokens, 32 bytes or more [default: with SQLite made once and kept in the
    /// data directory; with Postgres it is required, the same for all servers].
    #[arg(long, env = "SESSION_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub session_secret: Option<String>,
    /// Seals secrets at rest, 32 bytes or more [default: with SQLite made once and kept in the data
    /// directory; with Postgres none, and secrets cannot be saved].
    #[arg(long, env = "ENCRYPTION_KEY", hide_env_values = true, value_name = "KEY")]
    pub encryption_key: Option<String>,
    /// Whether URLs that tenants configure may reach private addresses and any port, for
    /// development: true, false, 1 or 0 [default: false].
    #[arg(long, env = "ALLOW_PRIVATE_TARGETS", value_name = "BOOLEAN")]
    pub allow_private_targets: Option<String>,
    /// What is logged, such as `info` or `callcore_server=debug` [default: info].
    #[arg(long, env = "RUST_LOG", value_name = "FILTER")]
    pub rust_log: Option<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Settings(…)")
    }
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// The URL under which the carrier reaches this server, without a slash at the end.
    pub public_url: Url,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The account at Twilio.
    pub twilio_account_sid: Option<String>,
    /// The account's auth token.
    pub twilio_auth_token: Option<SecretString>,
    /// Where Twilio's REST API is.
    pub twilio_api_url: Url,
    /// Protects session tokens.
    pub session_secret: SecretString,
    /// Seals secrets at rest; without it none can be stored.
    pub encryption_key: Option<SecretString>,
    /// Whether URLs that tenants configure may reach private addresses.
    pub allow_private_targets: bool,
    /// What is logged.
    pub rust_log: String,
}

/// A setting cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not what is expected.
    #[error("{name}: {expected}")]
    Setting {
        /// The setting, as the environment has it.
        name: &'static str,
        /// What is expected.
        expected: String,
    },
    /// The file cannot be read or has an unknown key.
    #[error("{path}: {problem}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn wrong(name: &'static str, expected: impl Into<String>) -> ConfigError {
    ConfigError::Setting { name, expected: expected.into() }
}

impl Settings {
    /// What stands here, and from the file what does not.
    ///
    /// # Errors
    /// [`ConfigError::File`] where the file is not TOML or has an unknown key. A missing file is
    /// an error only where it was named.
    pub fn or_from_file(self, named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new("callcore.toml"));
        let failed =
            |problem: String| ConfigError::File { path: path.display().to_string(), problem };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(self);
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        // The parser's own message shows the line, and with it perhaps a secret.
        let file: Self =
            toml::from_str(&text).map_err(|error| failed(error.message().to_owned()))?;
        Ok(Self {
            database_url: self.database_url.or(file.database_url),
            data_dir: self.data_dir.or(file.data_dir),
            public_url: self.public_url.or(file.public_url),
            listen: self.listen.or(file.listen),
            twilio_account_sid: self.twilio_account_sid.or(file.twilio_account_sid),
            twilio_auth_token: self.twilio_auth_token.or(file.twilio_auth_token),
            twilio_api_url: self.twilio_api_url.or(file.twilio_api_url),
            session_secret: self.session_secret.or(file.session_secret),
            encryption_key: self.encryption_key.or(file.encryption_key),
            allow_private_targets: self.allow_private_targets.or(file.allow_private_targets),
            rust_log: self.rust_log.or(file.rust_log),
        })
    }

    /// The database alone, for commands that need nothing else.
    ///
    /// # Errors
    /// [`ConfigError::Setting`].
    pub fn database(self) -> Result<Database, ConfigError> {
        database(self.database_url.as_deref(), &data_dir(self.data_dir))
    }

    /// Checks every setting and makes the secrets that are absent.
    ///
    /// # Errors
    /// [`ConfigError::Setting`] for the first setting that cannot be used.
    pub fn check(self) -> Result<Config, ConfigError> {
        let data_dir = data_dir(self.data_dir);
        let listen = self.listen.unwrap_or_else(|| "127.0.0.1:8080".into());
        let listen: SocketAddr = listen.parse().map_err(|_| {
            wrong("LISTEN", format!("an address and a port such as 127.0.0.1:8080, not {listen:?}"))
        })?;
        let public_url = match self.public_url {
            Some(text) => absolute_url("PUBLIC_URL", &text)?,
            None => absolute_url("PUBLIC_URL", &format!("http://{listen}"))?,
        };
        let database = database(self.database_url.as_deref(), &data_dir)?;
        let session_secret = long_enough("SESSION_SECRET", self.session_secret)?;
        let encryption_key = long_enough("ENCRYPTION_KEY", self.encryption_key)?;
        let (session_secret, encryption_key) = match &database {
            Database::Sqlite(_) => (
                kept_secret("SESSION_SECRET", session_secret, &data_dir, "session-secret")?,
                Some(kept_secret("ENCRYPTION_KEY", encryption_key, &data_dir, "encryption-key")?),
            ),
            // A secret that each server makes for itself would sign people out at every other one.
            Database::Postgres(_) => {
                let missing = || wrong("SESSION_SECRET", SHARED_SECRET);
                (session_secret.ok_or_else(missing)?, encryption_key)
            }
        };
        Ok(Config {
            database,
            data_dir,
            public_url,
            listen,
            twilio_account_sid: self.twilio_account_sid.filter(|sid| !sid.is_empty()),
            twilio_auth_token: self
                .twilio_auth_token
                .filter(|token| !token.is_empty())
                .map(Into::into),
            twilio_api_url: absolute_url(
                "TWILIO_API_URL",
                self.twilio_api_url.as_deref().filter(|url| !url.is_empty()).unwrap_or(API_URL),
            )?,
            session_secret,
            encryption_key,
            allow_private_targets: boolean(
                "ALLOW_PRIVATE_TARGETS",
                self.allow_private_targets.as_deref(),
            )?,
            rust_log: self.rust_log.unwrap_or_else(|| "info".into()),
        })
    }
}

fn data_dir(given: Option<String>) -> PathBuf {
    PathBuf::from(given.unwrap_or_else(|| "./callcore-data".into()))
}

fn database(url: Option<&str>, data_dir: &Path) -> Result<Database, ConfigError> {
    match url.filter(|url| !url.is_empty()) {
        Some(url) => Database::parse(url).map_err(|error| wrong("DATABASE_URL", error)),
        None => Ok(Database::embedded(data_dir)),
    }
}

fn boolean(name: &'static str, text: Option<&str>) -> Result<bool, ConfigError> {
    match text {
        None | Some("" | "false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(wrong(name, format!("true, false, 1 or 0 is expected, not {other:?}"))),
    }
}

fn absolute_url(name: &'static str, text: &str) -> Result<Url, ConfigError> {
    let expected = "an absolute http or https URL without query such as https://calls.example.com";
    let refused = || wrong(name, format!("{expected}, not {text:?}"));
    let url = Url::parse(text).map_err(|_| refused())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let reachable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if reachable && plain { Ok(url) } else { Err(refused()) }
}

/// A secret that is given, if it can be used.
fn long_enough(
    name: &'static str,
    given: Option<String>,
) -> Result<Option<SecretString>, ConfigError> {
    match given.filter(|secret| !secret.is_empty()) {
        Some(secret) if secret.len() < 32 => Err(wrong(name, "32 bytes or more are expected")),
        given => Ok(given.map(Into::into)),
    }
}

/// The secret that was given, the one that was made at an earlier start, or a new one.
fn kept_secret(
    name: &'static str,
    given: Option<SecretString>,
    data_dir: &Path,
    file: &str,
) -> Result<SecretString, ConfigError> {
    if let Some(secret) = given {
        return Ok(secret);
    }
    let path = data_dir.join(file);
    let failed = |error: std::io::Error| {
        wrong(name, format!("{} cannot be kept: {error}; set {name} or DATA_DIR", path.display()))
    };
    match std::fs::read_to_string(&path) {
        Ok(secret) if secret.trim().len() >= 32 => Ok(secret.trim().into()),
        Ok(_) => Err(wrong(
            name,
            format!("{} is too short; delete it to make a new one", path.display()),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = crate::secrets::random_token();
            std::fs::create_dir_all(data_dir).map_err(failed)?;
            write_private(&path, &secret).map_err(failed)?;
            Ok(secret.into())
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;

    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(dir: &Path) -> Settings {
        Settings { data_dir: Some(dir.display().to_string()), ..Settings::default() }
    }

    #[test]
    fn defaults_need_nothing_and_secrets_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let config = settings(dir.path()).check().unwrap();
        assert_eq!(
            config.database.to_string(),
            dir.path().join("callcore.db").display().to_string()
        );
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080/");
        assert_eq!(config.twilio_api_url.as_str(), "https://api.twilio.com/");
        let again = settings(dir.path()).check().unwrap();
        use secrecy::ExposeSecret;
        assert_eq!(config.session_secret.expose_secret(), again.session_secret.expose_secret());
        let encryption_key = config.encryption_key.unwrap();
        assert_ne!(config.session_secret.expose_secret(), encryption_key.expose_secret());
    }

    #[test]
    fn servers_that_share_a_database_share_a_given_secret() {
        let dir = tempfile::tempdir().unwrap();
        let shared = Settings {
            database_url: Some("postgres://ann@db.example/calls".into()),
            ..settings(dir.path())
        };
        let message = shared.clone().check().unwrap_err().to_string();
        assert!(message.starts_with("SESSION_SECRET: with Postgres"), "{message}");
        let session_secret = Some("s".repeat(32));
        let config = Settings { session_secret, ..shared }.check().unwrap();
        assert!(config.encryption_key.is_none());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is kept here");
    }

    #[test]
    fn each_wrong_value_is_named_with_what_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        let some = |text: &str| Some(text.to_owned());
        let table = [
            (Settings { listen: some("8080"), ..settings(dir.path()) }, "LISTEN"),
            (
                Settings { public_url: some("calls.example.com"), ..settings(dir.path()) },
                "PUBLIC_URL",
            ),
            (Settings { public_url: some("ftp://x"), ..settings(dir.path()) }, "PUBLIC_URL"),
            (
                Settings { twilio_api_url: some("api.twilio.com"), ..settings(dir.path()) },
                "TWILIO_API_URL",
            ),
            (
                Settings { session_secret: some("hunter2"), ..settings(dir.path()) },
                "SESSION_SECRET",
            ),
            (
                Settings { encryption_key: some("hunter2"), ..settings(dir.path()) },
                "ENCRYPTION_KEY",
            ),
            (
                Settings { database_url: some("mysql://a:hunter2@b"), ..settings(dir.path()) },
                "DATABASE_URL",
            ),
        ];
        for (settings, name) in table {
            let message = settings.check().unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn the_file_fills_in_and_refuses_unknown_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("callcore.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:9\"\npublic_url = \"https://file.example\"\n")
            .unwrap();
        let flags = Settings { listen: Some("127.0.0.1:8".into()), ..Settings::default() };
        let merged = flags.clone().or_from_file(Some(&path)).unwrap();
        assert_eq!(merged.listen.as_deref(), Some("127.0.0.1:8"));
        assert_eq!(merged.public_url.as_deref(), Some("https://file.example"));
        std::fs::write(&path, "listne = \"x\"\n").unwrap();
        assert!(flags.or_from_file(Some(&path)).unwrap_err().to_string().contains("listne"));
    }
}
