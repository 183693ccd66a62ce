//! Looks at what the CRM really holds: before anything is created, and whenever an answer was lost.
//!
//! Leads are looked for in the list ordered by id, which shows them at once; the search may not (docs/apis/amocrm.md
//! 4.2). That something is absent is concluded only from two complete scans, begun after the settling time and half
//! of it apart, on a list that is in order and shows leads that surely exist.

pub(crate) mod contacts;
pub(crate) mod elements;
pub(crate) mod intents;
pub(crate) mod leads;
pub(crate) mod notes;
mod walk;
