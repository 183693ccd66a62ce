//! Generated from `wit/world.wit`, world `host`.
#![expect(missing_docs, reason = "generated code")]

use crate::base::job::Job;

wasmtime::component::bindgen!({
    path: "../wit",
    world: "host",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:keyvalue/store.bucket": crate::wasm::guest::resources::Bucket,
        "wasi:keyvalue/atomics.cas": crate::wasm::guest::resources::Cas,
    },
});

pub use self::exports::kaspi_amocrm::plugin::sync::{Error as GuestError, Job as GuestJob};

impl From<Job> for GuestJob {
    fn from(job: Job) -> Self {
        match job {
            Job::New => Self::New,
            Job::Reconcile => Self::Reconcile,
        }
    }
}
