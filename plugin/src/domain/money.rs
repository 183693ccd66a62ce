//! Whole tenge.

use std::fmt;

/// An amount in whole tenge. Kaspi sends floats that are practically whole (docs/apis/kaspi.md 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(i64);

impl Money {
    /// The largest amount that is believed: a price beyond it is a malformed answer.
    const TENGE_MAX: f64 = 1e12;

    /// Rounds an amount to whole tenge; `None` where it is negative, absurd or not a number.
    pub fn from_tenge(amount: f64) -> Option<Self> {
        if !(0.0..=Self::TENGE_MAX).contains(&amount) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
        Some(Self(amount.round() as i64))
    }

    /// Whole tenge that were stored.
    pub fn from_whole(tenge: i64) -> Self {
        Self(tenge)
    }

    /// Whole tenge.
    pub fn tenge(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Money {
    /// `1 234 567 ₸`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.abs().to_string();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        f.write_str(" ₸")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_and_refuses() {
        for (amount, wanted) in [
            (2000.0, Some(2000)),
            (1999.5, Some(2000)),
            (0.0, Some(0)),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(Money::from_tenge(amount).map(Money::tenge), wanted, "{amount}");
        }
    }

    #[test]
    fn reads_in_groups_of_three() {
        for (tenge, wanted) in [(0, "0 ₸"), (999, "999 ₸"), (1000, "1 000 ₸"), (1_234_567, "1 234 567 ₸")]
        {
            assert_eq!(Money(tenge).to_string(), wanted);
        }
    }
}
