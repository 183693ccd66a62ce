//! What the sync does under a seed, as digests: every request in its order, every report, the CRM at the end.
//!
//! A rearrangement of the code keeps all of them; a change of behaviour changes some, and says which and why. Wordings
//! (texts of notes, problems and reports) are left out by the name of their field, so that a text may be mended.

mod crm;
mod digest;
mod events;
mod play;
mod stage;

pub use digest::Trace;
pub use play::record;

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn record_of_one_seed_twice_gives_the_same_line() {
        assert_eq!(record(3).line(3), record(3).line(3));
        assert_ne!(record(3).line(0), record(4).line(0));
    }
}
