//! Whatever the records, enrichment changes nothing but what it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::time::Duration;

use logloom_processors::{
    Enrich, Outcome, Processor,
    enrich::{Constant, Settings, container_of},
};
use logloom_record::{
    Batch, Limits,
    proto::{Fields, Value, push_field, push_string_attribute, text_field},
};
use proptest::{collection::vec, prelude::*};

/// All fields, whole, but for attributes of these keys.
fn untouched<'a>(message: &'a [u8], number: u32, keys: &[&str]) -> Vec<&'a [u8]> {
    let mut fields = Fields::new(message);
    let mut whole = Vec::new();
    loop {
        let start = fields.position();
        let Some(Ok((field, value))) = fields.next() else { return whole };
        let is_named = matches!(value, Value::Len(pair) if field == number && keys.iter().any(|key| text_field(pair, 1) == key.as_bytes()));
        if !is_named {
            whole.push(&message[start..fields.position()]);
        }
    }
}

const FACTS: &[&str] =
    &["k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name", "k8s.container.restart_count", "container.id", "zone"];
const PATH: &str = "/var/log/pods/shop_cart_49cc7c1f-d370-2c40-b686-86ea7488b91d/app/3.log";

fn attributes() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let key = prop_oneof![Just("a".to_owned()), Just("path".to_owned()), Just("zone".to_owned()), "[a-z.]{0,3}"];
    let value = prop_oneof![any::<Vec<u8>>(), Just(PATH.as_bytes().to_vec())];
    vec((key, value), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_else_changes(
        groups in vec((attributes(), vec((attributes(), any::<bool>()), 0..4)), 0..4), overwrite: bool,
    ) {
        let mut request = Vec::new();
        for (resource_attributes, records) in &groups {
            let (mut resource, mut scope, mut logs) = (Vec::new(), Vec::new(), Vec::new());
            for (key, value) in resource_attributes {
                push_string_attribute(&mut resource, 0x0a, key.as_bytes(), value);
            }
            for (attributes, unknown) in records {
                let mut record = Vec::new();
                for (key, value) in attributes {
                    push_string_attribute(&mut record, 0x32, key.as_bytes(), value);
                }
                if *unknown {
                    record.extend_from_slice(&[0xfa, 0x01, 1, 7]); // field 31, of one byte
                }
                push_field(&mut scope, 0x12, &record);
            }
            push_field(&mut logs, 0x0a, &resource);
            push_field(&mut logs, 0x12, &scope);
            push_field(&mut request, 0x0a, &logs);
        }
        let given = Batch::from_otlp(request.into(), &Limits::DEFAULT).unwrap();
        let settings = Settings {
            attributes: vec![("a".to_owned(), Constant::Text("é".to_owned()))],
            resource: vec![("zone".to_owned(), Constant::Int(-1))],
            paths: vec!["path".to_owned()],
            overwrite,
            reload_every: Duration::from_secs(1),
            ..Settings::default()
        };
        let enrich = Enrich::new(settings, Box::new(|_, _| ())).unwrap();
        let mut outcome = Outcome::default();
        let made = enrich.apply(given.clone(), &mut outcome);
        prop_assert_eq!(made.len(), given.len());
        prop_assert_eq!(outcome.dropped + outcome.added + outcome.failed, 0);
        for (was, is) in given.records().zip(made.records()) {
            prop_assert_eq!(untouched(was.bytes(), 6, &["a"]), untouched(is.bytes(), 6, &["a"]));
            prop_assert_eq!(untouched(was.resource(), 1, FACTS), untouched(is.resource(), 1, FACTS));
            if !overwrite && let Some(value) = was.attribute("a") {
                prop_assert_eq!(is.attribute("a").unwrap().as_str(), value.as_str());
            }
        }
        prop_assert!(Batch::from_otlp(made.to_otlp(), &Limits::DEFAULT).is_ok());
    }

    #[test]
    fn any_path(path: String, pieces in vec(proptest::sample::select(&["/", "_", "-", ".log", ".gz", "0", "a", "-json.log", "49cc7c1f-d370-2c40-b686-86ea7488b91d", "é"][..]), 0..12)) {
        for path in [path, pieces.concat()] {
            for (_, value) in container_of(&path) {
                prop_assert!(path.contains(value));
            }
        }
    }
}
