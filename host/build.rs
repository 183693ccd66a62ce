//! Embeds the component: `$KASPI_AMOCRM_COMPONENT`, or what `cargo xtask build` left in the target folder, or nothing.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=KASPI_AMOCRM_COMPONENT");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let given = env::var_os("KASPI_AMOCRM_COMPONENT").filter(|path| !path.is_empty()).map(PathBuf::from);
    let component = given.clone().or_else(|| {
        // OUT_DIR is <target>/<profile>/build/<package>/out, with one more level when a target is named.
        out.ancestors()
            .skip(4)
            .take(2)
            .map(|target| target.join("wasm32-wasip2/release/kaspi_amocrm_plugin.wasm"))
            .find(|path| path.exists())
    });
    let bytes = match &component {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", path.display());
            fs::read(path)
                .unwrap_or_else(|error| panic!("cannot read the component {}: {error}", path.display()))
        }
        None => {
            // Looks again once the folder of the component appears.
            if let Some(target) = out.ancestors().nth(4) {
                println!("cargo::rerun-if-changed={}", target.join("wasm32-wasip2/release").display());
            }
            Vec::new()
        }
    };
    fs::write(out.join("component.wasm"), bytes).expect("OUT_DIR can be written");
}
