use proptest::prelude::*;

use super::*;

#[test]
fn patterns_of_java_and_of_go() {
    const SECOND: u64 = 1_795_257_659_000_000_000;
    const HOUR: u64 = 3_600_000_000_000;
    let arrived = Context { zone: Zone::UTC, arrival_unix_nano: SECOND + 3_000_000_000 };
    for (pattern, text, expected) in [
        ("yyyy-MM-dd HH:mm:ss,SSS", "2026-11-21 10:40:59,509", SECOND + 509_000_000),
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "2026-11-21 10:40:59.509466", SECOND + 509_466_000),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-11-21T11:40:59.509+01:00", SECOND + 509_000_000),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2026-11-21T10:40:59.509Z", SECOND + 509_000_000),
        ("yyyy-MM-dd'T'HH:mm:ss[.SSS][xxx]", "2026-11-21T10:40:59", SECOND),
        ("yyyy-MM-dd'T'HH:mm:ss[.SSS][xxx]", "2026-11-21T10:40:59.509", SECOND + 509_000_000),
        ("yyyy-MM-dd'T'HH:mm:ss[.SSS][xxx]", "2026-11-21T12:40:59+02:00", SECOND),
        ("yyyy-MM-dd[ HH:mm[:ss[.SSS]]]", "2026-11-21 10:40:59", SECOND),
        ("yyyy-MM-dd[ HH:mm[:ss[.SSS]]]", "2026-11-21", SECOND - 10 * HOUR - 40 * 60_000_000_000 - 59_000_000_000),
        ("dd/MMM/yyyy:HH:mm:ss Z", "21/Nov/2026:12:40:59 +0200", SECOND),
        ("EEE MMM dd HH:mm:ss zzz yyyy", "Sat Nov 21 11:40:59 CET 2026", SECOND),
        ("EEE MMM d HH:mm:ss z yyyy", "Sat Nov 21 11:40:59 GMT+01:00 2026", SECOND),
        ("EEEE, d MMMM yyyy h:mm:ss a", "Saturday, 21 November 2026 10:40:59 AM", SECOND),
        ("MMM d, yyyy h:mm:ss a", "Nov 21, 2026 10:40:59 PM", SECOND + 12 * HOUR),
        ("d.M.yy H:m:s", "21.11.26 10:40:59", SECOND),
        ("yyyyMMddHHmmssSSS", "20261121104059509", SECOND + 509_000_000),
        ("uuuu-DDD kk:mm:ss", "2026-325 10:40:59", SECOND),
        ("yyyy-MM-dd KK:mm:ss a", "2026-11-21 10:40:59 AM", SECOND),
        ("'it''s' yyyy-MM-dd 'o''clock' HH:mm:ss", "it's 2026-11-21 o'clock 10:40:59", SECOND),
        ("HH:mm:ss.SSS", "10:40:59.509", SECOND + 509_000_000),
        ("MMM dd HH:mm:ss", "Nov 21 10:40:59", SECOND),
        ("ISO8601", "2026-11-21 10:40:59,509", SECOND + 509_000_000),
        ("ISO8601_OFFSET_DATE_TIME_HHCMM", "2026-11-21T11:40:59,509+01:00", SECOND + 509_000_000),
        ("ABSOLUTE", "10:40:59,509", SECOND + 509_000_000),
        ("DATE", "21 Nov 2026 10:40:59,509", SECOND + 509_000_000),
        ("COMPACT", "20261121104059509", SECOND + 509_000_000),
        ("UNIX_MILLIS", "1795257659509", SECOND + 509_000_000),
    ] {
        let compiled = TimePattern::java(pattern).unwrap();
        assert!(compiled.names_a_moment(), "{pattern}");
        assert_eq!(compiled.parse(text.as_bytes(), &arrived), Ok(Some(expected)), "{pattern} {text}");
    }
    for (layout, text, expected) in [
        ("2006-01-02T15:04:05Z07:00", "2026-11-21T11:40:59+01:00", SECOND),
        ("2006-01-02T15:04:05Z07:00", "2026-11-21T10:40:59.509466Z", SECOND + 509_466_000),
        ("2006-01-02T15:04:05.999999999Z07:00", "2026-11-21T10:40:59Z", SECOND),
        ("2006-01-02 15:04:05.000", "2026-11-21 10:40:59.509", SECOND + 509_000_000),
        ("2006-01-02 15:04:05,000 -0700 MST", "2026-11-21 10:40:59,509 +0000 UTC", SECOND + 509_000_000),
        ("Mon Jan _2 15:04:05 2006", "Sat Nov 21 10:40:59 2026", SECOND),
        ("Monday, 02-Jan-06 15:04:05 MST", "Saturday, 21-Nov-26 10:40:59 GMT", SECOND),
        ("Jan _2 15:04:05.000000", "Nov 21 10:40:59.509466", SECOND + 509_466_000),
        ("02/Jan/2006:15:04:05 -0700", "21/Nov/2026:10:40:59 +0000", SECOND),
        ("1/2/2006 3:04:05 PM", "11/21/2026 10:40:59 AM", SECOND),
        ("2006 __2 15:04:05", "2026 325 10:40:59", SECOND),
    ] {
        let compiled = TimePattern::go(layout).unwrap();
        assert_eq!(compiled.parse(text.as_bytes(), &arrived), Ok(Some(expected)), "{layout} {text}");
        assert_eq!(TimePattern::compile_any(layout).unwrap().items, compiled.items, "{layout}");
    }
    for (pattern, at, part) in [
        ("yyyy 'T", 5, "not closed"),
        ("yyyy]", 4, "no '['"),
        ("[yyyy", 0, "not closed"),
        ("qq", 0, "'q'"),
        ("yyyyThh", 4, "'T'"),
        ("{", 0, "quotes"),
    ] {
        let error = TimePattern::java(pattern).unwrap_err();
        assert!(error.message.contains(part) && error.at == at, "{pattern}: {error:?}");
    }
}

