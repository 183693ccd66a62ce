//! Calendar days of the merchant: Asia/Almaty, UTC+5 all year since March 2024 (docs/apis/kaspi.md 1.5).

use std::fmt;

use kaspi_amocrm_contract::calendar;

/// Offset of Asia/Almaty.
pub(crate) const OFFSET_MS: i64 = 5 * 3_600_000;
/// Length of a day.
pub const DAY_MS: i64 = 86_400_000;

/// A day in Almaty, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// The day in which a moment falls.
    pub fn of(moment_ms: i64) -> Self {
        Self((moment_ms + OFFSET_MS).div_euclid(DAY_MS))
    }

    /// The day of a stored number.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number that is stored.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The first millisecond of the day.
    pub fn begin_ms(self) -> i64 {
        self.0 * DAY_MS - OFFSET_MS
    }

    /// The last one.
    pub fn end_ms(self) -> i64 {
        self.begin_ms() + DAY_MS - 1
    }

    /// So many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Year, month and day of the month.
    pub fn civil(self) -> (i64, i64, i64) {
        calendar::civil(self.0)
    }
}

impl fmt::Display for Day {
    /// `24.11.2026`, as people write it in Kazakhstan.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{day:02}.{month:02}.{year}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_almaty() {
        for (moment_ms, wanted) in [
            (0, "01.01.1970"),
            (1_795_546_799_999, "24.11.2026"),
            (1_795_546_800_000, "25.11.2026"),
            (1_709_146_800_000, "29.02.2024"),
            (1_709_233_200_000, "01.03.2024"),
        ] {
            assert_eq!(Day::of(moment_ms).to_string(), wanted, "{moment_ms}");
        }
    }
}
