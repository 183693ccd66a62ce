//! Settings, which say what to do.

use crate::bindings::wasi::config;

/// The value of a setting, empty where there is none.
pub(crate) fn setting(name: &str) -> String {
    config::store::get(name).ok().flatten().unwrap_or_default()
}
