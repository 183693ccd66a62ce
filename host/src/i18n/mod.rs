//! Texts for people in three languages, and how numbers and moments are said in each.

pub(crate) mod format;
pub(crate) mod messages;
pub(crate) mod words;
