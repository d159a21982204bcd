use proptest::prelude::*;

use super::*;

/// Calendar days counted one by one: the oracle for the formulas.
fn each_day(mut check: impl FnMut(u32, u32, u32, i64)) {
    let mut days = 0;
    for year in 1970..=2262 {
        for (month, len) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
            let leap = year % 4 == 0 && (year % 100 != 0 || year == 2000);
            for day in 1..=len + u32::from(month == 1 && leap) {
                check(year, month as u32 + 1, day, days);
                days += 1;
            }
        }
    }
}

#[test]
fn dates_are_what_counting_days_gives() {
    each_day(|year, month, day, days| {
        assert_eq!(days_from_civil(year, month, day), days, "{year}-{month}-{day}");
        assert_eq!(civil::civil_from_days(days), (year, month, day));
    });
    assert_eq!(days_from_civil(1969, 12, 31), -1);
    assert_eq!(days_from_civil(0, 3, 1), -719_468);
}

#[test]
fn the_fixed_shape_and_the_general_reader_agree_on_every_day() {
    each_day(|year, month, day, days| {
        let text = format!("{year:04}-{month:02}-{day:02}T23:59:58.709Z");
        let general = parse(format!("{year:04}-{month:02}-{day:02}T23:59:58.709+00:00").as_bytes()).ok();
        let expected = u64::try_from(days * 86_400 + 86_398).unwrap() * 1_000_000_000 + 709_000_000;
        assert_eq!(general, i64::try_from(expected).is_ok().then_some(expected), "{text}");
        assert_eq!(parse(text.as_bytes()).ok(), general, "{text}");
        if year < 2262 {
            assert_eq!(millis_z(text.as_bytes().first_chunk().unwrap()), general, "{text}");
        }
    });
}

#[test]
fn relatives_of_rfc_3339() {
    for (text, expected) in [
        ("2026-11-21T10:40:59.509Z", 1_795_257_659_509_000_000),
        ("2026-11-21T10:40:59.509000001Z", 1_795_257_659_509_000_001),
        ("2026-11-21T10:40:59.5090000019Z", 1_795_257_659_509_000_001),
        ("2026-11-21t10:40:59z", 1_795_257_659_000_000_000),
        ("2026-11-21 10:40:59", 1_795_257_659_000_000_000),
        ("2026-11-21_10:40:59", 1_795_257_659_000_000_000),
        ("2026/11/21 10:40:59.5", 1_795_257_659_500_000_000),
        ("2026-11-21 10:40:59,509", 1_795_257_659_509_000_000),
        ("2026-11-21T11:40:59.509+0100", 1_795_257_659_509_000_000),
        ("2026-11-21T11:40:59.509+01:00", 1_795_257_659_509_000_000),
        ("2026-11-21T11:40:59.509+01", 1_795_257_659_509_000_000),
        ("2026-11-21 05:10:59.509 -0530", 1_795_257_659_509_000_000),
        ("2026-11-21 10:40:59.509 UTC", 1_795_257_659_509_000_000),
        ("2026-11-21 11:40:59.509 +0100 CET", 1_795_257_659_509_000_000),
        ("2026-11-21 11:40:59.509 +0100 CET m=+0.0123", 1_795_257_659_509_000_000),
        ("20261121T104059Z", 1_795_257_659_000_000_000),
        ("20261121T104059.509Z", 1_795_257_659_509_000_000),
        ("2024-02-29T23:59:59+05:30", 1_709_231_399_000_000_000),
        ("2024-06-18 23:37:20.123-05:30", 1_718_773_640_123_000_000),
        ("1970-01-01T00:00:00.001Z", 1_000_000),
        ("1970-01-01T00:59:59+01:00:00", 0),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ("2016-12-31T23:59:60.500Z", 1_483_228_800_500_000_000),
        ("2262-04-11T23:47:16.854775807Z", i64::MAX as u64),
    ] {
        let expected = if text.ends_with("+01:00:00") { Err("the time is before 1970") } else { Ok(expected) };
        assert_eq!(parse(text.as_bytes()).map_err(|e| e.what), expected, "{text}");
    }
}

