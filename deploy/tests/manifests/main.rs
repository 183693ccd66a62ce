//! Holds the manifests and the image against what Kubernetes takes and what the program is.

mod containerfile;
mod files;
mod pods;
mod schema;
mod settings;
