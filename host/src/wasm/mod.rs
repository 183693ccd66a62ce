//! Wasmtime: the engine, the compiled component, what it imports, and one call into it. Only this room knows the
//! generated functions; the types that they take and answer are in `contract`.

mod cache;
mod call;
mod embedded;
mod engine;
mod guest;
mod imports;
mod plugin;

pub use cache::default_folder as default_cache_folder;
pub use call::{Answer, CallError};
pub use embedded::{EMBEDDED, is_embedded};
pub use guest::{Guest, Limit, Outbound, Sandbox};
pub use plugin::{Plugin, PluginError, Slice};