#[test]
fn what_is_no_time_says_where() {
    for (text, what, at) in [
        ("", "the time is cut off", 0),
        ("2026-11-21", "expected 'T' or a blank between date and time", 10),
        ("2026-11-21T10:40", "expected ':' and the seconds", 16),
        ("2026-11-21T10:4", "the time is cut off", 15),
        ("2026-13-01T00:00:00Z", "the month is not 1 to 12", 0),
        ("2026-00-01T00:00:00Z", "the month is not 1 to 12", 0),
        ("2026-02-29T00:00:00.000Z", "the month has no such day", 0),
        ("2100-02-29T00:00:00.000Z", "the month has no such day", 0),
        ("2026-11-21T24:00:00.000Z", "the hour is not 0 to 23", 0),
        ("2026-11-21T10:60:00Z", "the minute is not 0 to 59", 0),
        ("2026-11-21T10:40:61Z", "the second is not 0 to 60", 0),
        ("2026-11-21T10:40:59+24:00", "the offset is out of range", 19),
        ("2026-11/21T10:40:59", "expected the same sign on both sides of the month", 7),
        ("2026-11-21T10:40:59Zx", "expected the end of the time", 20),
        ("2026-11-21T10:40:59. ", "expected the end of the time", 19),
        ("1969-12-31T23:59:59.999Z", "the time is before 1970", 0),
        ("2262-04-11T23:47:16.854775808Z", "the time is after 2262-04-11", 0),
        ("9999-12-31T23:59:59Z", "the time is after 2262-04-11", 0),
        ("202x-11-21T10:40:59Z", "expected two digits", 2),
    ] {
        assert_eq!(parse(text.as_bytes()).map_err(|e| (e.what, e.at)), Err((what, at)), "{text}");
    }
}

#[test]
fn a_time_ends_where_the_next_field_begins() {
    for (text, len) in [
        ("2026-11-21T10:40:59.509Z] \"GET", 24),
        ("2026-11-21 10:40:59 -12 bytes", 19),
        ("2026-11-21 10:40:59 -0100 x", 25),
        ("2026-11-21 10:40:59 -01000", 19),
        ("2026-11-21 10:40:59 UTCX", 19),
        ("2026-11-21 10:40:59, then", 19),
        ("2026-11-21 10:40:59.", 19),
    ] {
        assert_eq!(prefix(text.as_bytes(), Zone::UTC).map(|(_, len)| len), Ok(len), "{text}");
    }
    assert_eq!(prefix(b"2026-11-21 11:40:59", Zone::fixed(3600)).unwrap().0, 1_795_257_659_000_000_000);
}

#[test]
fn numbers_since_1970_tell_their_unit() {
    for (text, expected) in [
        ("1718773640", Ok(1_718_773_640_000_000_000)),
        ("1718773640123", Ok(1_718_773_640_123_000_000)),
        ("1718773640123456", Ok(1_718_773_640_123_456_000)),
        ("1718773640123456789", Ok(1_718_773_640_123_456_789)),
        ("1718773640.123456789", Ok(1_718_773_640_123_456_789)),
        ("1718773640.1234567891", Ok(1_718_773_640_123_456_789)),
        ("1718773640.5", Ok(1_718_773_640_500_000_000)),
        ("1718773640123.4567891", Ok(1_718_773_640_123_456_789)),
        ("1718773640123456.789", Ok(1_718_773_640_123_456_789)),
        ("1.718773640123e9", Ok(1_718_773_640_123_000_000)),
        ("1.718773640123E12", Ok(1_718_773_640_123_000_000)),
        ("0", Ok(0)),
        ("-1", Err("the time is before 1970")),
        ("9223372036854775808", Err("the time is after 2262-04-11")),
        ("99999999999", Err("the time is after 2262-04-11")),
        ("1718773640.", Err("expected digits only")),
        ("12x", Err("expected digits only")),
        ("1e99", Err("expected a number since 1970")),
        ("", Err("expected a number since 1970")),
    ] {
        assert_eq!(epoch::parse(text.as_bytes()).map_err(|e| e.what), expected, "{text}");
    }
    assert_eq!(epoch::double(1_718_773_640.123_456), Ok(1_718_773_640_123_456_000));
    assert_eq!(epoch::double(1_718_773_640_123.0), Ok(1_718_773_640_123_000_000));
    assert!(epoch::double(f64::NAN).is_err() && epoch::double(-1.0).is_err() && epoch::double(1e300).is_err());
}

