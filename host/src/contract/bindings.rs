//! Generated from `wit/world.wit`, world `contract`.
#![expect(missing_docs, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "contract",
    additional_derives: [PartialEq, Eq, Hash, Clone],
});
