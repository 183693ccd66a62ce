//! Maps, sets and lists in order, in little code.
//!
//! `collect` sorts before it builds a map, and `sort` brings 3 KB of code into the component for each type of item;
//! together that was a tenth of its size.

use std::collections::BinaryHeap;

/// An iterator whose items go into a map or a set one by one.
pub(crate) trait Gather: Iterator + Sized {
    /// All items.
    fn gather<C: Default + Extend<Self::Item>>(self) -> C {
        let mut all = C::default();
        all.extend(self);
        all
    }
}

impl<I: Iterator> Gather for I {}

/// Puts items in order.
pub(crate) fn sort<T: Ord>(items: &mut Vec<T>) {
    *items = BinaryHeap::from(std::mem::take(items)).into_sorted_vec();
}

/// Puts items in the order of a key; those with the same key stay as they were.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let mut places: Vec<(K, usize)> = items.iter().map(key).zip(0..).collect();
    sort(&mut places);
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(places.into_iter().filter_map(|(_, place)| taken[place].take()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_and_equal_ones_as_they_were() {
        let mut numbers = vec![3, 1, 2, 1];
        sort(&mut numbers);
        assert_eq!(numbers, [1, 1, 2, 3]);
        let mut words = vec!["bb", "a", "cc", "d", "aa", ""];
        sort_by_key(&mut words, |word| word.len());
        assert_eq!(words, ["", "a", "d", "bb", "cc", "aa"]);
    }
}
