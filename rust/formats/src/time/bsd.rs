//! Times as BSD syslog and its kin write them.

use super::{
    Civil, Context, TimeError, Zone,
    civil::{DAY_S, civil_from_days, month_len, month_of, nanos},
    days_from_civil,
    iso::fraction,
    zone,
};

/// How far behind the arrival a time without a year may lie: a clock that is fast, or a zone that is not the one assumed.
pub(super) const AHEAD_S_MAX: i64 = 7 * DAY_S;
/// February 29th is looked for this many years back.
pub(super) const YEARS_BACK_MAX: u32 = 8;

/// The time that the text begins with, and its length: `Nov 21 10:40:59`, with the day as one digit or two, and around it what routers
/// and other programs add: a fraction (`10:40:59.509`), a year (in front, behind the day, or last), a zone (`UTC`, `CEST`, `+0100`), a
/// weekday in front.
///
/// A time without a year is the last one that is not over a week ahead of the arrival; `None` where no arrival is known.
#[inline]
pub(crate) fn prefix(text: &[u8], context: &Context) -> Result<(Option<u64>, usize), TimeError> {
    if let Some(plain) = text.first_chunk().and_then(plain)
        && !matches!(text.get(15), Some(b'.' | b','))
        && !may_go_on(text.get(15..).unwrap_or_default())
    {
        return Ok((in_year(&plain, context.zone, context)?, 15));
    }
    general(text, context)
}

/// Whether a year or a zone may follow the time of day.
#[inline(always)]
fn may_go_on(rest: &[u8]) -> bool {
    matches!(
        rest,
        [b' ', b'A'..=b'Z', b'A'..=b'Z', b'A'..=b'Z', ..]
            | [b' ', b'1' | b'2', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..]
            | [b'+' | b'-', b'0'..=b'9', ..]
            | [b' ', b'+' | b'-', b'0'..=b'9', ..]
    )
}

/// Exactly `Nov 21 10:40:59` or `Nov  1 10:40:59`.
#[inline(always)]
fn plain(text: &[u8; 15]) -> Option<Civil> {
    let [m0, m1, m2, b' ', d0, d1, b' ', h0, h1, b':', i0, i1, b':', s0, s1] = *text else { return None };
    let two = |a: u8, b: u8| -> Option<u32> {
        let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
        (a <= 9 && b <= 9).then(|| u32::from(a) * 10 + u32::from(b))
    };
    let month = month_of([m0, m1, m2])?;
    let day = two(if d0 == b' ' { b'0' } else { d0 }, d1)?;
    Some(Civil { year: 0, month, day, hour: two(h0, h1)?, minute: two(i0, i1)?, second: two(s0, s1)?, nanosecond: 0, offset_s: 0 })
}

/// All other shapes.
#[inline(never)]
fn general(text: &[u8], context: &Context) -> Result<(Option<u64>, usize), TimeError> {
    let expected = TimeError::new("expected a time such as 'Nov 21 10:40:59'", 0);
    let mut civil = Civil { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, nanosecond: 0, offset_s: 0 };
    let mut rest = Rest { text, at: 0 };
    if let Some(year) = rest.year() {
        civil.year = year;
        rest.blanks();
    } else if rest.weekday() {
        rest.blanks();
    }
    civil.month = rest.take::<3>().and_then(month_of).ok_or(expected)?;
    if !rest.blanks() {
        return Err(expected);
    }
    civil.day = rest.number(2).ok_or(expected)?;
    if !rest.blanks() {
        return Err(expected);
    }
    if let Some(year) = rest.year() {
        civil.year = year;
        rest.blanks();
    }
    civil.hour = rest.number(2).ok_or(expected)?;
    civil.minute = rest.colon_two().ok_or(expected)?;
    civil.second = rest.colon_two().ok_or(expected)?;
    if let [b'.' | b',', b'0'..=b'9', ..] = rest.left() {
        let (nanosecond, digits) = fraction(rest.left().get(1..).unwrap_or_default());
        civil.nanosecond = nanosecond;
        rest.at += 1 + digits;
    }
    let mut zone = None;
    // A zone and a year, in either order.
    for _ in 0..2 {
        let mut next = Rest { text, at: rest.at };
        next.blanks();
        if zone.is_none()
            && let Some(found) = next.zone(rest.at == next.at, context.zone)
        {
            zone = Some(found);
        } else if civil.year == 0
            && next.at > rest.at
            && let Some(year) = next.year()
        {
            civil.year = year;
        } else {
            break;
        }
        rest = next;
    }
    Ok((in_year(&civil, zone.unwrap_or(context.zone), context)?, rest.at))
}

