//! Where in the store the component keeps its values.

/// The only bucket there is; hosts of other kinds offer no other without configuration.
pub(crate) const BUCKET: &str = "default";
