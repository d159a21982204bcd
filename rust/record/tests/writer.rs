//! What formats write comes out whole, whatever its size, and what they take back leaves nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use logloom_record::{
    AnyValue, Batch, BatchWriter, BlockPool, Key, Limits, Origin, RejectReason, Scalar, Tail, Text,
    proto::{Fields, Value, push_string_attribute},
};
use proptest::prelude::*;

static KEY: Key = Key::new("http.request.method");

fn writer(estimate: usize) -> BatchWriter {
    let origin = Origin { arrival_unix_nano: 7, resource: vec![("service.name".into(), "shop".into())], ..Origin::default() };
    BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(origin), estimate)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every record as (resource bytes, body), read from the request alone, in the order of the bytes.
fn bodies(otlp: &[u8]) -> Vec<(String, String)> {
    let len = |v: Value<'_>| if let Value::Len(b) = v { b.to_vec() } else { panic!("not a message: {v:?}") };
    let sub = |message: &[u8], field: u32| -> Vec<Vec<u8>> {
        Fields::new(message).map(|f| f.unwrap()).filter(|f| f.0 == field).map(|f| len(f.1)).collect()
    };
    let mut all = Vec::new();
    for resource_logs in sub(otlp, 1) {
        let resource = sub(&resource_logs, 1).concat();
        for scope_logs in sub(&resource_logs, 2) {
            for record in sub(&scope_logs, 2) {
                let body = sub(&record, 5).first().map(|any| sub(any, 1).concat()).unwrap_or_default();
                all.push((text(&resource), text(&body)));
            }
        }
    }
    all
}

/// The same through the index, in the order of arrival.
fn indexed(batch: &Batch) -> Vec<String> {
    fn field(message: &[u8], n: u32) -> Option<Value<'_>> {
        Fields::new(message).map(|f| f.unwrap()).find(|f| f.0 == n).map(|f| f.1)
    }
    let body = |record: &[u8]| {
        let Some(Value::Len(any)) = field(record, 5) else { return String::new() };
        let Some(Value::Len(body)) = field(any, 1) else { return String::new() };
        text(body)
    };
    batch.index().iter().map(|entry| body(batch.record_bytes(entry))).collect()
}

fn write(out: &mut BatchWriter, body: &str, nested: usize) {
    let wrote = out.attempt(|out| {
        let mut rec = out.begin(1, 9, Text::from("INFO")).body(Text::from(body)).attr(&KEY, Text::from(body)).attr_i64(&KEY, -1);
        let marks: Vec<_> = (0..nested).map(|_| (rec.open(0x32), rec.name(Text::from("k")), rec.open(0x12), rec.open(0x32))).collect();
        for (kv, (), any, list) in marks.into_iter().rev() {
            rec.string_entry(0x0a, Text::from("leaf"), Text::from(body));
            rec.close(list);
            rec.close(any);
            rec.close(kv);
        }
        rec.finish(&Tail { trace_id: Some([1; 16]), ..Tail::default() });
        Ok(())
    });
    wrote.unwrap();
    out.end_frame();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_of_any_size_come_out(sizes in prop::collection::vec(0usize..40_000, 1..40), nested in 0usize..4, estimate in 1usize..100_000) {
        let mut out = writer(estimate);
        let wanted: Vec<String> = sizes.iter().enumerate().map(|(i, n)| format!("{i}").repeat(n / 2)).collect();
        for body in &wanted {
            write(&mut out, body, nested);
        }
        let batch = out.finish();
        prop_assert_eq!(&indexed(&batch), &wanted);
        let read = bodies(&batch.to_otlp());
        prop_assert_eq!(read.iter().map(|r| r.1.clone()).collect::<Vec<_>>(), wanted);
        prop_assert!(read.iter().all(|r| r.0.contains("service.name") && r.0.contains("shop")));
    }

    #[test]
    fn resources_keep_their_records_and_the_index_keeps_the_order(services in prop::collection::vec(0usize..100, 1..300), lanes_max in 1usize..10) {
        let limits = Limits { lanes_max, ..Limits::DEFAULT };
        let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
        for (i, service) in services.iter().enumerate() {
            let name = format!("service-{service}.");
            out.use_resource(name.as_bytes(), |resource, scope| {
                push_string_attribute(resource, 0x0a, b"service.name", name.as_bytes());
                scope.extend_from_slice(b"\x0a\x05scope");
            });
            write(&mut out, &format!("{i}"), 0);
        }
        let batch = out.finish();
        let wanted: Vec<String> = (0..services.len()).map(|i| i.to_string()).collect();
        prop_assert_eq!(indexed(&batch), wanted);
        for (resource, body) in bodies(&batch.to_otlp()) {
            let service = services[body.parse::<usize>().unwrap()];
            let name = format!("service-{service}.");
            prop_assert!(resource.contains(&name));
        }
        let resources: Vec<String> = batch.groups().iter().map(|g| format!("{:?}{:?}", g.block, g.resource)).collect();
        prop_assert!(resources.len() >= services.iter().collect::<std::collections::HashSet<_>>().len());
    }
}

