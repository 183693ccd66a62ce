//! The migrations, embedded.
//!
//! One statement each and safe to repeat: a migration that failed half-way is simply run again. An applied migration
//! is history and is never edited.

macro_rules! migrations {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../migrations/", $folder, "/", $name, ".sql")))),*]
    };
}

/// For SQLite: file name without ending, and its one statement.
pub static SQLITE: &[(&str, &str)] = migrations!("sqlite":
    "0001_kv"
    "0002_leases"
    "0003_due_jobs"
    "0004_tickets"
    "0005_runs"
    "0006_runs_started"
);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded_in_order() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(".sql").expect("only .sql files").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, SQLITE.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}
