//! Where the database is, and how it is used.

use std::fmt;
use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::error::OpenError;

/// The role that every pooled connection works as.
pub(crate) const APPLICATION_ROLE: &str = "callcore_app";

/// Whose clock counts for leases, windows of caps and the sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreClock {
    /// The database's, which all servers share.
    #[default]
    Database,
    /// The instant that each act is given. For tests and simulations, which make their own time:
    /// servers whose clocks differ would break caps.
    Caller,
}

/// Where the database is, and how it is used.
#[derive(Clone)]
pub struct PgOptions {
    pub(crate) connect: PgConnectOptions,
    pub(crate) call_connections: u32,
    pub(crate) api_connections: u32,
    pub(crate) background_connections: u32,
    pub(crate) clock: StoreClock,
    pub(crate) application_role: String,
    pub(crate) patience: u32,
}

impl PgOptions {
    /// Reads the address of a database, such as
    /// `postgres://name:password@host:5432/database?sslmode=require`.
    ///
    /// # Errors
    /// [`OpenError::Address`], which does not repeat the address.
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(OpenError::Address("it starts otherwise".to_owned()));
        }
        let connect = PgConnectOptions::from_str(url)
            .map_err(|error| OpenError::Address(error.to_string()))?
            .application_name("callcore")
            // A logged statement could hold what callers said.
            .disable_statement_logging();
        Ok(Self {
            connect,
            call_connections: 10,
            api_connections: 4,
            background_connections: 2,
            clock: StoreClock::Database,
            application_role: APPLICATION_ROLE.to_owned(),
            patience: 1,
        })
    }

    /// How many connections serve calls, at the most. 10 unless told.
    #[must_use]
    pub fn call_connections(mut self, connections: u32) -> Self {
        self.call_connections = connections.max(1);
        self
    }

    /// How many connections serve the API, at the most. 4 unless told.
    #[must_use]
    pub fn api_connections(mut self, connections: u32) -> Self {
        self.api_connections = connections.max(1);
        self
    }

    /// How many connections serve the work in the background, at the most. 2 unless told. One more
    /// listens for changes.
    #[must_use]
    pub fn background_connections(mut self, connections: u32) -> Self {
        self.background_connections = connections.max(1);
        self
    }

    /// Whose clock counts. The database's unless told.
    #[must_use]
    pub fn clock(mut self, clock: StoreClock) -> Self {
        self.clock = clock;
        self
    }

    /// How many times as long as usual acts wait for connections, statements and locks. For tests,
    /// which put more on a machine than it is made for: callers do not wait longer.
    #[must_use]
    pub fn patience(mut self, times: u32) -> Self {
        self.patience = times.max(1);
        self
    }

    /// The role that the connections work as. For tests, which show with it that the statements keep
    /// tenants apart where row-level security does not.
    #[must_use]
    pub fn application_role(mut self, role: &str) -> Self {
        role.clone_into(&mut self.application_role);
        self
    }
}

impl fmt::Debug for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options of the connection would show the password.
        f.debug_struct("PgOptions")
            .field("host", &self.connect.get_host())
            .field("database", &self.connect.get_database())
            .field("call_connections", &self.call_connections)
            .field("api_connections", &self.api_connections)
            .field("background_connections", &self.background_connections)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_read_and_no_other() {
        assert!(PgOptions::parse("postgres://a@b/c").is_ok());
        assert!(PgOptions::parse("postgresql://a@b/c").is_ok());
        for wrong in ["mysql://a:hunter2@b/c", "a:hunter2@b", "", "postgres://a:hunter2@b:port/c"] {
            let error = PgOptions::parse(wrong).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(matches!(error, OpenError::Address(_)), "{error:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let options = PgOptions::parse("postgres://a:hunter2@b/c").unwrap();
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
