//! What `wit-bindgen` makes of `wit/`.

wit_bindgen::generate!({ world: "plugin", path: "../wit", generate_all });
