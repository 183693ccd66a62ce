//! Settings as the host knows them.

/// Settings by lower-case name.
pub trait Config {
    /// The value, or `None` where nothing is set.
    ///
    /// # Errors
    /// When the host cannot answer; the text says why.
    fn get(&self, name: &str) -> Result<Option<String>, String>;
}
