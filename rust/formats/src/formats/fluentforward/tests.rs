//! Records that are read from `MessagePack` itself are those that its JSON becomes.

use logloom_record::{BlockPool, Limits, Origin};
use proptest::prelude::*;

use super::*;

/// A value, as clients send it.
#[derive(Clone, Debug)]
enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(Vec<u8>),
    Bin(Vec<u8>),
    Ext(u8, Vec<u8>),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl Value {
    fn pack(&self, out: &mut Vec<u8>) {
        let mut sized = |kind: u8, len: usize| {
            out.push(kind);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        };
        match self {
            Self::Nil => out.push(0xc0),
            Self::Bool(value) => out.push(0xc2 + u8::from(*value)),
            Self::Int(value) => {
                out.push(0xd3);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Self::Uint(value) => {
                out.push(0xcf);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Self::Float(value) => {
                out.push(0xcb);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Self::Str(text) => {
                sized(0xdb, text.len());
                out.extend_from_slice(text);
            }
            Self::Bin(bytes) => {
                sized(0xc6, bytes.len());
                out.extend_from_slice(bytes);
            }
            Self::Ext(kind, bytes) => {
                sized(0xc9, bytes.len());
                out.push(*kind);
                out.extend_from_slice(bytes);
            }
            Self::Array(values) => {
                sized(0xdd, values.len());
                for value in values {
                    value.pack(out);
                }
            }
            Self::Map(pairs) => {
                sized(0xdf, pairs.len());
                for (key, value) in pairs {
                    key.pack(out);
                    value.pack(out);
                }
            }
        }
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ -~]{0,20}".prop_map(String::into_bytes),
        1 => "[a-zäßé\u{1f600}\"\\\\\n\t\u{0}\u{7f}]{0,12}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
        1 => prop::sample::select(vec![
            "2026-11-21T10:40:59.509Z", "1795257659", "warn", "ERROR", "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", "main.go:12", "12", "",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01", "a\nb",
        ]).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn key() -> impl Strategy<Value = Value> {
    let known = prop::sample::select(vec![
        "time",
        "timestamp",
        "level",
        "severity",
        "message",
        "log",
        "msg",
        "trace_id",
        "span_id",
        "trace_flags",
        "pid",
        "thread",
        "error",
        "service",
        "kubernetes",
        "stream",
        "status",
        "caller",
        "exception",
        "fields",
        "name",
        "traceparent",
        "dd.trace_id",
        "event_name",
        "stack",
        "http",
        "error.type",
        "type",
    ]);
    prop_oneof![
        8 => known.prop_map(|key| Value::Str(key.as_bytes().to_vec())),
        2 => "[a-z._]{0,6}".prop_map(|key| Value::Str(key.into_bytes())),
        1 => text().prop_map(Value::Str),
        1 => text().prop_map(Value::Bin),
        1 => any::<i64>().prop_map(Value::Int),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Nil),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(Value::Int),
        1 => (0_u64..100).prop_map(Value::Uint),
        1 => prop::sample::select(vec![1_795_257_659_u64, 1_795_257_659_509, 1_795_257_659_509_000_000, 1 << 63, u64::MAX]).prop_map(Value::Uint),
        1 => any::<f64>().prop_map(Value::Float),
        6 => text().prop_map(Value::Str),
        1 => proptest::collection::vec(any::<u8>(), 0..17).prop_map(Value::Bin),
        1 => (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..9)).prop_map(|(kind, bytes)| Value::Ext(kind, bytes)),
        1 => Just(Value::Ext(0, vec![0x6a, 0xff, 1, 2, 0, 0, 0, 9])),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((key(), inner), 0..4).prop_map(Value::Map),
        ]
    })
}

fn format() -> FluentForward {
    let options = Options::default();
    FluentForward { object: (json::SPEC.compile)(&options).unwrap(), dialect: json::dialect(&options).unwrap() }
}

/// The records that the event becomes, and whether it was read without JSON; `None` where it was to be, and could not be.
fn read(format: &FluentForward, bytes: &[u8], limits: &Limits, by_json: bool) -> Option<(Result<(), RejectReason>, Vec<u8>)> {
    let mut out = BatchWriter::new(BlockPool::global(), limits, &Arc::new(Origin::default()), 1);
    let event = Event { time: 0, metadata: None, record: 0 };
    let depth = limits.depth_max.min(DEPTH_MAX);
    out.envelope().time(7).no_original().attr(b"fluent.tag", b"t");
    let mut scratch = Scratch::default();
    let result = if by_json {
        format.by_json(bytes, &event, depth, &mut scratch.json, &mut out)
    } else {
        format.packed(bytes, &event, depth, &mut scratch, &mut out)?
    };
    out.end_envelope();
    Some((result, out.finish().to_otlp().to_vec()))
}

