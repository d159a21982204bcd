//! What the fuzz targets hold true.
#![allow(clippy::unwrap_used, clippy::panic)] // a fuzz target says what is wrong by panicking

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use logloom_formats::{FORMATS, Format, OptionValue, Options, compile, formats::otlp_json};
use logloom_record::{Batch, BatchWriter, BlockPool, Condition, Limits, Marks, Origin, arrow};
use logloom_wire::{Decompressor, Encoding};

#[path = "../../formats/tests/bulk/answered.rs"]
mod answered;
#[path = "../../processors/tests/programs/held.rs"]
mod held;
pub mod journal;
#[path = "../../formats/tests/fixtures/well_formed.rs"]
mod well_formed;

/// Small bounds, so that inputs of a few KB reach them.
static LIMITS: LazyLock<Limits> =
    LazyLock::new(|| Limits { frame_bytes_max: 1000, depth_max: 8, attributes_max: 16, batch_bytes_max: 64 << 20, lanes_max: 2 });

/// Every format, as far as it needs no options.
static COMPILED: LazyLock<Vec<Option<Arc<dyn Format>>>> =
    LazyLock::new(|| FORMATS.iter().map(|spec| (spec.compile)(&Options::default()).ok()).collect());

static ORIGIN: LazyLock<Arc<Origin>> = LazyLock::new(|| {
    let resource = vec![("service.name".to_owned(), "fuzz".to_owned())];
    Arc::new(Origin { arrival_unix_nano: 1_767_225_600_000_000_000, resource, ..Origin::default() })
});

/// What `format` makes of `input`, fed in two pieces that meet at `cut`.
fn parse(format: &Arc<dyn Format>, input: &Bytes, cut: usize) -> Batch {
    let mut out = BatchWriter::new(BlockPool::global(), &LIMITS, &ORIGIN, 1);
    let mut decoder = Arc::clone(format).open(LIMITS.frame_bytes_max);
    let cut = cut.min(input.len());
    let held = decoder.feed(&input.slice(..cut), &mut out);
    assert!(held.from <= cut as u64, "held from {} of {cut} bytes", held.from);
    decoder.feed(&input.slice(cut..), &mut out);
    decoder.flush(&mut out);
    out.finish()
}

/// A program of `transform` over records: see there for how the bytes are laid out.
pub fn transform(data: &[u8]) {
    held::transform(data, &LIMITS);
}

/// The first byte chooses the format by its place in `FORMATS`, the second where the source is cut.
pub fn formats(data: &[u8]) {
    let [which, cut, input @ ..] = data else { return };
    let Some(format) = &COMPILED[usize::from(*which) % COMPILED.len()] else { return };
    one_format(format, input, *cut);
}

/// Lines that are joined, in any encoding, also inside a container's log: the same records however the source is cut. The first byte chooses how
/// they are read.
pub fn lines(data: &[u8]) {
    static HOW: LazyLock<Vec<Arc<dyn Format>>> = LazyLock::new(|| {
        let text = |text: &str| OptionValue::Str(text.to_owned());
        let start = OptionValue::Map(vec![("start".to_owned(), "^[a-m]".to_owned())]);
        let mut all = Vec::new();
        for name in ["text", "json", "cri", "docker"] {
            for more in
                [None, Some(("encoding", text("utf-16le"))), Some(("encoding", text("shift_jis"))), Some(("multiline", start.clone()))]
            {
                let inside = matches!(name, "cri" | "docker").then(|| ("inside", text("text")));
                let options = Options(inside.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect());
                all.push(compile(name, &options).unwrap());
            }
        }
        all
    });
    let [which, cut, input @ ..] = data else { return };
    let format = &HOW[usize::from(*which) % HOW.len()];
    let input = Bytes::copy_from_slice(input);
    let seen = |batch: &Batch| batch.records().map(|record| record.bytes().to_vec()).collect::<Vec<_>>();
    let whole = seen(&parse(format, &input, 0));
    assert!(seen(&parse(format, &input, usize::from(*cut) * input.len() / 256)) == whole, "other records when the source is cut");
}

/// A format string of Envoy's up to the first NUL, and lines of a log.
pub fn envoy_format(data: &[u8]) {
    let (Some(end), [cut, ..]) = (data.iter().position(|byte| *byte == 0), data) else { return };
    let Ok(text) = std::str::from_utf8(&data[..end]) else { return };
    let options = Options([("format_string".to_owned(), OptionValue::Str(text.to_owned()))].into());
    let Ok(format) = compile("envoy", &options) else { return };
    one_format(&format, &data[end + 1..], *cut);
}

