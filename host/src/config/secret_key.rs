//! The key that seals secrets and personal data in the store: `SECRET_KEY`, or a file beside the SQLite database.
//!
//! The component does the sealing (`plugin/src/seal.rs`); the host only finds the key. It lies beside the database
//! and not in it, so that a copy of the database alone tells nothing.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kaspi_amocrm_contract::rows::KEY_PROOF;

use super::settings::Settings;
use crate::{
    base::bucket::BUCKET,
    store::{Store, StoreError, file_of},
};

const KEY_BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Only SQLite has a folder of its own for a file.
    #[error("SECRET_KEY is not set, and this database has no folder for a key file")]
    Required,
    /// The store was sealed, and the file is gone.
    #[error("the key file {} is missing, and the database is sealed with it", .0.display())]
    Missing(PathBuf),
    /// It holds something else.
    #[error("the key file {} does not hold 32 bytes in base64", .0.display())]
    Malformed(PathBuf),
    /// Others can read it.
    #[error("the key file {} can be read by other users of this machine", .0.display())]
    Open(PathBuf),
    /// It can be neither read nor made.
    #[error("cannot use the key file {}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key of these settings, in base64. A key file is made where there is none yet.
///
/// # Errors
/// When there is no key, or a file that cannot be trusted.
pub async fn of(settings: &Settings, store: &dyn Store) -> Result<String, KeyError> {
    if let Some(key) = settings.process("SECRET_KEY") {
        return Ok(key.to_owned());
    }
    let database = file_of(&settings.database_url()).ok_or(KeyError::Required)?;
    let file = beside(&database);
    match read(&file) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        answer => return answer,
    }
    if !store.get_many(BUCKET, &[KEY_PROOF.to_owned()]).await?.is_empty() {
        return Err(KeyError::Missing(file));
    }
    if make(&file)? {
        tracing::info!(
            file = %file.display(),
            "made a key file: it seals tokens and personal data in the database; keep a copy of it, apart from copies \
             of the database"
        );
    }
    read(&file)
}

/// A key that nobody keeps, for what is not stored either.
pub(crate) fn fresh() -> String {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).expect("the operating system has randomness");
    STANDARD.encode(key)
}

pub(crate) fn beside(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".key");
    database.with_file_name(name)
}

fn read(file: &Path) -> Result<String, KeyError> {
    let failed = |source| KeyError::Io { file: file.to_owned(), source };
    let text = fs::read_to_string(file).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if fs::metadata(file).map_err(failed)?.mode() & 0o077 != 0 {
            return Err(KeyError::Open(file.to_owned()));
        }
    }
    let key = text.trim();
    match STANDARD.decode(key) {
        Ok(bytes) if bytes.len() == KEY_BYTES => Ok(key.to_owned()),
        _ => Err(KeyError::Malformed(file.to_owned())),
    }
}

/// Makes the file, durable and with mode 0600, unless another process was quicker. Answers whether it did.
fn make(file: &Path) -> Result<bool, KeyError> {
    let failed = |source| KeyError::Io { file: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Under another name first: nobody ever reads half a key.
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    writeln!(temporary, "{}", fresh()).map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    match temporary.persist_noclobber(file) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(failed(error.error)),
    }
    // What it seals must not outlive the name of the key.
    #[cfg(unix)]
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::job::Job,
        store::{Change, LeaseAnswer, LeaseRequest, open},
    };

    struct Rig {
        settings: Settings,
        store: std::sync::Arc<dyn Store>,
        folder: tempfile::TempDir,
    }

    impl Rig {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}", folder.path().join("x.sqlite").display());
            let store = open(&url).await.unwrap();
            store.migrate().await.unwrap();
            Self { settings: Settings::from_pairs([("DATABASE_URL", url)]), store, folder }
        }

        async fn key(&self) -> Result<String, KeyError> {
            of(&self.settings, self.store.as_ref()).await
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("x.sqlite.key")
        }
    }

    #[tokio::test]
    async fn a_key_file_is_made_once_and_private() {
        let rig = Rig::new().await;
        let key = rig.key().await.unwrap();
        assert_eq!(STANDARD.decode(&key).unwrap().len(), KEY_BYTES);
        assert_eq!(rig.key().await.unwrap(), key);
        assert!(!make(&rig.file()).unwrap(), "the first one stays");
        assert_eq!(rig.key().await.unwrap(), key);
        assert_ne!(Rig::new().await.key().await.unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, PermissionsExt};
            assert_eq!(fs::metadata(rig.file()).unwrap().mode() & 0o777, 0o600);
            fs::set_permissions(rig.file(), fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(rig.key().await, Err(KeyError::Open(_))));
        }
    }

    #[tokio::test]
    async fn a_lost_key_file_is_not_replaced_by_another() {
        let rig = Rig::new().await;
        rig.key().await.unwrap();
        let request = LeaseRequest {
            connection: "default",
            job: Job::New,
            note_due: true,
            holder: "test",
            ttl_ms: 1_000,
        };
        let LeaseAnswer::Taken(fence) = rig.store.take_lease(request).await.unwrap() else { panic!("free") };
        rig.store.write(&fence, BUCKET, &[Change::Set(KEY_PROOF.to_owned(), vec![1])]).await.unwrap();
        fs::remove_file(rig.file()).unwrap();
        assert!(matches!(rig.key().await, Err(KeyError::Missing(_))));
        assert!(!rig.file().exists());
    }

    #[tokio::test]
    async fn settings_count_more_than_the_file_and_nonsense_is_refused() {
        let rig = Rig::new().await;
        rig.key().await.unwrap();
        fs::write(rig.file(), "not a key").unwrap();
        assert!(matches!(rig.key().await, Err(KeyError::Malformed(_))));
        let set = Settings::from_pairs([("SECRET_KEY", "from the settings")]);
        assert_eq!(of(&set, rig.store.as_ref()).await.unwrap(), "from the settings");
        let other = Settings::from_pairs([("DATABASE_URL", "postgres://u@h/d")]);
        assert!(matches!(of(&other, rig.store.as_ref()).await, Err(KeyError::Required)));
    }
}
