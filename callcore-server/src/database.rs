//! Which database the server works on.

use std::fmt::{self, Debug, Display, Formatter};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// What `DATABASE_URL` names.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file: the embedded default, for one server.
    Sqlite(PathBuf),
    /// A Postgres database that several servers may share, as the URL that reaches it.
    Postgres(SecretString),
}

impl Database {
    /// Reads `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// A sentence that says what is expected. The URL may hold a password, so it repeats no more of
    /// it than the scheme.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE is \
                                expected, such as sqlite:/var/lib/callcore/callcore.db";
        let scheme = text.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => {
                let path = text.trim_start_matches("sqlite:");
                match path.strip_prefix("//").unwrap_or(path) {
                    "" => Err(format!("{EXPECTED}; there is no path after sqlite:")),
                    path => Ok(Self::Sqlite(PathBuf::from(path))),
                }
            }
            "postgres" | "postgresql" => match Url::parse(text) {
                Ok(url) if url.has_host() => Ok(Self::Postgres(text.to_owned().into())),
                Ok(_) => Err(format!("{EXPECTED}; the URL names no host")),
                Err(error) => Err(format!("{EXPECTED}; the URL does not parse: {error}")),
            },
            _ => Err(format!("{EXPECTED}; the scheme {scheme:?} is not supported")),
        }
    }

    /// The file that is used where nothing is said.
    pub fn embedded(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join("callcore.db"))
    }
}

/// Shown without what signs in.
impl Display for Database {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Sqlite(path) => return write!(f, "{}", path.display()),
            Self::Postgres(url) => Url::parse(url.expose_secret()),
        };
        let Ok(url) = url else { return f.write_str("postgres") };
        write!(f, "postgres://{}", url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())
    }
}

impl Debug for Database {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server() {
        for (text, shown) in [
            ("sqlite:calls.db", "calls.db"),
            ("sqlite:///var/calls.db", "/var/calls.db"),
            ("sqlite:/var/calls.db", "/var/calls.db"),
            (
                "postgres://ann:hunter2@db.example:5433/calls?sslmode=require",
                "postgres://db.example:5433/calls",
            ),
            ("postgresql://ann:hunter2@db.example/calls", "postgres://db.example/calls"),
        ] {
            let database = Database::parse(text).unwrap();
            assert_eq!(database.to_string(), shown);
            assert!(!format!("{database:?}").contains("hunter2"));
        }
    }

    #[test]
    fn what_is_no_database_is_told_without_its_password() {
        for text in [
            "mysql://ann:hunter2@db/calls",
            "sqlite:",
            "postgres:hunter2",
            "postgres://ann:hunter2@:0x/",
            "",
        ] {
            let error = Database::parse(text).unwrap_err();
            assert!(error.starts_with("sqlite:PATH or postgres://"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