/// Syslog by itself: its counted frames and headers have more to them than a share of the inputs of [`formats`] reaches.
pub fn syslog(data: &[u8]) {
    let [cut, input @ ..] = data else { return };
    let Ok(format) = compile("syslog", &Options::default()) else { return };
    one_format(&format, input, *cut);
}

/// The formats of [`user_pattern`], each with the option that has the pattern. tools/fuzz_seeds.py has the same.
const PATTERNS: &[(&str, &str)] = &[
    ("regex", "pattern"),
    ("dissect", "pattern"),
    ("apache", "format_string"),
    ("haproxy", "format_string"),
    ("nginx", "format_string"),
    ("log4j", "layout"),
    ("postgresql", "log_line_prefix"),
    ("python", "format_string"),
    ("squid", "format_string"),
];

/// A format by the first byte, a pattern of the user's up to the first NUL, and lines of a log.
pub fn user_pattern(data: &[u8]) {
    let [which, cut, rest @ ..] = data else { return };
    let Some(end) = rest.iter().position(|byte| *byte == 0) else { return };
    let Ok(text) = std::str::from_utf8(&rest[..end]) else { return };
    let (name, option) = PATTERNS[usize::from(*which) % PATTERNS.len()];
    pattern(name, option, text, &rest[end + 1..], *cut);
}

/// The same of grok, whose library takes so long to compile that the others would hardly run beside it.
pub fn grok(data: &[u8]) {
    let (Some(end), [cut, ..]) = (data.iter().position(|byte| *byte == 0), data) else { return };
    let Ok(text) = std::str::from_utf8(&data[..end]) else { return };
    pattern("grok", "pattern", text, &data[end + 1..], *cut);
}

fn pattern(name: &str, option: &str, text: &str, input: &[u8], cut: u8) {
    let options = Options([(option.to_owned(), OptionValue::Str(text.to_owned()))].into());
    let Ok(format) = compile(name, &options) else { return };
    one_format(&format, input, cut);
}

/// Spans in an encoding that the first byte chooses, where [`formats`] asks the first bytes of the body.
pub fn spans(data: &[u8]) {
    static HOW: LazyLock<Vec<Arc<dyn Format>>> = LazyLock::new(|| {
        let how = ["zipkin", "jaeger"].into_iter().flat_map(|name| ["json", "proto", "thrift"].map(|encoding| (name, encoding)));
        let options = |encoding: &str| Options([("serialization".to_owned(), OptionValue::Str(encoding.to_owned()))].into());
        how.map(|(name, encoding)| compile(name, &options(encoding)).unwrap()).collect()
    });
    let [which, cut, input @ ..] = data else { return };
    one_format(&HOW[usize::from(*which) % HOW.len()], input, *cut);
}

/// A body of the bulk API, and that its answer says what became of it.
pub fn bulk(data: &[u8]) {
    static FORMAT: LazyLock<Arc<dyn Format>> = LazyLock::new(|| compile("elasticsearch_bulk", &Options::default()).unwrap());
    let body = Bytes::copy_from_slice(data);
    let mut out = BatchWriter::new(BlockPool::global(), &LIMITS, &ORIGIN, 1);
    out.give(vec![("index".to_owned(), String::new())]);
    let mut decoder = Arc::clone(&FORMAT).open(LIMITS.frame_bytes_max);
    decoder.feed(&body, &mut out);
    decoder.flush(&mut out);
    answered::check(&body, &out.finish(), "").unwrap_or_else(|why| panic!("{why}"));
}

/// Lines of a table whose columns and signs stand up to the first NUL.
pub fn table(data: &[u8]) {
    let (Some(end), [cut, ..]) = (data.iter().position(|byte| *byte == 0), data) else { return };
    let Ok(text) = std::str::from_utf8(&data[..end]) else { return };
    let mut given = text.split('\n');
    let options = ["columns", "delimiter", "quote", "null"].into_iter().zip(given.by_ref()).filter(|(_, value)| !value.is_empty());
    let options = options.map(|(name, value)| (name.to_owned(), OptionValue::Str(value.to_owned()))).collect();
    let Ok(format) = compile("csv", &Options(options)) else { return };
    one_format(&format, &data[end + 1..], *cut);
}

fn one_format(format: &Arc<dyn Format>, input: &[u8], cut: u8) {
    let name = format.spec().name;
    let input = Bytes::copy_from_slice(input);
    let whole = parse(format, &input, 0);
    let is_adopted = matches!(name, "otlp" | "auto");
    well_formed::check(&input, is_adopted, &whole).unwrap_or_else(|why| panic!("{name}: {why}"));
    let seen = |batch: &Batch| batch.records().map(|record| record.bytes().to_vec()).collect::<Vec<_>>();
    // What finds a format from the content looks at whole chunks.
    if !matches!(name, "auto" | "cri" | "docker") {
        let parts = parse(format, &input, usize::from(cut) * input.len() / 256);
        assert!(seen(&parts) == seen(&whole), "{name}: other records when the source is cut");
    }
    // The outputs cost more than all of the above: every fourth input is enough.
    if input.last().is_none_or(|last| last % 4 == 0) {
        outputs(&whole);
    }
}

