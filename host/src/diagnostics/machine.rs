//! What can be told without asking anybody: settings, files, database, disk.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kaspi_amocrm_contract::MessageId;
use serde_json::json;

use super::finding::{Check, Diagnosis, Finding};
use crate::{
    base::failure::Failure,
    config::{
        DOTENV_FILE, Settings, TOML_FILE,
        secret_key::{self, KeyError},
    },
    store::{self, StoreError},
};

/// Less than this is no room for a night.
const FREE_MB_MIN: u64 = 50;
/// Less than this is soon used up.
const FREE_MB_LOW: u64 = 500;

pub(super) async fn look(settings: &Settings, only: Option<&str>) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    settings_in_order(&mut diagnosis, settings, only);
    files(&mut diagnosis, settings);
    stored(&mut diagnosis, settings).await;
    if let Some(file) = store::file_of(&settings.database_url()) {
        disk(&mut diagnosis, file).await;
    }
    diagnosis
}

fn settings_in_order(diagnosis: &mut Diagnosis, settings: &Settings, only: Option<&str>) {
    diagnosis.checked(None, Check::Settings);
    let wrong = match only {
        Some(name) => settings.connection(name).err().map_or_else(Vec::new, |error| error.findings),
        None => settings.findings(),
    };
    // What is missing for a token is told by its own class, once the component has looked.
    let asked_for = ["KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN"];
    let is_missing = |finding: &crate::config::Finding| {
        finding.problem.id == MessageId::SettingNotSet
            && asked_for.iter().any(|name| finding.name.starts_with(name))
    };
    let wrong = wrong.iter().filter(|finding| !is_missing(finding));
    diagnosis.findings.extend(wrong.map(|finding| Finding::setting("setting_wrong", finding)));
    let doubtful = settings.warnings();
    diagnosis.findings.extend(doubtful.iter().map(|finding| Finding::setting("setting_doubtful", finding)));
}

/// Files with secrets that others can read.
fn files(diagnosis: &mut Diagnosis, settings: &Settings) {
    diagnosis.checked(None, Check::Files);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let own = [DOTENV_FILE, TOML_FILE].map(|file| settings.folder().join(file));
        let key = store::file_of(&settings.database_url()).map(|file| secret_key::beside(&file));
        for file in own.into_iter().chain(key) {
            if fs::metadata(&file).is_ok_and(|metadata| metadata.mode() & 0o007 != 0) {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let detail = json!({"file": file.display().to_string()});
                diagnosis
                    .findings
                    .push(Finding::new(Check::Files, "file_open_to_others", detail).named(name));
            }
        }
    }
}

/// Opens the database as it is, and reads it.
async fn stored(diagnosis: &mut Diagnosis, settings: &Settings) {
    diagnosis.checked(None, Check::Database);
    let url = settings.database_url();
    let file = store::file_of(&url);
    if let Some(file) = &file
        && !file.exists()
    {
        diagnosis.findings.push(Finding::new(Check::Database, "database_new", json!({})));
        return;
    }
    if let Some(file) = &file {
        match store::quick_check(file).await {
            Ok(true) => {}
            Ok(false) => {
                diagnosis.findings.push(Finding::new(Check::Database, "database_damaged", json!({})));
                return;
            }
            Err(error) => return diagnosis.findings.push(database(error)),
        }
    }
    let looked = async {
        let store = store::open(&url).await?;
        if !store.pending_migrations().await?.is_empty() {
            return Err(StoreError::Older);
        }
        for name in settings.connection_names() {
            store.last_runs(name).await?;
        }
        Ok(())
    };
    diagnosis.findings.extend(looked.await.err().map(database));
}

/// Why the database is of no use.
pub(super) fn database(error: StoreError) -> Finding {
    let class = match error {
        StoreError::Older => "schema_old",
        StoreError::Newer(_) | StoreError::NewerGeneration(_) => "schema_newer",
        StoreError::Foreign(_) => "schema_foreign",
        StoreError::Unreachable { .. } => "database_unreachable",
        _ => "database_unusable",
    };
    Finding::told(Check::Database, class, &Failure::from(error).error).named("DATABASE_URL")
}

/// Why there is no key.
pub(super) fn key(error: KeyError) -> Finding {
    Finding::told(Check::Key, "key_missing", &Failure::from(error).error).named("SECRET_KEY")
}

/// Whether there is room, and whether we may use it.
async fn disk(diagnosis: &mut Diagnosis, file: PathBuf) {
    let folder = existing_folder(&file);
    if tempfile::tempfile_in(&folder).is_err() {
        let detail = json!({"folder": folder.display().to_string()});
        diagnosis.findings.push(Finding::new(Check::Disk, "folder_not_writable", detail));
    }
    let free_mb = tokio::task::spawn_blocking(move || free_mb(&folder)).await.ok().flatten();
    // Where nobody can tell, nothing is said.
    let Some(free_mb) = free_mb else { return };
    diagnosis.checked(None, Check::Disk);
    diagnosis.findings.extend(room(free_mb));
}

fn room(free_mb: u64) -> Option<Finding> {
    let class = match free_mb {
        0..FREE_MB_MIN => "disk_full",
        FREE_MB_MIN..FREE_MB_LOW => "disk_low",
        _ => return None,
    };
    Some(Finding::new(Check::Disk, class, json!({"free_mb": free_mb})))
}

/// The folder of a file, or the nearest one above it that is there.
fn existing_folder(file: &Path) -> PathBuf {
    let mut above = file.ancestors().skip(1).filter(|folder| folder.is_dir());
    above.next().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// As the tool of POSIX says; the standard library has no way to ask.
fn free_mb(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    free_of(&text)
}

fn free_of(text: &str) -> Option<u64> {
    let mut from_the_end = text.lines().nth(1)?.split_whitespace().rev();
    // The last columns are: free, used in percent, where it is mounted.
    let free_kb: u64 =
        from_the_end.find(|word| word.ends_with('%')).and(from_the_end.next())?.parse().ok()?;
    Some(free_kb / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_room_is_read_from_the_tool_of_the_system() {
        let text =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sd a 100 40 6144 40% /my disk\n";
        assert_eq!(free_of(text), Some(6));
        assert_eq!(free_of("Filesystem\n"), None);
        let class = |free_mb| room(free_mb).map(|finding| finding.class());
        assert_eq!((class(0), class(49)), (Some("disk_full"), Some("disk_full")));
        assert_eq!((class(50), class(500)), (Some("disk_low"), None));
    }
}
