//! Maps and sets from iterators, without sorting first.

/// An iterator whose items go into a map or a set one by one.
///
/// `collect` sorts before it builds a map, and brings 3 KB of sorting code into the component for each type of entry;
/// together that was a tenth of its size.
pub(crate) trait Gather: Iterator + Sized {
    /// All items.
    fn gather<C: Default + Extend<Self::Item>>(self) -> C {
        let mut all = C::default();
        all.extend(self);
        all
    }
}

impl<I: Iterator> Gather for I {}