/// A condition, asked of records of several kinds.
pub fn condition(data: &[u8]) {
    static BATCH: LazyLock<Batch> = LazyLock::new(|| {
        let lines = br#"{"message":"m","level":"warn","n":7,"f":1.5,"b":true,"list":[1,"a",null],"map":{"k":{"k":"v"}},"empty":"","trace_id":"5b8efff798038103d269b633813fc60c"}
not json
{"time":"2026-11-21T10:00:00Z","msg":"\u00e9"}"#;
        let format = compile("json", &Options::default()).unwrap();
        parse(&format, &Bytes::from_static(lines), 0)
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(condition) = Condition::parse(text) else { return };
    let answers = |condition: &Condition| (0..BATCH.len()).map(|i| condition.matches(&BATCH, i)).collect::<Vec<_>>();
    let first = answers(&condition);
    if let Some(known) = condition.known(&ORIGIN) {
        assert!(first.iter().all(|answer| *answer == known), "{text}: known beforehand, but not so");
    }
    let among = condition.among(&BATCH, &Marks::all(BATCH.len()));
    assert!((0..BATCH.len()).map(|i| among.contains(i)).eq(first.iter().copied()), "{text}: asked of all at once");
    let again = Condition::parse(condition.text()).unwrap();
    assert_eq!(first, answers(&again), "{text}");
}

/// OTLP in, and all that is read from it.
pub fn otlp(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Ok(batch) = Batch::from_otlp(bytes.clone(), &LIMITS) else { return };
    assert_eq!(batch.to_otlp(), bytes);
    outputs(&batch);
    let odd = batch.select(|position| position % 2 == 1);
    let again = Batch::from_otlp(odd.to_otlp(), &Limits::DEFAULT).unwrap();
    assert!(again.records().map(|r| r.bytes()).eq(odd.records().map(|r| r.bytes())));
    assert_eq!(odd.len(), batch.len() / 2);
}

/// OTLP JSON in, and out again as the same.
pub fn otlp_json(data: &[u8]) {
    let Ok(batch) = otlp_json::read(&Bytes::copy_from_slice(data), &LIMITS, &ORIGIN) else { return };
    outputs(&batch);
}

/// Every output can be made; OTLP JSON reads back as what it was made of.
fn outputs(batch: &Batch) {
    let json = Bytes::from(batch.to_otlp_json());
    let again = otlp_json::read(&json, &Limits { depth_max: 64, ..Limits::DEFAULT }, &ORIGIN).unwrap();
    assert!(again.rejects().is_empty());
    assert_eq!(again.len(), batch.len());
    assert_eq!(Bytes::from(again.to_otlp_json()), json);
    assert_eq!(batch.to_ndjson().iter().filter(|byte| **byte == b'\n').count(), batch.len());
    let rows: usize = arrow::Reader::new(batch.clone()).map(|chunk| chunk.unwrap().num_rows()).sum();
    assert_eq!(rows, batch.len());
}

/// A compressed body, as the HTTP and gRPC receivers decode it: never over the bound, the same whole or piece by piece, and whatever comes
/// out is read as a request. The first byte chooses the encoding.
pub fn content(data: &[u8]) {
    const BYTES_MAX: usize = 1 << 16;
    let [which, input @ ..] = data else { return };
    let encoding = [Encoding::Gzip, Encoding::Zstd, Encoding::Deflate, Encoding::Snappy][usize::from(*which) % 4];
    let whole = logloom_wire::decompress(input, encoding, BYTES_MAX);
    if let Ok(whole) = &whole {
        assert!(whole.len() <= BYTES_MAX);
        otlp(whole);
        otlp_json(whole);
    }
    let Ok(mut decoder) = Decompressor::new(encoding) else { return };
    let (mut rest, mut pieces) = (input, Vec::new());
    while let Ok((piece, used)) = decoder.feed(rest, 100) {
        rest = &rest[used..];
        let done = piece.len() < 100;
        pieces.extend(piece);
        if done || pieces.len() > BYTES_MAX {
            break;
        }
    }
    if let Ok(whole) = whole {
        assert!(pieces.starts_with(&whole) || whole.starts_with(&pieces), "other bytes piece by piece");
    }
}
