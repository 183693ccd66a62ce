//! `wasi:config/store`: the settings of the connection, by lower-case name.

use crate::wasm::guest::{
    Guest,
    bindings::wasi::config::store::{Error, Host},
};

impl Host for Guest {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        Ok(Ok(self.settings.get(&key).cloned()))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        Ok(Ok(self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect()))
    }
}
