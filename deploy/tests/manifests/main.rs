//! Holds the manifests and the image against what Kubernetes takes and what the program is.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod containerfile;
mod files;
mod pods;
mod schema;
mod settings;
