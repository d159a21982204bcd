//! Formats of fields, tables and events: what is written in them by their specifications comes back, whatever it is, and nothing else panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_record::{AnyValue, Batch, BatchWriter, BlockPool, Limits, Origin, Record};
use proptest::{collection, prelude::*};

const FORMATS: [&str; 11] = ["auditd", "cef", "csv", "journald", "leef", "logfmt", "ltsv", "postgresql_csv", "tsv", "w3c", "windows_event"];

/// What the formats' frames and fields are made of.
const PARTS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\"",
    b",",
    b"\t",
    b"a=1",
    b"a:b",
    b"|",
    b"=\"",
    b"<Event ",
    b"<Event>",
    b"</Event>",
    b"<System>",
    b"</System>",
    b"<",
    b"&#x",
    b"MESSAGE\n\x03\0\0\0\0\0\0\0",
    b"__REALTIME_TIMESTAMP=1\n",
    b"type=EXECVE msg=audit(1.5:2): ",
    b"a0=4142 ",
    b"msg='",
    b"CEF:0|a|b|c|d|e|5|",
    b"LEEF:2.0|a|b|c|d|x5e|",
    b"#Fields: date time a\n",
    b"2026-11-21",
    b" 10:40:59 ",
    b"\xff\xc3",
    b"x y",
    b"{\"xml\":\"<Event>",
];

/// What a format makes of the bytes, fed in pieces that end at `cuts`.
fn parse(format: &str, options: &[(&str, &str)], bytes: &[u8], cuts: &[usize], frame_bytes_max: usize) -> Batch {
    let options = Options(options.iter().map(|(name, value)| ((*name).to_owned(), OptionValue::Str((*value).to_owned()))).collect());
    let format = compile(format, &options).unwrap();
    let limits = Limits { frame_bytes_max, ..Limits::DEFAULT };
    let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
    let mut decoder = format.open(frame_bytes_max);
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        let to = to.clamp(from, bytes.len());
        let held = decoder.feed(&Bytes::copy_from_slice(&bytes[from..to]), &mut out);
        assert!(held.from <= to as u64);
        from = to;
    }
    decoder.flush(&mut out);
    out.finish()
}

