//! Moments as reports write them.

use super::day::Day;

/// RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(moment_ms: i64) -> String {
    let seconds = moment_ms.div_euclid(1_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = Day::from_number(days).civil();
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_498_050_999), "2026-11-24T05:27:30Z");
    }
}
