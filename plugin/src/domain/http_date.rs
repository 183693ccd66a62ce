//! The `Date` header of HTTP: the one format that servers send.

/// The moment of an HTTP `Date` header, in milliseconds.
pub(crate) fn date_ms(header: &str) -> Option<i64> {
    let mut parts = header.split_ascii_whitespace().skip(1);
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = 1 + ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .iter()
        .position(|month| *month == name)? as i64;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if parts.next()? != "GMT" {
        return None;
    }
    // Days since 1970 of a civil date, by Howard Hinnant's rule.
    let y = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let year_of_era = y.rem_euclid(400);
    let days = y.div_euclid(400) * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
        + day_of_year
        - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::date_ms;

    #[test]
    fn reads_the_servers_clock() {
        for (header, wanted) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 24 Nov 2026 05:27:30 GMT", Some(1_795_498_050_000)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199_000)),
            ("Tue, 24 Nov 2026 05:27:30 +05", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(date_ms(header), wanted, "{header}");
        }
    }
}
