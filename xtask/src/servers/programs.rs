//! The programs of a server, as they are installed or can be.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::kind::Kind;
use crate::packages;

/// Debian keeps the programs of each major version in a folder of its own, which is not in the search path.
const POSTGRESQL_VERSIONS: &str = "/usr/lib/postgresql";

/// Not in the search path of every user.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

/// What it takes to start a server that is asked afterwards whether it is there.
pub(super) struct Programs {
    /// Makes an empty data folder.
    pub(super) init: PathBuf,
    /// Serves it.
    pub(super) server: PathBuf,
}

impl Programs {
    /// Those of the newest version that is installed; what stands in the search path goes first.
    pub(super) fn find(kind: Kind) -> Option<Self> {
        if cfg!(not(unix)) {
            return None;
        }
        client(kind)?;
        match kind {
            // Of one folder: each version serves only its own data.
            Kind::PostgreSql => folders(kind).into_iter().find_map(|folder| {
                let (init, server) = (folder.join("initdb"), folder.join("postgres"));
                (init.is_file() && server.is_file()).then_some(Self { init, server })
            }),
            // MySQL has neither of the first two.
            Kind::MariaDb => Some(Self {
                init: program(kind, &["mariadb-install-db", "mysql_install_db"])?,
                server: program(kind, &["mariadbd", "mysqld"])?,
            }),
        }
    }
}

/// The client of a server.
pub(super) fn client(kind: Kind) -> Option<PathBuf> {
    match kind {
        Kind::PostgreSql => program(kind, &["psql"]),
        Kind::MariaDb => program(kind, &["mariadb", "mysql"]),
    }
}

/// Installs the server where apt-get can.
///
/// # Errors
/// When there is no apt-get, it may not install, or it fails.
pub(super) fn install(kind: Kind) -> Result<()> {
    packages::install(&[match kind {
        Kind::PostgreSql => "postgresql",
        Kind::MariaDb => "mariadb-server",
    }])
}

/// The first of these names that there is, in any folder.
fn program(kind: Kind, names: &[&str]) -> Option<PathBuf> {
    packages::first_of(names, &folders(kind))
}

fn folders(kind: Kind) -> Vec<PathBuf> {
    let mut folders = packages::search_path();
    folders.extend(SYSTEM_FOLDERS.map(PathBuf::from));
    if kind == Kind::PostgreSql {
        let versions = fs::read_dir(POSTGRESQL_VERSIONS).into_iter().flatten().flatten();
        let names = versions.filter_map(|version| version.file_name().into_string().ok()).collect();
        let folder = |name| Path::new(POSTGRESQL_VERSIONS).join(name).join("bin");
        folders.extend(newest_first(names).into_iter().map(folder));
    }
    folders
}

/// Names that are versions, by their numbers.
fn newest_first(names: Vec<String>) -> Vec<String> {
    let mut versions: Vec<(Vec<u32>, String)> = names
        .into_iter()
        .filter_map(|name| Some((name.split('.').map(str::parse).collect::<Result<_, _>>().ok()?, name)))
        .collect();
    versions.sort_by_key(|(numbers, _)| Reverse(numbers.clone()));
    versions.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::newest_first;

    #[test]
    fn versions_are_sorted_as_numbers() {
        let names = ["9.6", "15", "lost+found", "9.10", "100", "17"].map(str::to_owned).to_vec();
        assert_eq!(newest_first(names), ["100", "17", "15", "9.10", "9.6"]);
    }
}
