//! From nothing to a working connection: the questions, what is proposed, and what a dry run would do.

pub(crate) mod choices;
pub(crate) mod dry_run;
pub(crate) mod setup;
pub(crate) mod stages;
