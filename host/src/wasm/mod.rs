//! Wasmtime: the engine, the compiled component, what it imports, and one call into it. Only this room knows the
//! generated bindings.

mod cache;
mod embedded;
mod engine;
mod guest;
mod imports;
mod plugin;

pub use cache::default_folder as default_cache_folder;
pub use embedded::{EMBEDDED, is_embedded};
pub use guest::{Guest, Limit, Outbound, Sandbox, bindings, bindings::GuestError};
pub use plugin::{CallError, Plugin, PluginError, Question, Slice};