/// What a real Envoy wrote for one request whose start was 1795257659.509466 s.
#[test]
fn patterns_read_what_envoy_writes() {
    const SECOND: u64 = 1_795_257_659_000_000_000;
    for (pattern, text, expected) in [
        ("%s", "1795257659", SECOND),
        ("%s.%3f", "1795257659.509", SECOND + 509_000_000),
        ("%s.%9f", "1795257659.509466000", SECOND + 509_466_000),
        ("%s%3f", "1795257659509", SECOND + 509_000_000),
        ("%s%6f", "1795257659509466", SECOND + 509_466_000),
        ("%s%f", "1795257659509466000", SECOND + 509_466_000),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-11-21T10:40:59+0000", SECOND),
        ("%Y/%m/%dT%H:%M:%S%z %s", "2026/11/21T10:40:59+0000 1795257659", SECOND),
        ("%Y-%m-%dT%H:%M:%S.%3fZ", "2026-11-21T10:40:59.509Z", SECOND + 509_000_000),
        ("%Y-%m-%dT%H:%M:%S.%6f%Ez", "2026-11-21T10:40:59.509466+00:00", SECOND + 509_466_000),
        ("%d/%b/%Y:%H:%M:%S %z", "21/Nov/2026:12:40:59 +0200", SECOND),
        ("%a, %d %b %Y %H:%M:%S %Z", "Sat, 21 Nov 2026 10:40:59 UTC", SECOND),
        ("%A %d %B %Y %T", "Saturday 21 November 2026 10:40:59", SECOND),
        ("%c", "Sat Nov 21 10:40:59 2026", SECOND),
        ("%D %T", "11/21/26 10:40:59", SECOND),
        ("%x %X", "11/21/26 10:40:59", SECOND),
        ("%F %r", "2026-11-21 10:40:59 AM", SECOND),
        ("%F %I:%M:%S%p", "2026-11-21 10:40:59PM", SECOND + 43_200_000_000_000),
        ("%F %r", "2026-11-21 12:40:59 AM", SECOND - 36_000_000_000_000),
        ("%F %R", "2026-11-21 10:40", SECOND - 59_000_000_000),
        ("%F %H:%M:%E4S", "2026-11-21 10:40:59.5094", SECOND + 509_400_000),
        ("%F %H:%M:%E*S", "2026-11-21 10:40:59.509466", SECOND + 509_466_000),
        ("%F %H:%M:%E*S", "2026-11-21 10:40:59", SECOND),
        ("%G-W%V-%u %T", "2026-W47-6 10:40:59", SECOND),
        ("%Y %j %T", "2026 325 10:40:59", SECOND),
        ("%C%y%m%d%H%M%S", "20261121104059", SECOND),
        ("%b %e %T %Y", "Nov 21 10:40:59 2026", SECOND),
        ("%e %k %l %Y %m %U %w", "21 10 10 2026 11 46 6", SECOND - 40 * 60_000_000_000 - 59_000_000_000),
        ("%F%n%T%%", "2026-11-21 \t10:40:59%", SECOND),
        ("%Y-%-m-%-d %T", "2026-11-21 10:40:59", SECOND),
        ("%H:%M:%S", "10:40:59", SECOND),
        ("%b %d %T", "Nov 21 10:40:59", SECOND),
    ] {
        let arrived = Context { zone: Zone::UTC, arrival_unix_nano: SECOND + 3_000_000_000 };
        let compiled = TimePattern::compile(pattern).unwrap();
        assert!(compiled.names_a_moment(), "{pattern}");
        assert_eq!(compiled.parse(text.as_bytes(), &arrived), Ok(Some(expected)), "{pattern}");
    }
}

#[test]
fn a_missing_year_or_date_is_the_latest_before_the_arrival() {
    let new_year = parse(b"2027-01-01T00:00:05Z").unwrap();
    let context = Context { zone: Zone::UTC, arrival_unix_nano: new_year };
    let syslog = TimePattern::compile("%b %e %T").unwrap();
    assert_eq!(syslog.parse(b"Dec 31 23:59:59", &context).unwrap(), Some(new_year - 6_000_000_000));
    assert_eq!(syslog.parse(b"Jan  1 00:00:06", &context).unwrap(), Some(new_year + 1_000_000_000));
    let clock = TimePattern::compile("%T").unwrap();
    assert_eq!(clock.parse(b"23:59:59", &context).unwrap(), Some(new_year - 6_000_000_000));
    assert_eq!(clock.parse(b"23:59:59", &Context::default()).unwrap(), None);
    let november = Context { zone: Zone::UTC, arrival_unix_nano: parse(b"2026-11-21T00:00:00Z").unwrap() };
    assert_eq!(syslog.parse(b"Dec 31 23:59:59", &november).unwrap(), parse(b"2025-12-31T23:59:59Z").ok());
    let leap = Context { zone: Zone::UTC, arrival_unix_nano: parse(b"2029-01-10T00:00:00Z").unwrap() };
    assert_eq!(syslog.parse(b"Feb 29 00:00:00", &leap).unwrap(), parse(b"2028-02-29T00:00:00Z").ok());
}

