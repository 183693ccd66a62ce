//! Days as people name them: of Asia/Almaty, which is UTC+5 all year.

use std::{fmt, str::FromStr};

use kaspi_amocrm_contract::calendar;

use super::failure::{Exit, Failure, Text};

/// How far its clocks are ahead of UTC.
const OFFSET_MS: i64 = 5 * 3_600_000;
/// One day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A day of Almaty, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

/// What is said of a text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such day; write YYYY-MM-DD / такого дня нет; пишите ГГГГ-ММ-ДД")]
pub(crate) struct NoDay;

impl Day {
    /// The day in which a moment falls.
    pub(crate) fn of(moment_ms: i64) -> Self {
        Self((moment_ms + OFFSET_MS).div_euclid(DAY_MS))
    }

    /// By Howard Hinnant's civil-to-days rule.
    fn from_civil(year: i64, month: i64, day: i64) -> Self {
        let year = year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (month + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day of the month.
    pub(crate) fn civil(self) -> (i64, i64, i64) {
        calendar::civil(self.0)
    }

    /// Its first millisecond.
    pub(crate) fn begins_ms(self) -> i64 {
        self.0 * DAY_MS - OFFSET_MS
    }

    /// The day before it.
    pub(crate) fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// How many days it is after another one; negative where it is before it.
    pub(crate) fn after(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

/// Hour and minute of a moment on the clocks of Almaty.
pub(crate) fn hour_and_minute(moment_ms: i64) -> (i64, i64) {
    let of_day_ms = (moment_ms + OFFSET_MS).rem_euclid(DAY_MS);
    (of_day_ms / 3_600_000, of_day_ms / 60_000 % 60)
}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        let number = |part: Option<&str>, digits: usize| {
            let part = part.filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()));
            part.and_then(|part| part.parse::<i64>().ok()).ok_or(NoDay)
        };
        let mut parts = text.trim().split('-');
        let civil = (number(parts.next(), 4)?, number(parts.next(), 2)?, number(parts.next(), 2)?);
        if parts.next().is_some() || !(1..=12).contains(&civil.1) {
            return Err(NoDay);
        }
        let day = Self::from_civil(civil.0, civil.1, civil.2);
        // The 30th of February comes back as a day of March.
        if day.0 >= 0 && day.civil() == civil { Ok(day) } else { Err(NoDay) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// From when to when orders were made, milliseconds since 1970, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub from_ms: i64,
    /// The last one.
    pub to_ms: i64,
}

/// All of the days from one to another, both included.
///
/// # Errors
/// When the first comes after the last, or the last has not come yet.
pub(crate) fn range(from: Day, to: Day, today: Day) -> Result<Range, Failure> {
    let refused = |error, hint| Err(Failure { exit: Exit::Usage, error, hint });
    if from > to {
        return refused(
            Text::new(format!("{from} comes after {to}"), format!("{from} позже, чем {to}")),
            Text::new("name the earlier day first", "первым укажите более ранний день"),
        );
    }
    if to > today {
        return refused(
            Text::new(format!("{to} has not come yet"), format!("день {to} ещё не наступил")),
            Text::new(
                format!("the last day can be today, {today} in Almaty"),
                format!("последний возможный день: сегодня, {today} в Алматы"),
            ),
        );
    }
    Ok(Range { from_ms: from.begins_ms(), to_ms: Day(to.0 + 1).begins_ms() - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_read_and_written() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-24", "2000-02-29", "9999-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
        assert_eq!(day(" 2026-11-24 "), Day::of(1_795_546_799_999));
        assert_eq!(day("2026-11-25"), Day::of(1_795_546_800_000));
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-11-24-1",
            "26-11-24",
            "2026-1-4",
            "24.11.2026",
            "2026-02-30",
            "2025-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-11-00",
            "2026-11-31",
            "1969-12-31",
            "2026-11-2x",
            "+026-11-24",
        ] {
            assert_eq!(text.parse::<Day>(), Err(NoDay), "{text}");
        }
    }

    #[test]
    fn hours_are_those_of_almaty() {
        assert_eq!(hour_and_minute(1_795_498_051_000), (10, 27));
        assert_eq!(hour_and_minute(-1), (4, 59));
    }

    #[test]
    fn a_range_holds_its_first_and_its_last_day() {
        let today = day("2026-11-25");
        let one = range(day("2026-11-24"), day("2026-11-24"), today).unwrap();
        assert_eq!((one.from_ms, one.to_ms), (1_795_460_400_000, 1_795_546_799_999));
        let two = range(day("2026-11-24"), today, today).unwrap();
        assert_eq!((two.from_ms, two.to_ms - one.to_ms), (one.from_ms, DAY_MS));
    }

    #[test]
    fn a_range_that_cannot_be_is_wrong_usage() {
        let today = day("2026-11-25");
        for (from, to, said) in [
            ("2026-11-24", "2026-11-23", "2026-11-24 comes after 2026-11-23"),
            ("2026-11-24", "2026-11-26", "2026-11-26 has not come yet"),
        ] {
            let failure = range(day(from), day(to), today).unwrap_err();
            assert_eq!((failure.exit.code(), failure.error.en.as_str()), (2, said));
            assert!(failure.to_string().contains("день"), "{failure}");
        }
    }
}