fn packed(pairs: &[(Value, Value)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Value::Map(pairs.to_vec()).pack(&mut bytes);
    bytes
}

fn pair(key: &str, value: Value) -> (Value, Value) {
    (Value::Str(key.into()), value)
}

proptest! {
    #[test]
    fn what_is_read_directly_is_what_its_json_becomes(
        maps in proptest::collection::vec(proptest::collection::vec((key(), value()), 0..14), 1..4),
        attributes_max in prop::sample::select(vec![3_u32, 128]),
        depth_max in prop::sample::select(vec![1_u32, 3, 64]),
    ) {
        let format = format();
        let limits = Limits { attributes_max, depth_max, ..Limits::DEFAULT };
        for pairs in maps {
            let bytes = packed(&pairs);
            if let Some(direct) = read(&format, &bytes, &limits, false) {
                prop_assert_eq!(Some(direct), read(&format, &bytes, &limits, true));
            }
        }
    }

    #[test]
    fn events_that_are_alike_are_read_as_each_by_itself(
        keys in proptest::collection::vec(key(), 0..10),
        values in proptest::collection::vec(proptest::collection::vec(value(), 10), 1..6),
        attributes_max in prop::sample::select(vec![3_u32, 128]),
        depth_max in prop::sample::select(vec![1_u32, 3, 64]),
    ) {
        let limits = Limits { attributes_max, depth_max, ..Limits::DEFAULT };
        // The second time around, all of them were learned.
        let maps: Vec<_> = values.iter().chain(&values).map(|values| packed(&keys.iter().cloned().zip(values.iter().cloned()).collect::<Vec<_>>())).collect();
        is_the_same_in_packed_mode(&maps, &limits);
    }

    #[test]
    fn no_bytes_are_too_bad(bytes in proptest::collection::vec(any::<u8>(), 0..60), pairs in proptest::collection::vec((key(), value()), 0..5), cut in 0_usize..200) {
        let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
        let mut whole = vec![0x92, 0xa1, b't', 0x91, 0x92, 0x01];
        whole.extend_from_slice(&packed(&pairs));
        whole.truncate(cut.max(1));
        whole.extend_from_slice(&bytes);
        let _ = format().parse(Text::from(whole.as_slice()), &mut out);
        let _ = format().parse(Text::from(bytes.as_slice()), &mut out);
    }
}

/// These records as events of one message become what each becomes in a message of its own.
fn is_the_same_in_packed_mode(maps: &[Vec<u8>], limits: &Limits) {
    let format = format();
    let mut alone = BatchWriter::new(BlockPool::global(), limits, &Arc::new(Origin::default()), 1);
    let (mut events, mut starts) = (Vec::new(), Vec::new());
    for map in maps {
        let message = [&[0x93, 0xa1, b't', 7], map.as_slice()].concat();
        // A Reject keeps what was read as a whole: that is another one here.
        if format.parse(Text::from(message.as_slice()), &mut alone).is_ok() {
            starts.push(events.len());
            events.extend_from_slice(&[0x92, 7]);
            events.extend_from_slice(map);
        }
    }
    let alone = alone.finish();
    let sized = |kind: u8, bytes: &[u8]| [&[kind], &(bytes.len() as u32).to_be_bytes()[..]].concat();
    let in_packed_mode = [&[0x92, 0xa1, b't'], sized(0xc6, &events).as_slice(), &events].concat();
    let in_forward_mode = [&[0x92, 0xa1, b't', 0xdd], (starts.len() as u32).to_be_bytes().as_slice(), &events].concat();
    for message in [in_packed_mode, in_forward_mode] {
        let mut out = BatchWriter::new(BlockPool::global(), limits, &Arc::new(Origin::default()), 1);
        assert_eq!(format.parse(Text::from(message.as_slice()), &mut out), Ok(()));
        let together = out.finish();
        assert!(together.rejects().is_empty());
        assert_eq!(together.to_otlp(), alone.to_otlp());
    }
}

#[test]
fn events_of_several_kinds_are_learned_side_by_side() {
    let number = |value: u64| Value::Uint(value);
    let text = |text: &str| Value::Str(text.as_bytes().to_vec());
    let http =
        |status: u64| Value::Map(vec![pair("method", text("GET")), pair("status", number(status)), pair("none", Value::Map(Vec::new()))]);
    let long = "a key of many words, ".repeat(8);
    let kinds = [
        packed(&[pair("log", text("a \"quoted\" line\n")), pair("time", text("2026-11-21T10:40:59.509Z")), pair("level", text("warn"))]),
        packed(&[pair("log", text("grüße")), pair("time", number(1_795_257_659)), pair("level", number(30))]),
        packed(&[pair("log", Value::Str(vec![0xff, b'a'])), pair("took", Value::Float(0.25)), pair("trace_id", Value::Bin(vec![7; 16]))]),
        packed(&[pair("http", http(200)), pair("msg", text("x")), pair("tags", Value::Array(vec![number(1), text("b")]))]),
        packed(&[pair("http", text("no map here")), pair("msg", Value::Nil), pair("tags", Value::Bool(true))]),
        packed(&[pair("msg", text("y")), pair(&long, number(u64::MAX)), pair("dd", Value::Map(vec![pair("trace_id", number(12))]))]),
        packed(&[pair("http", http(503)), pair("msg", text("z")), pair("http2", Value::Map(Vec::new()))]),
        packed(&[]),
    ];
    let maps: Vec<_> = (0..40).map(|n| kinds[n * 5 % kinds.len()].clone()).collect();
    is_the_same_in_packed_mode(&maps, &Limits::DEFAULT);
}

#[test]
fn an_event_like_one_before_is_not_looked_through_for_its_end() {
    let format = format();
    let event = |text: &str| [&[0x92, 7][..], &packed(&[pair("msg", Value::Str(text.into())), pair("n", Value::Uint(3))])].concat();
    let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    let mut scratch = Scratch::default();
    let mut known = |bytes: &[u8], scratch: &mut Scratch| format.known_event(b"t", Text::from(bytes), scratch, &mut out);
    let first = event("one");
    assert_eq!(known(&first, &mut scratch), None);
    assert!(scratch.is_new);
    let mut other = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
    format.event(b"t", Text::from(first.as_slice()), 0, &mut scratch, &mut other);
    let two = [event("another"), event("third")].concat();
    assert_eq!(known(&two, &mut scratch), Some(event("another").len()));
    for cut in 0..event("another").len() {
        assert_eq!(known(&two[..cut], &mut scratch), None, "{cut}");
    }
}

#[test]
fn what_clients_send_is_read_without_json() {
    let nested =
        Value::Map(vec![pair("pod", Value::Str(b"cart-1".to_vec())), pair("labels", Value::Array(vec![Value::Str(b"a".to_vec())]))]);
    let bytes = packed(&[
        pair("log", Value::Str(b"GET /cart \"quoted\"\n".to_vec())),
        pair("level", Value::Str(b"warn".to_vec())),
        pair("time", Value::Str(b"2026-11-21T10:40:59.509Z".to_vec())),
        pair("took", Value::Float(0.25)),
        pair("status", Value::Uint(503)),
        pair("kubernetes", nested),
        pair("http", Value::Map(vec![pair("method", Value::Str(b"GET".to_vec())), pair("status", Value::Uint(200))])),
        pair("error", Value::Map(vec![pair("type", Value::Str(b"E".to_vec())), pair("stack", Value::Str(b"a\n b".to_vec()))])),
        pair("trace_id", Value::Bin(vec![7; 16])),
        pair("none", Value::Nil),
        pair("is", Value::Bool(true)),
        pair("bad", Value::Str(vec![0xff, b'a'])),
    ]);
    let format = format();
    for _ in 0..2 {
        let direct = read(&format, &bytes, &Limits::DEFAULT, false);
        assert!(direct.as_ref().is_some_and(|read| read.0.is_ok()));
        assert_eq!(direct, read(&format, &bytes, &Limits::DEFAULT, true));
    }
}

#[test]
fn a_key_that_comes_twice_also_in_another_way_is_left_to_json() {
    let format = format();
    let twice = packed(&[pair("a", Value::Nil), pair("a", Value::Bool(true))]);
    let dotted = packed(&[pair("error.type", Value::Nil), pair("error", Value::Map(vec![pair("type", Value::Bool(true))]))]);
    let plain = packed(&[pair("fields", Value::Map(vec![pair("a", Value::Nil)]))]);
    for bytes in [twice, dotted, plain] {
        assert!(read(&format, &bytes, &Limits::DEFAULT, false).is_none());
    }
}
