//! The component inside this binary, see `build.rs`.

/// The bytes of the component; empty where none was built.
pub static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.wasm"));

/// Whether this binary carries a component.
pub fn is_embedded() -> bool {
    !EMBEDDED.is_empty()
}