fn text(record: &Record<'_>, name: &str) -> Option<String> {
    match record.attribute(name)? {
        AnyValue::Str(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
        other => panic!("{name} is {other:?}"),
    }
}

/// The body where it is no original, else the attribute.
fn body(record: &Record<'_>) -> String {
    String::from_utf8(record.body().unwrap().as_str().unwrap().to_vec()).unwrap()
}

/// Everything that a batch says, to be compared.
fn said(batch: &Batch) -> Vec<u8> {
    batch.to_otlp().to_vec()
}

fn csv_value(value: &str, quote_all: bool) -> String {
    if quote_all || value.contains([',', '"', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

proptest! {
    #[test]
    fn tables_come_back(rows in collection::vec(collection::vec("[a-z,\"\n\r é]{0,8}", 3), 1..6), quote_all: bool, crlf: bool, cut in 0..200usize) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut table = format!("x.a,x.b,x.c{end}");
        for row in &rows {
            // A row of nothing but one blank line is none.
            let values: Vec<_> = row.iter().map(|value| csv_value(&format!("v{value}"), quote_all)).collect();
            write!(table, "{}{end}", values.join(",")).unwrap();
        }
        let batch = parse("csv", &[], table.as_bytes(), &[cut, cut + 3], 1 << 20);
        prop_assert_eq!(batch.len(), rows.len());
        for (record, row) in batch.records().zip(&rows) {
            for (name, value) in ["x.a", "x.b", "x.c"].iter().zip(row) {
                prop_assert_eq!(text(&record, name), Some(format!("v{value}")), "{}", table);
            }
        }
    }

    #[test]
    fn journals_come_back(
        entries in collection::vec(collection::btree_map("[A-Z][A-Z0-9_]{0,8}X", "(?s).{0,40}", 1..5), 1..4),
        cut in 0..400usize,
    ) {
        let mut bytes = Vec::new();
        for entry in &entries {
            bytes.extend_from_slice(b"__REALTIME_TIMESTAMP=1795257659509466\n");
            for (name, value) in entry {
                bytes.extend_from_slice(name.as_bytes());
                if value.contains('\n') {
                    bytes.push(b'\n');
                    bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
                } else {
                    bytes.push(b'=');
                }
                bytes.extend_from_slice(value.as_bytes());
                bytes.push(b'\n');
            }
            bytes.push(b'\n');
        }
        let batch = parse("journald", &[], &bytes, &[cut, cut + 9], 1 << 20);
        prop_assert_eq!(batch.len(), entries.len());
        for (record, entry) in batch.records().zip(&entries) {
            prop_assert_eq!(record.time_unix_nano, 1_795_257_659_509_466_000);
            let found: BTreeMap<_, _> = entry.keys().map(|name| (name.clone(), text(&record, name).unwrap())).collect();
            prop_assert_eq!(&found, entry);
        }
    }

    #[test]
    fn audit_values_come_back(value in "[ -~\u{80}-\u{2000}]{1,30}", args in collection::vec("[ -~]{1,12}", 1..6)) {
        let hex = |text: &str| text.bytes().fold(String::new(), |mut out, byte| { write!(out, "{byte:02X}").unwrap(); out });
        let line = format!("type=PATH msg=audit(1795257659.509:7): item=0 name={}\n", hex(&value));
        let batch = parse("auditd", &[], line.as_bytes(), &[], 1 << 20);
        prop_assert_eq!(text(&batch.record(0).unwrap(), "file.path"), Some(value));
        let mut line = format!("type=EXECVE msg=audit(1795257659.509:7): argc={}", args.len());
        for (n, arg) in args.iter().enumerate() {
            // As the kernel does: in quotes where no quote, blank or control character is in it.
            let plain = arg.bytes().all(|byte| byte > b' ' && byte != b'"' && byte < 0x7f);
            write!(line, " a{n}={}", if plain { format!("\"{arg}\"") } else { hex(arg) }).unwrap();
        }
        let batch = parse("auditd", &[], format!("{line}\n").as_bytes(), &[], 1 << 20);
        let record = batch.record(0).unwrap();
        let Some(AnyValue::Array(found)) = record.attribute("process.command_args") else { panic!("no list") };
        let found: Vec<_> = found.map(|item| String::from_utf8(item.as_str().unwrap().to_vec()).unwrap()).collect();
        prop_assert_eq!(found, args);
    }

    #[test]
    fn cef_values_come_back(value in "[a-z =|\\\\]{1,20}[a-z]", name in "[a-z|\\\\ ]{1,12}[a-z]") {
        let escaped = value.replace('\\', "\\\\").replace('=', "\\=");
        // A blank and a word before an escaped '=' is no key: the backslash tells them apart.
        let line = format!("CEF:0|v|p|1|7|{}|3|cs1={escaped} cs2=end\n", name.replace('\\', "\\\\").replace('|', "\\|"));
        let batch = parse("cef", &[], line.as_bytes(), &[], 1 << 20);
        let record = batch.record(0).unwrap();
        prop_assert!(batch.rejects().is_empty(), "{}", line);
        prop_assert_eq!(text(&record, "cef.name"), Some(name));
        prop_assert_eq!(text(&record, "cef.cs1"), Some(value));
        prop_assert_eq!(text(&record, "cef.cs2"), Some("end".to_owned()));
    }

    #[test]
    fn windows_values_come_back(value in "[ -~\n\té]{0,40}[!-~]", name in "[A-Za-z]{1,12}") {
        let escaped: String = value.chars().map(|c| match c {
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '&' => "&amp;".into(),
            '\n' => "&#xA;".into(),
            c => c.to_string(),
        }).collect();
        let xml = format!("<Event><System><EventID>7</EventID></System><EventData><Data Name='{name}'>{escaped}</Data></EventData></Event>\n");
        let batch = parse("windows_event", &[], xml.as_bytes(), &[xml.len() / 2], 1 << 20);
        let expected = (value != "-").then_some(value);
        prop_assert_eq!(text(&batch.record(0).unwrap(), &format!("winlog.event_data.{name}")), expected, "{}", xml);
    }

    /// Wherever the bytes are cut, and however small the bound on a frame, the same comes out, and nothing of a Reject is lost.
    #[test]
    fn any_bytes_give_records_wherever_they_are_cut(
        parts in collection::vec(prop::sample::select(PARTS), 0..24),
        cuts in collection::vec(0..150usize, 0..4),
        frame_bytes_max in prop_oneof![Just(7usize), Just(40), Just(1 << 20)],
    ) {
        let bytes = parts.concat();
        let mut cuts = cuts;
        cuts.sort_unstable();
        for format in FORMATS {
            let whole = parse(format, &[], &bytes, &[], frame_bytes_max);
            let again = parse(format, &[], &bytes, &cuts, frame_bytes_max);
            prop_assert!(said(&whole) == said(&again), "{} of {} cut at {:?}", format, bytes.escape_ascii(), cuts);
            for reject in whole.rejects() {
                let at = usize::try_from(reject.offset).unwrap();
                prop_assert!(bytes.get(at..at + reject.len as usize).is_some());
            }
        }
    }
}

#[test]
fn a_table_that_goes_on_without_its_header_says_so() {
    let format = compile("csv", &Options::default()).unwrap();
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let mut decoder = format.open(1 << 20);
    decoder.resume(100);
    decoder.feed(&Bytes::from_static(b"2026-11-21T10:40:59Z,info,went on\n"), &mut out);
    decoder.flush(&mut out);
    let batch = out.finish();
    assert_eq!(batch.rejects()[0].reason.what, "the table's header is not known here: give 'columns'");
    assert_eq!(body(&batch.record(0).unwrap()), "2026-11-21T10:40:59Z,info,went on");
}

#[test]
fn options_that_are_wrong_say_how() {
    for (format, name, value, message) in [
        ("csv", "delimiter", OptionValue::Str("||".into()), "delimiter: expected one ASCII character"),
        ("csv", "quote", OptionValue::Str("x".into()), "quote: expected '\"', \"'\" or nothing"),
        ("csv", "header", OptionValue::Bool(false), "header: without a header the columns have no names: give them with 'columns'"),
        ("tsv", "columns", OptionValue::Str(" , ".into()), "columns: expected 1 to 1024 names with commas between them"),
        ("logfmt", "pair_separator", OptionValue::Str(String::new()), "pair_separator: expected 1 to 8 bytes"),
        ("logfmt", "pair_separator", OptionValue::Str("=".into()), "value_separator: must differ from pair_separator"),
    ] {
        let options = Options([(name.to_owned(), value)].into());
        assert_eq!(compile(format, &options).err().unwrap().to_string(), message);
    }
}
