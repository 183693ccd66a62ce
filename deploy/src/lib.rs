//! How the program is put into a container image (`Containerfile`) and run on Kubernetes (`kubernetes/`).
//!
//! There is no code here. The tests hold the manifests against the types of the Kubernetes API, the list of all
//! settings, and what the program serves; `docs/operations.md` says how they are applied.
