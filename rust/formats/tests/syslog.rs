//! The format `syslog` against messages made from random fields, framed at random and cut anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use bytes::Bytes;
use logloom_formats::{Options, compile};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, Record};
use proptest::{collection, option, prelude::*};

/// 2026-01-01T00:00:00Z.
const ARRIVAL_UNIX_NANO: u64 = 1_767_225_600_000_000_000;

fn parse(pieces: &[&[u8]]) -> Batch {
    let format = compile("syslog", &Options::default()).unwrap();
    let origin = Arc::new(Origin { arrival_unix_nano: ARRIVAL_UNIX_NANO, ..Origin::default() });
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &origin, 1);
    let mut decoder = format.open(1 << 20);
    let mut fed = 0;
    for piece in pieces {
        fed += piece.len() as u64;
        let held = decoder.feed(&Bytes::copy_from_slice(piece), &mut out);
        assert!(held.from <= fed);
    }
    decoder.flush(&mut out);
    out.finish()
}

fn body(record: &Record<'_>) -> String {
    record.body().map_or_else(String::new, |body| string(&body))
}

fn string(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Str(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        AnyValue::Int(number) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attributes(record: &Record<'_>) -> BTreeMap<String, String> {
    let named = record.attributes().map(|(name, value)| (String::from_utf8(name.to_vec()).unwrap(), string(&value)));
    named.filter(|(name, _)| name != "log.record.original").collect()
}

fn only(line: &str) -> (Batch, BTreeMap<String, String>) {
    let batch = parse(&[line.as_bytes()]);
    assert_eq!((batch.len(), batch.rejects().len()), (1, 0), "{line}");
    let fields = attributes(&batch.record(0).unwrap());
    (batch, fields)
}

/// What RFC 5424 allows in a header's field.
fn field(longest: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[!-~]{{1,{longest}}}")).unwrap().prop_filter("NILVALUE", |text| text != "-")
}

fn name() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[!#-<>-Z^-~@]{1,32}").unwrap()
}

/// Any text without control characters, which senders write as something else.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ -~\u{a0}-\u{17f}\u{4e00}-\u{4e20}]{0,60}").unwrap()
}

fn escaped(value: &str) -> String {
    value.chars().flat_map(|c| if matches!(c, '"' | '\\' | ']') { vec!['\\', c] } else { vec![c] }).collect()
}

proptest! {
    #[test]
    fn rfc_5424_reads_back(
        priority in 0u8..=191,
        version in 1u16..=999,
        header in (option::of(field(64)), option::of(field(48)), option::of(field(64)), option::of(field(32))),
        time in option::of((0u64..4_000_000_000, 0u32..1_000_000)),
        data in collection::btree_map(name(), collection::btree_map(name(), text(), 0..4), 0..4),
        message in text().prop_filter("a blank or a mark would be lost", |text| !text.starts_with('\u{feff}')),
    ) {
        let (host, program, process, id) = header;
        let or_nil = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let stamp = time.map_or_else(|| "-".into(), |(seconds, micros)| {
            let time = jiff::Timestamp::new(seconds as i64, micros as i32 * 1000).unwrap();
            time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
        });
        let mut line = format!(
            "<{priority}>{version} {stamp} {} {} {} {} ", or_nil(&host), or_nil(&program), or_nil(&process), or_nil(&id)
        );
        let mut expected = BTreeMap::new();
        for (element, parameters) in &data {
            write!(line, "[{element}").unwrap();
            for (name, value) in parameters {
                write!(line, " {name}=\"{}\"", escaped(value)).unwrap();
                expected.insert(format!("syslog.structured_data.{element}.{name}"), value.clone());
            }
            line.push(']');
            if parameters.is_empty() {
                expected.insert(format!("syslog.structured_data.{element}"), String::new());
            }
        }
        if data.is_empty() {
            line.push('-');
        }
        write!(line, " {message}").unwrap();
        let number = process.as_ref().is_some_and(|process| process.bytes().all(|b| b.is_ascii_digit()) && process.parse::<i64>().is_ok());
        let fields = [
            ("host.name", host), ("process.executable.name", program), ("syslog.msg.id", id),
            (if number { "process.pid" } else { "syslog.procid" }, process),
        ];
        expected.extend(fields.into_iter().filter_map(|(name, value)| {
            let value = value?;
            Some((name.to_owned(), if name == "process.pid" { value.parse::<i64>().unwrap().to_string() } else { value }))
        }));
        expected.insert("syslog.priority".into(), priority.to_string());
        expected.insert("syslog.facility.code".into(), (priority / 8).to_string());
        expected.insert("syslog.severity.code".into(), (priority % 8).to_string());
        expected.insert("syslog.version".into(), version.to_string());
        let (batch, mut fields) = only(&line);
        let record = batch.record(0).unwrap();
        prop_assert_eq!(body(&record), message.as_str(), "{}", line);
        prop_assert_eq!(record.time_unix_nano, time.map_or(0, |(seconds, micros)| seconds * 1_000_000_000 + u64::from(micros) * 1000));
        fields.remove("syslog.facility.name");
        // What a known program's message may add is none of these.
        fields.retain(|name, _| expected.contains_key(name) || name.starts_with("syslog."));
        prop_assert_eq!(fields, expected, "{}", line);
    }

    #[test]
    fn rfc_3164_reads_back(
        priority in option::of(0u8..=191),
        time in 0u64..364 * 86_400,
        host in "[a-z][a-z0-9.-]{0,30}[a-z0-9]",
        program in "[a-z][A-Za-z0-9_-]{0,20}",
        process in option::of(0u32..=4_000_000),
        message in text().prop_filter("the blank behind the tag", |text| !text.starts_with(' ')),
    ) {
        let moment = jiff::Timestamp::from_second((ARRIVAL_UNIX_NANO / 1_000_000_000 - 300 * 86_400 + time.min(306 * 86_400)) as i64).unwrap();
        let mut line = priority.map_or_else(String::new, |priority| format!("<{priority}>"));
        write!(line, "{} {host} {program}", moment.strftime("%b %e %H:%M:%S")).unwrap();
        if let Some(process) = process {
            write!(line, "[{process}]").unwrap();
        }
        write!(line, ": {message}").unwrap();
        let (batch, fields) = only(&line);
        let record = batch.record(0).unwrap();
        prop_assert_eq!(body(&record), message.as_str(), "{}", line);
        prop_assert_eq!(record.time_unix_nano, moment.as_second() as u64 * 1_000_000_000, "{}", line);
        prop_assert_eq!(&fields["host.name"], &host);
        prop_assert_eq!(&fields["process.executable.name"], &program);
        prop_assert_eq!(fields.get("process.pid").cloned(), process.map(|process| process.to_string()));
        prop_assert_eq!(fields.get("syslog.priority").cloned(), priority.map(|priority| priority.to_string()));
    }

    /// Counted frames, lines and NULs on one stream, cut anywhere.
    #[test]
    fn frames_come_out_as_they_went_in(
        frames in collection::vec(
            (0u8..3, "[ -~\u{e4}]{0,3}[!-~]([ -~\n\u{e4}]{0,60}[!-~])?").prop_filter("an object is read as what it says", |(_, message)| {
                !message.trim_start().starts_with('{')
            }),
            1..8,
        ),
        cuts in collection::vec(0usize..2000, 0..4),
    ) {
        let mut stream = Vec::new();
        let mut sent = Vec::new();
        for (how, message) in frames {
            let message = if how == 0 { message } else { message.replace('\n', " ") };
            let line = format!("<14>1 2025-11-21T10:40:59Z gw app 7 - - {message}");
            match how {
                0 => write!(stream_text(&mut stream), "{} {line}", line.len()).unwrap(),
                1 => stream.extend_from_slice(format!("{line}\n").as_bytes()),
                _ => stream.extend_from_slice(format!("{line}\0").as_bytes()),
            }
            sent.push(message);
        }
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([stream.len()]);
        let pieces: Vec<_> = ends.scan(0, |start, end| Some(&stream[std::mem::replace(start, end)..end])).collect();
        let batch = parse(&pieces);
        let bodies: Vec<_> = batch.records().map(|record| body(&record)).collect();
        prop_assert_eq!(bodies, sent);
        prop_assert!(batch.rejects().is_empty());
    }

    /// Whatever comes gives records, the same ones wherever it is cut.
    #[test]
    fn what_is_no_message_gives_the_same_anywhere(
        stream in "([ \n\0<>0-9]|<13>|1 |[A-Za-z:.=\\[\\]\"\\\\-]|Nov 21 10:40:59 |2025-11-21T10:40:59Z |sudo: | : |sshd\\[1\\]: |IN= SRC=|pam_unix\\(){0,60}",
        cut in 0usize..400,
    ) {
        let stream = stream.as_bytes();
        let cut = cut.min(stream.len());
        let (whole, parts) = (parse(&[stream]), parse(&[&stream[..cut], &stream[cut..]]));
        let seen = |batch: &Batch| batch.records().map(|record| record.bytes().to_vec()).collect::<Vec<_>>();
        prop_assert_eq!(seen(&whole), seen(&parts));
    }
}

/// `write!` for bytes.
fn stream_text(stream: &mut Vec<u8>) -> impl std::fmt::Write + '_ {
    struct Text<'a>(&'a mut Vec<u8>);
    impl std::fmt::Write for Text<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    Text(stream)
}

/// A user's name is what the client says it is: it must not pass for another client's address.
#[test]
fn a_name_cannot_forge_an_address() {
    for (name, prefix) in [
        ("x from 192.0.2.1 port 22 ssh2", "Failed password for invalid user "),
        ("x from 192.0.2.1 port 22", "Invalid user "),
        ("x from 192.0.2.1 port 22 ssh2: RSA SHA256:abc", "Failed password for "),
    ] {
        let tail = if prefix.starts_with("Invalid") { "" } else { " ssh2" };
        let (_, fields) = only(&format!("Nov 21 10:40:59 gw sshd[7]: {prefix}{name} from 198.51.100.23 port 29160{tail}"));
        assert_eq!((fields["client.address"].as_str(), fields["user.name"].as_str()), ("198.51.100.23", name), "{prefix}");
    }
}