#[test]
fn times_that_a_pattern_cannot_mean() {
    for (pattern, text, what, at) in [
        ("%F", "2026-02-30", "the month has no such day", 0),
        ("%F", "2026-13-01", "a part of the time is out of range", 5),
        ("%Y %j", "2026 366", "the year has no day 366", 0),
        ("%T", "24:00:00", "a part of the time is out of range", 0),
        ("%T", "10:61:00", "the minute is not 0 to 59", 3),
        ("%F %T", "2026-11-21T10:40:59", "the time does not have the pattern's shape", 10),
        ("%s", "99999999999999999999", "the time is after 2262-04-11", 0),
        ("%s%9f", "123456789", "the number has too few digits", 0),
        ("%Y%m%d", "2026112", "the number has too few digits", 6),
        ("%d %b", "21 Nev", "expected the English name of a month", 3),
        ("%F %Z", "2026-11-21 XYZ", "unknown time zone: write the offset instead (%z)", 11),
        ("%F", "1969-12-31", "the time is before 1970", 0),
        ("%F", "2026-11-21 ", "expected the end of the time", 10),
    ] {
        let error = TimePattern::compile(pattern).unwrap().parse(text.as_bytes(), &Context::default()).unwrap_err();
        assert_eq!((error.what, error.at), (what, at), "{pattern} {text}");
    }
    for (pattern, text) in [("%A", "Saturday"), ("%e %k %l %I %p", "21 10 10 10 AM"), ("%d %Y", "21 2026"), ("%B", "May"), ("%f", "5")] {
        let pattern = TimePattern::compile(pattern).unwrap();
        let arrived = Context { zone: Zone::UTC, arrival_unix_nano: 1_795_257_659_000_000_000 };
        assert!(!pattern.names_a_moment());
        assert_eq!(pattern.parse(text.as_bytes(), &arrived), Ok(None), "{text}");
    }
}

#[test]
fn patterns_that_are_none() {
    for (pattern, at, part) in [("%Q", 0, "unknown conversion '%Q'"), ("%F %", 3, "ends inside"), ("%E5Y", 0, "'%5Y'"), ("%3S", 0, "'%3S'")]
    {
        let error = TimePattern::compile(pattern).unwrap_err();
        assert!(error.message.contains(part) && error.at == at, "{pattern}: {error:?}");
    }
}

proptest! {
    #[test]
    fn what_a_pattern_wrote_is_read(seconds in 0i64..9_223_372_036, nanosecond in 0u32..1_000_000_000, offset in -86_399i32 / 60..86_399 / 60) {
        let local = seconds + i64::from(offset) * 60;
        prop_assume!(local >= 0);
        let (year, month, day) = civil::civil_from_days(local / 86_400);
        let (hour, minute, second) = (local / 3600 % 24, local / 60 % 60, local % 60);
        let sign = if offset < 0 { '-' } else { '+' };
        let zone = format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
        let expected = seconds as u64 * 1_000_000_000 + u64::from(nanosecond);
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}{zone}");
        prop_assert_eq!(parse(text.as_bytes()), Ok(expected));
        let pattern = TimePattern::compile("%FT%T.%9f%Ez").unwrap();
        prop_assert_eq!(pattern.parse(text.as_bytes(), &Context::default()), Ok(Some(expected)));
        prop_assert_eq!(epoch::parse(format!("{seconds}.{nanosecond:09}").as_bytes()), Ok(expected));
        for cut in 0..text.len() {
            prop_assert!(parse(&text.as_bytes()[..cut]).is_err() || cut >= 19);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, pattern in "(%[-_0-9EO:*]?[a-zA-Z%]|.){0,8}", arrival: u64) {
        let _ = parse(&bytes);
        let _ = epoch::parse(&bytes);
        let _ = epoch::integer(arrival);
        let _ = epoch::double(f64::from_bits(arrival));
        if let Ok(pattern) = TimePattern::compile(&pattern) {
            let _ = pattern.prefix(&bytes, &Context { zone: Zone::UTC, arrival_unix_nano: arrival });
        }
    }

    #[test]
    fn texts_like_times_are_read_without_panic(text in "[0-9]{0,5}[-/]?[0-9]{0,3}[-/]?[0-9]{0,3}[T ]?[0-9:.,+Z -]{0,30}") {
        if let Ok((time, len)) = prefix(text.as_bytes(), Zone::UTC) {
            prop_assert!(len <= text.len() && i64::try_from(time).is_ok());
        }
    }

    #[test]
    fn the_fixed_shape_is_read_only_where_the_general_reader_agrees(mut text: [u8; 24], good: [bool; 24]) {
        for ((byte, good), sample) in text.iter_mut().zip(good).zip(b"2026-11-21T10:40:59.509Z") {
            if good || *byte > 0x3f { *byte = *sample; }
        }
        if let Some(time) = millis_z(&text) {
            prop_assert_eq!(parse(&[&text[..23], b"+00:00"].concat()), Ok(time));
        }
    }
}

