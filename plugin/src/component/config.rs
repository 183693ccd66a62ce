//! Settings over `wasi:config`.

use super::bindings::wasi::config::store;
use crate::ports::Config;

/// The settings that the host gives this component.
pub(super) struct WasiConfig;

impl Config for WasiConfig {
    fn get(&self, name: &str) -> Result<Option<String>, String> {
        store::get(name).map_err(|error| match error {
            store::Error::Upstream(why) | store::Error::Io(why) => why,
        })
    }
}
