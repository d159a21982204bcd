//! Times for people.

/// Appends a time as RFC 3339 in UTC, `2026-11-21T10:00:00.123456789Z`. The fraction has no digits, 3, 6 or 9: as many as the time needs.
pub fn push_rfc3339(out: &mut Vec<u8>, unix_nano: u64) {
    const SECOND: u64 = 1_000_000_000;
    let (seconds, nanos) = (unix_nano / SECOND, unix_nano % SECOND);
    let (year, month, day) = civil(seconds / 86_400);
    let clock = seconds % 86_400;
    push_digits(out, year, 4);
    for (mark, value) in [(b'-', month), (b'-', day), (b'T', clock / 3600), (b':', clock / 60 % 60), (b':', clock % 60)] {
        out.push(mark);
        push_digits(out, value, 2);
    }
    if nanos != 0 {
        out.push(b'.');
        match (nanos % 1_000_000, nanos % 1000) {
            (0, _) => push_digits(out, nanos / 1_000_000, 3),
            (_, 0) => push_digits(out, nanos / 1000, 6),
            _ => push_digits(out, nanos, 9),
        }
    }
    out.push(b'Z');
}

fn push_digits(out: &mut Vec<u8>, mut value: u64, digits: usize) {
    let from = out.len();
    out.resize(from + digits, b'0');
    for byte in out.iter_mut().skip(from).rev() {
        *byte = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// The date of a day since 1970-01-01 in the proleptic Gregorian calendar, by eras of 400 years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(unix_nano: u64) -> String {
        let mut out = Vec::new();
        push_rfc3339(&mut out, unix_nano);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_at_the_edges() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(951_782_400 * 1_000_000_000), "2000-02-29T00:00:00Z");
        assert_eq!(text(951_868_799_999_999_999), "2000-02-29T23:59:59.999999999Z");
        assert_eq!(text(4_107_542_400_000_000_000 - 1_000), "2100-02-28T23:59:59.999999Z");
        assert_eq!(text(4_107_542_400_010_000_000), "2100-03-01T00:00:00.010Z");
        assert_eq!(text(u64::MAX), "2554-07-21T23:34:33.709551615Z");
    }
}