/// What is left of a text.
struct Rest<'a> {
    text: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    fn left(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = *self.left().first_chunk::<N>()?;
        self.at += N;
        Some(found)
    }

    fn blanks(&mut self) -> bool {
        let n = self.left().iter().take_while(|byte| **byte == b' ').count();
        self.at += n;
        n > 0
    }

    /// A number of one to `max` digits.
    fn number(&mut self, max: usize) -> Option<u32> {
        let digits = self.left().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > max {
            return None;
        }
        let value = self.left().iter().take(digits).fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        self.at += digits;
        Some(value)
    }

    fn colon_two(&mut self) -> Option<u32> {
        let [b':', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = self.take()? else { return None };
        Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    }

    /// Four digits that are a year, as a word of their own.
    fn year(&mut self) -> Option<u32> {
        let [b'1' | b'2', _, _, _, after @ ..] = self.left() else { return None };
        // `2001:db8::1` is a host.
        if !matches!(after, [] | [b' ' | b',' | b']' | b')', ..] | [b':'] | [b':', b' ', ..]) {
            return None;
        }
        let at = self.at;
        let year = self.number(4).filter(|year| (1970..=2261).contains(year));
        if year.is_none() {
            self.at = at;
        }
        year
    }

    fn weekday(&mut self) -> bool {
        const DAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
        let [a, b, c, sign @ (b' ' | b','), ..] = *self.left() else { return false };
        let is_day = DAYS.contains(&&[a | 0x20, b | 0x20, c | 0x20]);
        if is_day {
            self.at += 3 + usize::from(sign == b',');
        }
        is_day
    }

    /// An offset, or an abbreviation that can hardly be the name of a host.
    fn zone(&mut self, attached: bool, assumed: Zone) -> Option<Zone> {
        let left = self.left();
        if let [b'+' | b'-', ..] = left {
            let (offset_s, len) = zone::offset(left).ok()??;
            if len < 5 && !attached || left.get(len).is_some_and(u8::is_ascii_alphanumeric) {
                return None;
            }
            self.at += len;
            return Some(Zone::fixed(offset_s));
        }
        if attached {
            return None;
        }
        let (zone, len) = zone::usual_abbreviation(left, assumed)?;
        self.at += len;
        Some(zone)
    }
}

