//! Where there is no shell and no user ids no server is started; `Programs::find` offers none.

use anyhow::{Result, bail};

use super::{kind::Kind, programs::Programs};

/// Cannot be had here.
pub(super) enum Throwaway {}

impl Throwaway {
    /// # Errors
    /// Always.
    pub(super) fn start(kind: Kind, _: &Programs) -> Result<(Self, String, String)> {
        bail!("{kind} is started on Unix only")
    }
}
