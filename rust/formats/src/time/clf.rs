//! The time of the Common Log Format, `21/Nov/2026:10:40:59 +0000`, which each line of a web server's log has.

use super::civil::{DAY_S, days_from_civil, month_len, month_of};

/// Its length.
pub(super) const LEN: usize = 26;
const NANOS: u64 = 1_000_000_000;

/// Nanoseconds since the epoch; `None` for what is no such time, and for what is rare: leap seconds and times before 1970 or after 2262.
#[inline]
pub(super) fn clf(text: &[u8; LEN]) -> Option<u64> {
    let [d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', h1, h2, b':', n1, n2, b':', s1, s2, b' ', sign, z1, z2, z3, z4] = *text
    else {
        return None;
    };
    let month = month_of([m1, m2, m3])?;
    let (day, year) = (two(d1, d2)?, two(y1, y2)? * 100 + two(y3, y4)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    let (zone_hour, zone_minute) = (two(z1, z2)?, two(z3, z4)?);
    let in_range =
        (1..=month_len(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60 && zone_hour < 24 && zone_minute < 60;
    if !in_range || !(1971..2262).contains(&year) {
        return None;
    }
    let offset = i64::from(zone_hour * 3600 + zone_minute * 60);
    let offset = match sign {
        b'+' => offset,
        b'-' => -offset,
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * DAY_S + i64::from(hour * 3600 + minute * 60 + second) - offset;
    u64::try_from(seconds).ok().map(|seconds| seconds * NANOS)
}

#[inline(always)]
fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{Context, TimePattern};

    /// The same pattern but for a part that reads nothing, so that it takes the general way.
    fn general(text: &str) -> Option<u64> {
        let pattern = TimePattern::compile("x%d/%b/%Y:%H:%M:%S %z").unwrap();
        pattern.prefix(format!("x{text}").as_bytes(), &Context::default()).ok()?.0
    }

    proptest! {
        #[test]
        fn it_reads_as_the_general_way_does(
            day in 0u32..34, month in "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Foo)", year in 1969u32..2264,
            hour in 0u32..26, minute in 0u32..62, second in 0u32..62, sign in "[-+ ]", zone_hour in 0u32..26, zone_minute in 0u32..62,
        ) {
            let text = format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} {sign}{zone_hour:02}{zone_minute:02}");
            let pattern = TimePattern::compile("%d/%b/%Y:%H:%M:%S %z").unwrap();
            let found = pattern.prefix(text.as_bytes(), &Context::default()).ok();
            prop_assert_eq!(found.and_then(|(time, _)| time), general(&text));
            if let Some(time) = clf(text.as_bytes().first_chunk().unwrap()) {
                prop_assert_eq!(Some(time), general(&text));
                prop_assert_eq!(found.map(|(_, len)| len), Some(LEN));
            }
        }

        #[test]
        fn no_bytes_are_too_strange(text in proptest::array::uniform26(any::<u8>())) {
            let _ = clf(&text);
        }
    }

    #[test]
    fn a_usual_line_takes_the_short_way() {
        assert_eq!(clf(b"21/Nov/2026:10:40:59 +0100"), general("21/Nov/2026:10:40:59 +0100"));
        assert_eq!(clf(b"29/Feb/2024:00:00:00 -0330"), general("29/Feb/2024:00:00:00 -0330"));
        assert!(clf(b"21/Nov/2026:10:40:59 +0100").is_some());
    }
}
