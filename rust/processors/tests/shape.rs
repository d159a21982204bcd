//! Whatever the records, a processor changes what it names and nothing else, and its counts balance.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use logloom_processors::{
    Attributes, Dedup, GroupBy, Outcome, Processor, RateLimit, ResourceAttributes, Sample,
    attributes::{Action, Source, Type},
    dedup, rate_limit, sample,
};
use logloom_record::{
    AnyValue, Batch, Condition, Limits, Lookup, Origin,
    overlay::{push_int, push_text},
    proto::{Fields, Value, push_field, push_string_attribute, text_field},
};
use proptest::{collection::vec, prelude::*};

const SECOND: u64 = 1_000_000_000;

/// What a record is made of: severity, body, attributes, a trace id, a field that nobody knows.
#[derive(Clone, Debug)]
struct Made {
    resource: u8,
    severity: u8,
    body: Vec<u8>,
    attributes: Vec<(String, Vec<u8>)>,
    trace: u8,
}

fn made() -> impl Strategy<Value = Made> {
    let value = prop_oneof![vec(any::<u8>(), 0..6), "[a-cé]{0,3}".prop_map(String::into_bytes)];
    (0u8..3, 0u8..25, value.clone(), vec(("[a-d]{1,2}", value), 0..5), 0u8..4)
        .prop_map(|(resource, severity, body, attributes, trace)| Made { resource, severity, body, attributes, trace })
}

fn record(made: &Made) -> Vec<u8> {
    let mut out = vec![0x09];
    out.extend_from_slice(&7u64.to_le_bytes());
    out.extend_from_slice(&[0x10, made.severity]);
    let mut body = Vec::new();
    push_text(&mut body, &made.body);
    push_field(&mut out, 0x2a, &body);
    for (key, value) in &made.attributes {
        push_string_attribute(&mut out, 0x32, key.as_bytes(), value);
    }
    if made.trace > 0 {
        push_field(&mut out, 0x4a, &[made.trace; 16]);
    }
    out.extend_from_slice(&[0xfa, 0x01, 1, 7]); // field 31, of one byte
    out
}

fn batch_at(all: &[Made], arrival_unix_nano: u64) -> Batch {
    let mut out = Vec::new();
    for made in all {
        let (mut scope_logs, mut logs, mut resource) = (Vec::new(), Vec::new(), Vec::new());
        push_field(&mut scope_logs, 0x12, &record(made));
        push_string_attribute(&mut resource, 0x0a, b"service.name", format!("s{}", made.resource).as_bytes());
        push_field(&mut logs, 0x0a, &resource);
        push_field(&mut logs, 0x12, &scope_logs);
        push_field(&mut out, 0x0a, &logs);
    }
    let origin = Origin { arrival_unix_nano, tenant: "t".into(), peer: "10.0.0.1:99".into(), ..Origin::default() };
    Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap().with_origin(Arc::new(origin))
}

fn batch(all: &[Made]) -> Batch {
    batch_at(all, SECOND)
}

/// All whole fields of a record, but for attributes with these keys.
fn rest(record: &[u8], keys: &[&str]) -> Vec<Vec<u8>> {
    let mut fields = Fields::new(record);
    let mut whole = Vec::new();
    loop {
        let start = fields.position();
        let Some(Ok((field, value))) = fields.next() else { return whole };
        let is_named = matches!(value, Value::Len(pair) if field == 6 && keys.iter().any(|key| text_field(pair, 1) == key.as_bytes()));
        if !is_named {
            whole.push(record[start..fields.position()].to_vec());
        }
    }
}

fn resource_of(batch: &Batch, at: usize) -> Vec<u8> {
    batch.record(at).unwrap().resource().to_vec()
}

fn apply(processor: &dyn Processor, batch: &Batch) -> (Batch, Outcome) {
    let mut outcome = Outcome::default();
    let made = processor.apply(batch.clone(), &mut outcome);
    assert_eq!(made.len() as u64 + outcome.dropped, batch.len() as u64);
    (made, outcome)
}

fn sampling(percentage: f32, keep: Option<&str>) -> Sample {
    Sample::new(sample::Settings {
        mode: sample::Mode::HashSeed,
        percentage,
        rates: Vec::new(),
        hash_seed: 0,
        precision: 4,
        by_trace_id: true,
        from_attribute: None,
        priority: None,
        fail_closed: None,
        keep: keep.map(|keep| Condition::parse(keep).unwrap()),
        count_attribute: Some("n".into()),
    })
}

