//! Records pass through `metrics` as they are, whatever they hold, and what is counted adds up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use logloom_processors::{Metrics, Outcome, Processor, metrics::Instrument};
use logloom_record::{
    Batch, Condition, Limits,
    overlay::{push_double, push_int, push_text},
    proto::push_field,
};
use proptest::{collection::vec, prelude::*};

#[derive(Clone, Debug)]
enum Given {
    Text(Vec<u8>),
    Int(i64),
    Double(f64),
}

fn value() -> impl Strategy<Value = Given> {
    prop_oneof![any::<Vec<u8>>().prop_map(Given::Text), any::<i64>().prop_map(Given::Int), any::<f64>().prop_map(Given::Double)]
}

fn batch(records: &[Vec<(String, Given)>]) -> Batch {
    let (mut scope, mut logs, mut request) = (Vec::new(), Vec::new(), Vec::new());
    for attributes in records {
        let mut record = Vec::new();
        for (key, given) in attributes {
            let (mut pair, mut value) = (Vec::new(), Vec::new());
            match given {
                Given::Text(text) => push_text(&mut value, text),
                Given::Int(number) => push_int(&mut value, *number),
                Given::Double(number) => push_double(&mut value, *number),
            }
            push_field(&mut pair, 0x0a, key.as_bytes());
            push_field(&mut pair, 0x12, &value);
            push_field(&mut record, 0x32, &pair);
        }
        push_field(&mut scope, 0x12, &record);
    }
    push_field(&mut logs, 0x12, &scope);
    push_field(&mut request, 0x0a, &logs);
    Batch::from_otlp(request.into(), &Limits::DEFAULT).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn records_pass_and_counts_add_up(records in vec(vec(("[abv]", value()), 0..4), 0..20), series_max in 1usize..6) {
        let given = batch(&records);
        let counter = Instrument { name: "n".to_owned(), by: vec!["a".to_owned(), "b".to_owned()], ..Instrument::default() };
        let some = Instrument { when: Some(Condition::parse("attributes[\"v\"] > 5").unwrap()), ..counter.clone() };
        let histogram = Instrument { values: vec![("v".to_owned(), 1.0)], bounds: Some(vec![-1.0, 0.0, 10.0]), ..counter.clone() };
        let metrics = Metrics::new(vec![counter, some, histogram], series_max);
        let mut outcome = Outcome::default();
        let made = metrics.apply(given.clone(), &mut outcome);
        prop_assert!(made.is_same(&given));
        prop_assert_eq!(outcome, Outcome::default());
        let measured = metrics.measured();
        let count = |at: usize| measured[at].series.iter().map(|series| series.count).sum::<u64>();
        let first = |attributes: &[(String, Given)]| attributes.iter().find(|(key, _)| key == "v").map(|(_, value)| value.clone());
        let number = |attributes: &[(String, Given)]| match first(attributes)? {
            Given::Int(number) => Some(number as f64),
            Given::Double(number) => Some(number),
            Given::Text(_) => None,
        };
        prop_assert_eq!(count(0), records.len() as u64);
        prop_assert_eq!(count(1), records.iter().filter(|one| number(one).is_some_and(|number| number > 5.0)).count() as u64);
        prop_assert_eq!(count(2), records.iter().filter(|one| number(one).is_some_and(|number| number >= 0.0 && number.is_finite())).count() as u64);
        for one in &measured {
            prop_assert!(one.series.len() <= series_max + 1);
            for series in &one.series {
                prop_assert!(series.buckets.is_empty() || series.buckets.iter().sum::<u64>() == series.count);
                prop_assert!(series.is_overflow || series.labels.len() == 2);
            }
        }
    }
}
