//! What all pages have in common: who looks at them, the frame around them, and what a form must bring along.

pub(crate) mod assets;
pub(crate) mod extract;
pub(crate) mod next;
pub(crate) mod page;
pub(crate) mod parts;
pub(crate) mod visitor;
