//! What `wit-bindgen` makes of `wit/`.

wit_bindgen::generate!({
    world: "kaspi-amocrm:plugin/plugin",
    path: "../wit",
    with: { "kaspi-amocrm:plugin/types@0.2.0": crate::contract::types },
    generate_all,
});
