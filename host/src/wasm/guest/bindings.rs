//! Generated from `wit/world.wit`, world `host`.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "host",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "kaspi-amocrm:plugin/types": crate::contract::types,
        "wasi:keyvalue/store.bucket": crate::wasm::guest::resources::Bucket,
        "wasi:keyvalue/atomics.cas": crate::wasm::guest::resources::Cas,
    },
});
