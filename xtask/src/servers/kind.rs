//! Which servers there are.

use std::fmt;

/// The servers that the store can be kept on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// PostgreSQL.
    PostgreSql,
    /// MariaDB.
    MariaDb,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::PostgreSql, Self::MariaDb];

    /// The tests take a URL, or `absent`, from here.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::PostgreSql => "KASPI_AMOCRM_TEST_POSTGRES",
            Self::MariaDb => "KASPI_AMOCRM_TEST_MARIADB",
        }
    }

    /// Of the user who may do everything and has no password, as a server for development is commonly set up.
    pub(super) fn url(self, port: u16) -> String {
        match self {
            Self::PostgreSql => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Self::MariaDb => format!("mysql://root@127.0.0.1:{port}/mysql"),
        }
    }

    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::PostgreSql => 5432,
            Self::MariaDb => 3306,
        }
    }

    /// MySQL listens where MariaDB does and is another server.
    pub(super) fn is_own(self, version: &str) -> bool {
        self == Self::PostgreSql || version.contains("MariaDB")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostgreSql => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        })
    }
}