/// What fluentd, Fluent Bit and others write in their configurations, and the lines that they read with it.
#[test]
fn strftime_patterns_read_more_than_strftime_writes() {
    for (pattern, text, expected) in [
        ("%Y-%m-%dT%H:%M:%S.%L%z", "2023-10-17T14:55:59.683530289Z", "2023-10-17T14:55:59.683530289Z"),
        ("%Y-%m-%d %H:%M:%S.%L", "2023-10-17 14:55:59.683", "2023-10-17T14:55:59.683Z"),
        ("%s%L", "1795257659509", "2026-11-21T10:40:59.509Z"),
        ("%s.%N", "1795257659.509466", "2026-11-21T10:40:59.509466Z"),
        ("%Y-%m-%d %H:%M:%S", "2013-3-03 4:27:33", "2013-03-03T04:27:33Z"),
        ("%b %d %H:%M:%S %Y", "Mar  3 14:27:33 2013", "2013-03-03T14:27:33Z"),
        ("%d/%b/%Y:%H:%M:%S %:z", "28/Feb/2013:12:00:00 +09:00", "2013-02-28T03:00:00Z"),
        ("%d/%b/%Y:%H:%M:%S %::z", "28/Feb/2013:12:00:00 +09:00:00", "2013-02-28T03:00:00Z"),
        ("%FT%T%.3f%Ez", "2023-10-17T14:55:59.683+02:00", "2023-10-17T12:55:59.683Z"),
        ("%FT%T%.fZ", "2023-10-17T14:55:59Z", "2023-10-17T14:55:59Z"),
        ("%m/%d/%Y %I:%M:%S %p", "10/17/2023 2:55:59 pm", "2023-10-17T14:55:59Z"),
        ("iso", "2023-10-17 14:55:59,683 +0200", "2023-10-17T12:55:59.683Z"),
        ("%d-%b-%Y %H:%M:%S %Z", "17-Oct-2023 16:55:59 Europe/Berlin", "2023-10-17T14:55:59Z"),
        ("epoch", "1697554559.683", "2023-10-17T14:55:59.683Z"),
    ] {
        let compiled = TimePattern::compile_any(pattern).unwrap();
        assert!(compiled.names_a_moment(), "{pattern}");
        assert_eq!(compiled.parse(text.as_bytes(), &Context::default()), parse(expected.as_bytes()).map(Some), "{pattern} {text}");
    }
}

proptest! {
    #[test]
    fn any_pattern_of_any_kind_is_compiled_and_read_without_panic(bytes: Vec<u8>, pattern in "([yMdDEaHkKhmsSnXxZzOV']{1,4}|[-/: .,\\[\\]T]){0,12}|(2006|01|02|Jan|15|04|05|[.,]0{1,9}|-0700|MST|PM|_2|[-: ]){0,12}", text in "[0-9A-Za-z:,.+ /-]{0,40}") {
        if let Ok(pattern) = TimePattern::compile_any(&pattern) {
            for text in [&bytes[..], text.as_bytes()] {
                if let Ok((_, len)) = pattern.prefix(text, &Context::default()) {
                    prop_assert!(len <= text.len());
                }
            }
        }
    }
}

#[test]
fn the_usual_shapes_are_told_apart() {
    let context = Context { zone: Zone::UTC, arrival_unix_nano: parse(b"2026-11-21T12:00:00Z").unwrap() };
    for (text, expected) in [
        ("2026-11-21 10:40:59,509", "2026-11-21T10:40:59.509Z"),
        ("[21/Nov/2026:10:40:59 +0000]", "2026-11-21T10:40:59Z"),
        ("Nov 21 10:40:59", "2026-11-21T10:40:59Z"),
        ("Nov  1 10:40:59.509", "2026-11-01T10:40:59.509Z"),
        ("Nov 21 2026 10:40:59", "2026-11-21T10:40:59Z"),
        ("Nov 21, 2026 10:40:59 AM", "2026-11-21T10:40:59Z"),
        ("Sat Nov 21 10:40:59.509466 2026", "2026-11-21T10:40:59.509466Z"),
        ("Sat Nov 21 10:40:59 UTC 2026", "2026-11-21T10:40:59Z"),
        ("Sat, 21 Nov 2026 10:40:59 GMT", "2026-11-21T10:40:59Z"),
        ("21 Nov 2026 10:40:59.509", "2026-11-21T10:40:59.509Z"),
        ("21-Nov-2026 10:40:59 Europe", ""),
        ("21-Nov-2026 10:40:59 UTC", "2026-11-21T10:40:59Z"),
        ("21/Nov/2026:10:40:59.509", "2026-11-21T10:40:59.509Z"),
        ("11/21/2026 10:40:59 PM", "2026-11-21T22:40:59Z"),
        ("261121 10:40:59", "2026-11-21T10:40:59Z"),
        ("1121 10:40:59.509466", "2026-11-21T10:40:59.509466Z"),
        ("11-21 10:40:59.509", "2026-11-21T10:40:59.509Z"),
        ("10:40:59", "2026-11-21T10:40:59Z"),
        ("1795257659.509", "2026-11-21T10:40:59.509Z"),
        ("yesterday", ""),
        ("", ""),
    ] {
        assert_eq!(usual(text.as_bytes(), &context), parse(expected.as_bytes()).ok(), "{text}");
    }
}
