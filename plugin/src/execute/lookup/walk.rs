//! Walks through a list that falls by id.

/// Pages of one walk at most.
pub(super) const PAGES_MAX: usize = 400;
/// A day, and how far the clocks may differ, in seconds.
pub(super) const DAY_S: i64 = 86_400;

/// Whether ids fall strictly over the pages of a walk. New rows on top push rows onto the next page, so rows that
/// were seen already may repeat there.
pub(super) struct Falling {
    pub(super) is_falling: bool,
    pub(super) lowest: i64,
}

impl Default for Falling {
    fn default() -> Self {
        Self { is_falling: true, lowest: i64::MAX }
    }
}

impl Falling {
    pub(super) fn page(&mut self, ids: impl Iterator<Item = i64>) {
        let mut previous = i64::MAX;
        for id in ids {
            self.is_falling &= id < previous;
            previous = id;
        }
        // The last row of a page below everything before it: the walk goes down.
        self.is_falling &= previous == i64::MAX || previous <= self.lowest;
        self.lowest = self.lowest.min(previous);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_judged_over_pages() {
        let falls = |pages: &[&[i64]]| {
            let mut order = Falling::default();
            pages.iter().for_each(|page| order.page(page.iter().copied()));
            order.is_falling
        };
        assert!(falls(&[&[9, 8, 7], &[6, 5]]));
        assert!(falls(&[&[9, 8, 7], &[8, 7, 6]]), "pushed down by new rows");
        assert!(falls(&[&[]]));
        assert!(!falls(&[&[1, 2, 3]]));
        assert!(!falls(&[&[9, 8, 8]]));
        assert!(!falls(&[&[3, 2, 1], &[6, 5, 4]]));
    }
}
