//! Compiled code on disk, so that a start takes milliseconds instead of a second.
//!
//! Loading compiled code means running it, so only files are taken that this user wrote into a folder that nobody else
//! can write to. The name is a hash of the component and of everything that shapes the code.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

/// Compiled code that was not used for so long is removed.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 86_400);

/// The user's folder for such files.
pub fn default_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_CACHE_HOME")
        .or_else(|| Some(folder("HOME")?.join(".cache")))
        .map(|path| path.join("kaspi-amocrm"))
}

/// Loads the compiled component, or compiles and stores it. A cache that does not work is only a slower start.
pub(super) fn compile(engine: &Engine, bytes: &[u8], folder: &Path) -> anyhow::Result<Component> {
    let file = folder.join(file_name(engine, bytes));
    match load(engine, folder, &file) {
        Ok(Some(component)) => return Ok(component),
        Ok(None) => {}
        Err(error) => tracing::warn!("compiled code in {} is not used: {error:#}", folder.display()),
    }
    let started = std::time::Instant::now();
    let component = Component::from_binary(engine, bytes)
        .map_err(anyhow::Error::from)
        .context("cannot compile the component")?;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(took_ms, "compiled the component");
    if let Err(error) = save(&component, folder, &file) {
        tracing::debug!("compiled code is not kept: {error:#}");
    }
    Ok(component)
}

fn file_name(engine: &Engine, bytes: &[u8]) -> String {
    let mut shape = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut shape);
    let mut digest = Sha256::new();
    digest.update(bytes);
    digest.update(shape.finish().to_le_bytes());
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.cwasm")
}

fn load(engine: &Engine, folder: &Path, file: &Path) -> anyhow::Result<Option<Component>> {
    if !file.exists() {
        return Ok(None);
    }
    check_private(folder)?;
    check_private(file)?;
    #[expect(unsafe_code, reason = "the file is compiled code that this user wrote, see check_private")]
    let component = unsafe { Component::deserialize_file(engine, file) }.map_err(anyhow::Error::from)?;
    Ok(Some(component))
}

fn save(component: &Component, folder: &Path, file: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    check_private(folder)?;
    let code = component.serialize().map_err(anyhow::Error::from)?;
    // Written under another name first: a reader never sees half a file. Mode 0600 from the beginning.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(&code)?;
    temporary.persist(file)?;
    remove_unused(folder, file)
}

fn remove_unused(folder: &Path, keep: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_code = path.extension().is_some_and(|extension| extension == "cwasm");
        let age = || fs::metadata(&path).ok()?.modified().ok()?.elapsed().ok();
        if is_code && path != keep && age().is_some_and(|age| age > UNUSED_MAX) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn check_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(path)?;
    #[expect(unsafe_code, reason = "geteuid takes nothing, returns a number and cannot fail")]
    let user = unsafe { libc::geteuid() };
    anyhow::ensure!(!metadata.is_symlink(), "{} is a link", path.display());
    anyhow::ensure!(metadata.uid() == user, "{} belongs to another user", path.display());
    anyhow::ensure!(metadata.mode() & 0o077 == 0, "{} is open to other users", path.display());
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> anyhow::Result<()> {
    // The user's cache folder is private to the user there.
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// The smallest component there is.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn compiled_code_is_kept_private_and_used_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cache");
        let engine = Engine::default();
        compile(&engine, EMPTY, &folder).unwrap();
        let file = folder.join(file_name(&engine, EMPTY));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        assert!(load(&engine, &folder, &file).unwrap().is_some());
    }

    #[test]
    fn a_file_or_folder_that_others_can_write_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let engine = Engine::default();
        compile(&engine, EMPTY, folder.path()).unwrap();
        let file = folder.path().join(file_name(&engine, EMPTY));
        for path in [file.as_path(), folder.path()] {
            let private = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
            assert!(load(&engine, folder.path(), &file).is_err(), "{}", path.display());
            compile(&engine, EMPTY, folder.path()).expect("a slower start, no failure");
            fs::set_permissions(path, private).unwrap();
            assert!(load(&engine, folder.path(), &file).unwrap().is_some(), "private again");
        }
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let engine = Engine::default();
        compile(&engine, EMPTY, folder.path()).unwrap();
        let file = folder.path().join(file_name(&engine, EMPTY));
        fs::write(&file, b"damaged").unwrap();
        compile(&engine, EMPTY, folder.path()).unwrap();
        assert!(load(&engine, folder.path(), &file).unwrap().is_some());
    }
}
