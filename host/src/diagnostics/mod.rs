//! What is wrong and what helps, in words for people.

pub(crate) mod class;
pub mod doctor;
#[cfg(test)]
mod doctor_page;
mod failure_texts;
pub mod finding;
mod machine;