proptest! {
    #[test]
    fn prepared_attributes_are_what_piecewise_ones_are(name in "[a-z.]{1,56}", value in "[ -~]{0,200}", behind in 0usize..80, number: i64, small in 0i64..40_000) {
        let buffer = [value.as_bytes(), &vec![b'#'; behind]].concat();
        let value = Text::of(&buffer, 0..value.len());
        let (key, plain) = (Key::new(&name), Text::from(name.as_str()));
        let (mut prepared, mut piecewise) = (writer(1 << 16), writer(1 << 16));
        prepared
            .begin(1, 0, Text::EMPTY)
            .body(value)
            .attr(&key, value)
            .attr_list(&key, value)
            .attr_list_named(plain, value)
            .attr_i64(&key, number)
            .attr_i64(&key, small)
            .finish(&Tail::default());
        let mut rec = piecewise.begin(1, 0, Text::EMPTY).body_scalar(Scalar::Str(value)).attr_scalar(plain, Scalar::Str(value));
        for _ in 0..2 {
            let kv = rec.open(0x32);
            rec.name(plain);
            let marks = (rec.open(0x12), rec.open(0x2a), rec.open(0x0a));
            rec.scalar(Scalar::Str(value));
            rec.close(marks.2);
            rec.close(marks.1);
            rec.close(marks.0);
            rec.close(kv);
        }
        rec.attr_scalar(plain, Scalar::Int(number)).attr_scalar(plain, Scalar::Int(small)).finish(&Tail::default());
        prop_assert_eq!(prepared.finish().to_otlp(), piecewise.finish().to_otlp());
    }
}

#[test]
fn a_frame_that_fails_leaves_nothing_behind() {
    let mut out = writer(1);
    write(&mut out, "before", 0);
    let failed = out.attempt(|out| {
        out.begin(0, 0, Text::EMPTY).body(Text::from("first of the frame")).finish(&Tail::default());
        out.use_resource(b"other", |resource, _| push_string_attribute(resource, 0x0a, b"a", b"b"));
        out.begin(0, 0, Text::EMPTY).body(Text::from("second")).finish(&Tail::default());
        let _half = out.begin(0, 0, Text::EMPTY).body(Text::from("third"));
        Err(RejectReason::syntax("no", 3))
    });
    assert_eq!(failed, Err(RejectReason::syntax("no", 3)));
    out.use_resource(b"", |_, _| ());
    out.reject(b"raw \xff bytes", RejectReason::syntax("no", 3), 40, "test");
    write(&mut out, "after", 0);
    let batch = out.finish();
    assert_eq!(indexed(&batch), ["before", "raw \u{fffd} bytes", "after"]);
    assert!(batch.index()[1].flags.is_reject() && batch.index()[1].flags.is_repaired() && !batch.index()[2].flags.is_reject());
    assert_eq!((batch.rejects()[0].record, batch.rejects()[0].offset, batch.rejects()[0].len), (1, 40, 11));
    assert!(batch.to_otlp().windows(11).any(|w| w == b"raw \xff bytes"), "the original is kept as bytes");
}