fn deduplicating(exclude: &[&str], include: &[&str], keys_max: usize) -> Dedup {
    let paths = |texts: &[&str]| texts.iter().map(|text| dedup::Path::parse(text).unwrap()).collect();
    Dedup::new(dedup::Settings {
        interval_nanos: 10 * SECOND,
        count_attribute: "log_count".into(),
        timezone: dedup::timezone_of("UTC").unwrap(),
        exclude: paths(exclude),
        include: paths(include),
        conditions: Vec::new(),
        keys_max,
    })
}

fn counts(said: &[Batch]) -> i64 {
    let count = |value| if let Some(AnyValue::Int(count)) = value { count } else { panic!("{value:?}") };
    said.iter().flat_map(|batch| batch.records().map(|record| count(record.attribute("log_count"))).collect::<Vec<_>>()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn attributes_change_what_they_name(all in vec(made(), 0..8), key in "[a-d]{1,2}") {
        let given = batch(&all);
        let put = |inserts, updates| Action::Put {
            key: key.clone(), inserts, updates, source: Source::Value({ let mut out = Vec::new(); push_int(&mut out, 7); out }), default: None,
        };
        for action in [
            put(true, false), put(false, true), put(true, true),
            Action::Delete { key: Some(key.clone()), pattern: None },
            Action::Hash { key: Some(key.clone()), pattern: None },
            Action::Convert { key: key.clone(), to: Type::Int },
            Action::Convert { key: key.clone(), to: Type::Double },
        ] {
            let (made, _) = apply(&Attributes::new(vec![action.clone()], None), &given);
            for at in 0..given.len() {
                let (old, new) = (given.record(at).unwrap(), made.record(at).unwrap());
                prop_assert_eq!(rest(old.bytes(), &[&key]), rest(new.bytes(), &[&key]));
                prop_assert_eq!(old.resource(), new.resource());
                match &action {
                    Action::Delete { .. } => prop_assert!(new.attribute(&key).is_none()),
                    Action::Put { inserts: true, updates: true, .. } => prop_assert!(matches!(new.attribute(&key), Some(AnyValue::Int(7)))),
                    Action::Put { inserts, .. } => {
                        let is_seven = matches!(new.attribute(&key), Some(AnyValue::Int(7)));
                        prop_assert_eq!(is_seven, old.attribute(&key).is_none() == *inserts);
                    }
                    Action::Hash { .. } => if let Some(AnyValue::Str(text)) = new.attribute(&key) {
                        prop_assert!(text.is_empty() || text.len() == 64 && text.is_ascii());
                    },
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn extracted_texts_are_text(all in vec(made(), 0..8)) {
        let given = batch(&all);
        let pattern = regex::Regex::new("(?P<zz>.)(?P<yy>c)?").unwrap();
        let (made, _) = apply(&Attributes::new(vec![Action::Extract { key: "a".into(), pattern }], None), &given);
        for at in 0..given.len() {
            let (old, new) = (given.record(at).unwrap(), made.record(at).unwrap());
            prop_assert_eq!(rest(old.bytes(), &["zz", "yy"]), rest(new.bytes(), &["zz", "yy"]));
            for key in ["zz", "yy"] {
                if let Some(AnyValue::Str(text)) = new.attribute(key) {
                    prop_assert!(std::str::from_utf8(text).is_ok());
                }
            }
        }
    }

    #[test]
    fn resources_change_and_records_do_not(all in vec(made(), 0..8)) {
        let given = batch(&all);
        let mut value = Vec::new();
        push_text(&mut value, b"x");
        let action = Action::Put { key: "k8s.cluster.name".into(), inserts: true, updates: true, source: Source::Value(value), default: None };
        let (made, _) = apply(&ResourceAttributes::new(vec![action]), &given);
        for at in 0..given.len() {
            prop_assert_eq!(given.record(at).unwrap().bytes(), made.record(at).unwrap().bytes());
            prop_assert!(resource_of(&made, at).starts_with(&resource_of(&given, at)));
            prop_assert!(resource_of(&made, at).len() > resource_of(&given, at).len());
        }
    }

    #[test]
    fn what_is_grouped_keeps_its_order_and_all_else(all in vec(made(), 0..12), key in "[a-d]") {
        let given = batch(&all);
        let (made, _) = apply(&GroupBy::new(vec![key.clone()]), &given);
        prop_assert_eq!(made.len(), given.len());
        let mut distinct = Vec::new();
        for at in 0..given.len() {
            let (old, new) = (given.record(at).unwrap(), made.record(at).unwrap());
            match old.attribute(&key) {
                None => {
                    prop_assert_eq!(old.bytes(), new.bytes());
                    prop_assert_eq!(old.resource(), new.resource());
                }
                Some(value) => {
                    prop_assert_eq!(rest(old.bytes(), &[&key]), rest(new.bytes(), &[]));
                    let moved = new.resource_attributes().find(|(name, _)| *name == key.as_bytes()).map(|(_, value)| format!("{value:?}"));
                    prop_assert_eq!(moved, Some(format!("{value:?}")));
                }
            }
            if !distinct.contains(&new.resource()) {
                distinct.push(new.resource());
            }
        }
        prop_assert_eq!(made.groups().len(), distinct.len(), "each resource stands once");
        let again = Batch::from_otlp(made.to_otlp(), &Limits::DEFAULT).unwrap();
        prop_assert_eq!(again.len(), given.len());
    }

    #[test]
    fn compact_batches_say_the_same(all in vec(made(), 0..12)) {
        let given = batch(&all);
        let made = given.compact();
        for at in 0..given.len() {
            prop_assert_eq!(given.record(at).unwrap().bytes(), made.record(at).unwrap().bytes());
            prop_assert_eq!(resource_of(&given, at), resource_of(&made, at));
            prop_assert_eq!(given.index()[at].trace_id, made.index()[at].trace_id);
        }
        prop_assert!(made.compact().is_same(&made));
    }

    #[test]
    fn a_trace_stays_whole_and_a_larger_share_has_the_smaller_one(all in vec(made(), 0..20), percentage in 1f32..99.0) {
        let given = batch(&all);
        let traces = |percentage: f32| {
            let (made, _) = apply(&sampling(percentage, None), &given);
            made.index().iter().map(|entry| entry.trace_id).filter(|id| *id != [0; 16]).collect::<Vec<_>>()
        };
        let (some, more) = (traces(percentage), traces((percentage * 1.5).min(100.0)));
        for entry in given.index() {
            let all = given.index().iter().filter(|other| other.trace_id == entry.trace_id).count();
            let kept = some.iter().filter(|id| **id == entry.trace_id).count();
            prop_assert!(entry.trace_id == [0; 16] || kept == 0 || kept == all);
            prop_assert!(kept == 0 || more.contains(&entry.trace_id));
        }
    }

    #[test]
    fn what_is_sampled_gets_three_attributes_and_errors_none(all in vec(made(), 0..20)) {
        let given = batch(&all);
        let (made, _) = apply(&sampling(30.0, Some("severity >= ERROR")), &given);
        let added = ["sampling.threshold", "sampling.randomness", "n"];
        let originals: Vec<_> = given.records().map(|record| rest(record.bytes(), &[])).collect();
        for record in made.records() {
            prop_assert!(originals.contains(&rest(record.bytes(), &added)));
            prop_assert_eq!(record.attribute("n").is_none(), record.severity_number >= 17);
        }
        let errors = |batch: &Batch| batch.index().iter().filter(|entry| entry.severity >= 17).count();
        prop_assert_eq!(errors(&made), errors(&given));
    }

    #[test]
    fn duplicates_are_counted_to_the_record(all in vec(vec(made(), 0..12), 1..4), keys_max in 1usize..20) {
        let dedup = deduplicating(&["attributes.a", "body.x"], &[], keys_max);
        let (mut came, mut went, mut counted) = (0, 0, 0);
        for (at, made) in all.iter().enumerate() {
            let given = batch_at(made, at as u64 * 6 * SECOND + 1);
            let (passed, outcome) = apply(&dedup, &given);
            came += given.len() as i64;
            went += passed.len() as i64;
            prop_assert_eq!(outcome.rules.get("duplicates").copied().unwrap_or_default(), outcome.dropped);
            let originals: Vec<_> = given.records().map(|record| record.bytes().to_vec()).collect();
            prop_assert!(passed.records().all(|record| originals.iter().any(|original| original == record.bytes())), "what passes is untouched");
            counted += counts(&dedup.tick(at as u64 * 6 * SECOND + 2));
        }
        let last = dedup.flush(100 * SECOND);
        prop_assert!(last.iter().all(|batch| batch.origin().tenant == "t" && batch.origin().peer.is_empty()));
        prop_assert_eq!(went + counted + counts(&last), came);
        prop_assert!(dedup.flush(100 * SECOND).is_empty());
    }

    #[test]
    fn a_rate_is_never_exceeded(all in vec(vec(made(), 0..30), 1..5), rate in 1u8..9, burst in 1u8..9) {
        let limit = RateLimit::new(rate_limit::Settings {
            key: vec![Lookup::parse("resource['service.name']").unwrap(), Lookup::parse("tenant").unwrap()],
            records: Some((rate.into(), burst.into())),
            bytes: None,
            by_severity: true,
            keys_max: 2,
        });
        let mut passed = [0usize; 3];
        for (second, made) in all.iter().enumerate() {
            let given = batch_at(made, (second as u64 + 1) * SECOND);
            let (kept, outcome) = apply(&limit, &given);
            prop_assert_eq!(outcome.rules.values().sum::<u64>(), outcome.dropped);
            for at in 0..kept.len() {
                let resource = resource_of(&kept, at);
                passed[usize::from(resource[resource.len() - 1] - b'0')] += 1;
            }
        }
        let most = usize::from(burst) + usize::from(rate) * (all.len() - 1);
        prop_assert!(passed.iter().all(|passed| *passed <= most), "{:?} of {}", passed, most);
    }

    #[test]
    fn nothing_panics_at_any_bytes(bytes in vec(any::<u8>(), 0..120)) {
        let Ok(given) = Batch::from_otlp(bytes.into(), &Limits::DEFAULT) else { return Ok(()) };
        let dedup = deduplicating(&["body.a"], &["attributes.b"], 5);
        apply(&dedup, &given);
        dedup.flush(0);
        apply(&sampling(50.0, None), &given);
        apply(&GroupBy::new(vec![String::new(), "a".into()]), &given);
        apply(&GroupBy::new(Vec::new()), &given);
    }
}

#[test]
fn fields_that_are_excluded_may_differ_and_are_not_in_the_count() {
    let one = |a: &str| Made {
        resource: 0,
        severity: 9,
        body: b"x".to_vec(),
        attributes: vec![("a".into(), a.into()), ("b".into(), b"1".to_vec())],
        trace: 0,
    };
    let dedup = deduplicating(&["attributes.a"], &[], 10);
    let (passed, _) = apply(&dedup, &batch(&[one("1"), one("2"), one("3")]));
    assert_eq!(passed.len(), 1);
    assert!(dedup.tick(2 * SECOND).is_empty(), "the window is open");
    let said = dedup.tick(11 * SECOND);
    assert_eq!((said.len(), counts(&said)), (1, 2));
    let record = said[0].record(0).unwrap();
    assert!(record.attribute("a").is_none() && record.attribute("b").is_some());
    assert_eq!(record.attribute("first_observed_timestamp").unwrap().as_str(), Some(&b"1970-01-01T00:00:01Z"[..]));
    assert_eq!((record.time_unix_nano, record.observed_time_unix_nano), (11 * SECOND, 11 * SECOND));
    assert_eq!(record.severity_number, 9);
}

#[test]
fn paths_are_the_collectors() {
    let path = |text: &str| dedup::Path::parse(text).map(|path| (path.in_body, path.keys));
    assert_eq!(path("attributes.host\\.name"), Some((false, vec![b"host.name".to_vec()])));
    assert_eq!(path("body.a.b"), Some((true, vec![b"a".to_vec(), b"b".to_vec()])));
    for wrong in ["body", "attributes.", "resource.a", "", "attributes.a..b"] {
        assert_eq!(path(wrong), None, "{wrong}");
    }
}

#[test]
fn the_least_severe_go_first() {
    let limit =
        RateLimit::new(rate_limit::Settings { key: Vec::new(), records: Some((1.0, 10.0)), bytes: None, by_severity: true, keys_max: 10 });
    let one = |severity: u8| Made { resource: 0, severity, body: Vec::new(), attributes: Vec::new(), trace: 0 };
    let all: Vec<_> = (0..10).map(|_| one(5)).chain((0..8).map(|_| one(17))).collect();
    let (passed, outcome) = apply(&limit, &batch(&all));
    assert_eq!(passed.index().iter().filter(|entry| entry.severity == 17).count(), 8);
    assert_eq!((passed.len(), outcome.rules["records_per_second"]), (8, 10), "debug leaves half of the bucket");
}