/// The moment of a time; the year is inferred where it is 0.
#[inline(always)]
fn in_year(civil: &Civil, zone: Zone, context: &Context) -> Result<Option<u64>, TimeError> {
    let of_day = i64::from(civil.hour * 3600 + civil.minute * 60 + civil.second);
    let moment = |year: u32| {
        let local_s = days_from_civil(year, civil.month, civil.day) * DAY_S + of_day;
        local_s - i64::from(zone.offset_at_local(local_s))
    };
    if civil.year != 0 {
        civil.check()?;
        return nanos(moment(civil.year), civil.nanosecond).map(Some);
    }
    // A leap year: the day may be the 29th.
    Civil { year: 2000, ..*civil }.check()?;
    let arrival_s = (context.arrival_unix_nano / 1_000_000_000) as i64;
    if arrival_s == 0 {
        return Ok(None);
    }
    let latest_s = arrival_s + AHEAD_S_MAX;
    let (latest_year, ..) = civil_from_days(latest_s.div_euclid(DAY_S));
    for year in (latest_year.saturating_sub(YEARS_BACK_MAX)..=latest_year).rev() {
        let seconds = moment(year);
        if seconds <= latest_s && civil.day <= month_len(year, civil.month) {
            return nanos(seconds, civil.nanosecond).map(Some);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-02T03:04:05Z.
    const NOW: Context = Context { zone: Zone::UTC, arrival_unix_nano: 1_767_323_045_000_000_000 };

    fn read(text: &str) -> Option<(String, usize)> {
        let (time, len) = prefix(text.as_bytes(), &NOW).ok()?;
        let time = time?;
        let (year, month, day) = civil_from_days((time / 1_000_000_000) as i64 / DAY_S);
        let of_day = (time / 1_000_000_000) as i64 % DAY_S;
        let fraction = if time % 1_000_000_000 == 0 { String::new() } else { format!(".{:03}", time / 1_000_000 % 1000) };
        let clock = format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
        Some((format!("{year}-{month:02}-{day:02} {clock}{fraction}"), len))
    }

    #[test]
    fn every_shape() {
        for (text, expected, len) in [
            ("Jan  2 03:04:05 host", "2026-01-02 03:04:05", 15),
            ("Jan 2 03:04:05 host", "2026-01-02 03:04:05", 14),
            ("jan 02 03:04:05", "2026-01-02 03:04:05", 15),
            ("Dec 31 23:59:59 host", "2025-12-31 23:59:59", 15),
            ("Jan  8 00:00:00 host", "2026-01-08 00:00:00", 15),
            ("Jan 10 00:00:00 host", "2025-01-10 00:00:00", 15),
            ("Feb 29 00:00:00 host", "2024-02-29 00:00:00", 15),
            ("Jan  2 03:04:05.123 host", "2026-01-02 03:04:05.123", 19),
            ("Jan  2 2013 03:04:05: %ASA", "2013-01-02 03:04:05", 20),
            ("Jan  2 03:04:05 2013 host", "2013-01-02 03:04:05", 20),
            ("Jan  2 03:04:05 2001:db8::1 x", "2026-01-02 03:04:05", 15),
            ("Jan  2 03:04:05 2013host", "2026-01-02 03:04:05", 15),
            ("2018 Feb 14 09:40:10 CET: %ETH", "2018-02-14 08:40:10", 24),
            ("Tue Mar  8 11:22:33 2011 x", "2011-03-08 11:22:33", 24),
            ("Aug 24 05:34:00 CST 1987 mymachine", "1987-08-24 11:34:00", 24),
            ("Jan  2 03:04:05.678 UTC: %SYS", "2026-01-02 03:04:05.678", 23),
            ("Jan  2 03:04:05 EST gateway", "2026-01-02 08:04:05", 19),
            ("Jan  2 03:04:05 CAT gateway", "2026-01-02 03:04:05", 15),
            ("Jan  2 03:04:05 DBSERVER x", "2026-01-02 03:04:05", 15),
            ("Jan  2 03:04:05+01:00 host", "2026-01-02 02:04:05", 21),
            ("Jan  2 03:04:05 +0100 host", "2026-01-02 02:04:05", 21),
            ("Jan  2 03:04:05 -1 host", "2026-01-02 03:04:05", 15),
            ("Jan  2 23:59:60 host", "2026-01-03 00:00:00", 15),
        ] {
            assert_eq!(read(text), Some((expected.to_owned(), len)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "Jan",
            "Jan  2",
            "Jan  2 03:04",
            "Foo  2 03:04:05",
            "Jan 32 03:04:05",
            "Feb 30 03:04:05",
            "Jan  2 24:04:05",
            "Jan  2 3:4:5",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(prefix(b"Jan  2 03:04:05 host", &Context::default()), Ok((None, 15)), "no arrival, no year");
        assert!(prefix(b"Feb 29 2025 00:00:00", &NOW).is_err());
    }
}