#[test]
fn a_batch_over_a_block_goes_on_in_the_next_and_a_record_over_a_block_is_refused() {
    let mut out = writer(1);
    let body = "x".repeat(1 << 20);
    for _ in 0..20 {
        write(&mut out, &body, 0);
    }
    let huge = "y".repeat(Limits::BLOCK_BYTES_MAX);
    let refused = out.attempt(|out| {
        out.begin(0, 0, Text::EMPTY).body(Text::from(huge.as_str())).finish(&Tail::default());
        Ok(())
    });
    assert!(refused.is_err());
    write(&mut out, "small", 0);
    let batch = out.finish();
    assert!(batch.blocks().len() > 1 && batch.blocks().iter().all(|b| b.len() <= Limits::BLOCK_BYTES_MAX));
    assert_eq!(bodies(&batch.to_otlp()).len(), 21);
    assert_eq!(batch.otlp_len(), batch.to_otlp().len());
}

#[test]
fn appending_shares_blocks_and_moves_positions() {
    let make = |name: &str| {
        let mut out = writer(1);
        write(&mut out, name, 0);
        out.reject(b"bad", RejectReason::syntax("no", 0), 0, "test");
        out.finish()
    };
    let mut both = make("a");
    both.append(&make("b"));
    assert_eq!(indexed(&both), ["a", "bad", "b", "bad"]);
    assert_eq!(both.rejects().iter().map(|r| r.record).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(bodies(&both.to_otlp()).len(), 4);
}

#[test]
fn attributes_over_the_bound_are_counted_as_dropped() {
    let limits = Limits { attributes_max: 2, ..Limits::DEFAULT };
    let mut out = BatchWriter::new(BlockPool::global(), &limits, &Arc::new(Origin::default()), 1);
    let mut rec = out.begin(0, 0, Text::EMPTY);
    for _ in 0..5 {
        rec = rec.attr_scalar(Text::from("k"), Scalar::Int(i64::MIN));
    }
    rec.finish(&Tail::default());
    let batch = out.finish();
    let fields: Vec<_> = Fields::new(batch.record_bytes(&batch.index()[0])).map(|f| f.unwrap()).collect();
    assert_eq!(fields.iter().filter(|f| f.0 == 6).count(), 2);
    assert!(fields.contains(&(7, Value::Varint(3))));
}

/// A frame that came in something else: what is known of it from there stands in each of its records, and in its Reject.
#[test]
fn an_envelope_adds_to_the_records_of_its_frame() {
    let mut out = writer(1);
    out.envelope().time(7).attr(b"log.iostream", b"stderr").attr_int(b"n", -1).original(b"outer line", false);
    assert!(!out.keeps_original());
    out.begin(0, 0, Text::EMPTY).body(Text::from("a")).finish(&Tail::default());
    out.begin(9, 0, Text::EMPTY).body(Text::from("b")).finish(&Tail::default());
    out.reject(b"c\xff", RejectReason::syntax("expected d", 0), 0, "test");
    out.end_envelope();
    assert!(out.keeps_original());
    out.begin(0, 0, Text::EMPTY).body(Text::from("d")).finish(&Tail::default());
    let batch = out.finish();
    let times: Vec<_> = batch.records().map(|record| record.time_unix_nano).collect();
    assert_eq!(times, [7, 9, 7, 0]);
    let named = |position: usize, name: &str| {
        let record = batch.record(position).unwrap();
        record.attributes().filter(|(key, _)| *key == name.as_bytes()).map(|(_, value)| format!("{value:?}")).collect::<Vec<_>>()
    };
    for position in 0..3 {
        assert_eq!(named(position, "log.iostream"), [format!("{:?}", AnyValue::Str(b"stderr"))]);
        assert_eq!(named(position, "n"), ["Int(-1)"]);
        assert_eq!(named(position, "log.record.original"), [format!("{:?}", AnyValue::Str(b"outer line"))]);
    }
    assert!(named(3, "log.iostream").is_empty());
    Batch::from_otlp(batch.to_otlp(), &Limits::DEFAULT).unwrap();
}

#[test]
fn a_buffer_grows_early_where_more_is_to_come_and_holds_the_same() {
    let line = "x".repeat(100);
    let write = |foresees: bool| {
        let mut out = writer(4096);
        for n in 0..200 {
            out.attempt(|out| {
                out.begin(n, 0, Text::EMPTY).body(Text::from(line.as_str())).finish(&Tail::default());
                Ok(())
            })
            .unwrap();
            if foresees && n == 9 {
                out.foresee(10, 200);
            }
        }
        out.finish()
    };
    let (early, late) = (write(true), write(false));
    assert_eq!(early.len(), 200);
    assert_eq!(early.to_otlp(), late.to_otlp());
}