/// The answers are those of Python's `zoneinfo`, `fold=0`.
#[test]
fn times_without_a_zone_are_in_the_one_that_is_given() {
    for (zone, text, utc) in [
        ("-02:00", "2026-06-01 12:00:00", "2026-06-01T14:00:00Z"),
        ("+0530", "2026-06-01 12:00:00", "2026-06-01T06:30:00Z"),
        ("utc", "2026-06-01 12:00:00", "2026-06-01T12:00:00Z"),
        ("Europe/Berlin", "2026-06-01 12:00:00", "2026-06-01T10:00:00Z"),
        ("Europe/Berlin", "2026-12-01 12:00:00", "2026-12-01T11:00:00Z"),
        // The hour that is skipped, and the one that comes twice.
        ("Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
        ("Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
        ("Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04 00:30:00", "2018-11-04T03:30:00Z"),
        ("America/New_York", "1974-01-06 02:30:00", "1974-01-06T07:30:00Z"),
        ("America/New_York", "2150-07-01 12:00:00", "2150-07-01T16:00:00Z"),
        ("Australia/Lord_Howe", "2026-01-01 00:00:00", "2025-12-31T13:00:00Z"),
        ("Asia/Kathmandu", "1980-01-01 00:00:00", "1979-12-31T18:30:00Z"),
        // A zone that the time names goes first; its abbreviation in the sense of the zone.
        ("Europe/Berlin", "2026-06-01 12:00:00Z", "2026-06-01T12:00:00Z"),
        ("Europe/Berlin", "2026-06-01 12:00:00 +0100", "2026-06-01T11:00:00Z"),
        ("Europe/Berlin", "2026-06-01 12:00:00 EST", "2026-06-01T17:00:00Z"),
        ("Asia/Shanghai", "2026-06-01 12:00:00 CST", "2026-06-01T04:00:00Z"),
        ("UTC", "2026-06-01 12:00:00 CST", "2026-06-01T18:00:00Z"),
        ("UTC", "2026-06-01 12:00:00 Europe/Berlin", "2026-06-01T10:00:00Z"),
        ("UTC", "2026-12-01 12:00:00 America/Argentina/Buenos_Aires", "2026-12-01T15:00:00Z"),
    ] {
        let zone = Zone::parse(zone).unwrap();
        assert_eq!(parse_in(text.as_bytes(), zone), parse(utc.as_bytes()), "{text} {zone:?}");
        let context = Context { zone, arrival_unix_nano: 0 };
        if text.len() == 19 {
            let pattern = TimePattern::compile("%F %T").unwrap();
            assert_eq!(pattern.parse(text.as_bytes(), &context), parse(utc.as_bytes()).map(Some), "{text} {zone:?}");
        }
    }
    // The date of a bare time of day is that of the zone's clock.
    let context = Context { zone: Zone::parse("Pacific/Auckland").unwrap(), arrival_unix_nano: parse(b"2026-12-31T12:00:00Z").unwrap() };
    let pattern = |text: &str| TimePattern::compile(text).unwrap();
    assert_eq!(pattern("%T").parse(b"00:59:00", &context).unwrap(), parse(b"2026-12-31T11:59:00Z").ok());
    assert_eq!(pattern("%b %e %T").parse(b"Jan  1 00:59:00", &context).unwrap(), parse(b"2026-12-31T11:59:00Z").ok());
    for (name, hint) in
        [("Europe/Berln", "did you mean 'Europe/Berlin'?"), ("+25:00", "out of range"), ("", "such as '-02:00'"), ("CEST", "unknown")]
    {
        assert!(Zone::parse(name).unwrap_err().contains(hint), "{name}");
    }
    for (text, len) in [
        ("2026-06-01 12:00:00 EAT more", 19),
        ("2026-06-01 12:00:00 Shop/Cart", 19),
        ("2026-06-01 12:00:00 Asia/Tokyo x", 30),
        ("2026-06-01 12:00:00 ESTABLISHED", 19),
        ("2026-06-01 12:00:00 MSK more", 23),
    ] {
        assert_eq!(prefix(text.as_bytes(), Zone::UTC).unwrap().1, len, "{text}");
    }
}
