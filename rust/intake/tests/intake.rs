//! The data path, seen by a receiver and an exporter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use logloom_formats::{OptionValue, Options, compile};
use logloom_intake::{Intake, Messages, OnUnreadable, Pipeline, Pipelines, Sender, Source};
use logloom_journal::{Cursor, CursorOptions, Journal, Outcome, Start, Step};
use logloom_record::{Delivery, Done, Limits, Origin, expr::Condition};

struct House {
    intake: Arc<Intake>,
    cursors: Vec<Cursor>,
}

/// An Intake with these pipelines (name, `when:`), all fed by receiver `in`, and one exporter for each.
fn house(bytes_max: usize, pipelines: &[(&str, Option<&str>)], default: Option<&str>) -> House {
    let journal = Journal::memory(bytes_max);
    let all = pipelines.iter().map(|(name, when)| Pipeline {
        name: Arc::from(*name),
        receivers: vec!["in".into()],
        when: when.map(|when| Condition::parse(when).unwrap()),
        ..Pipeline::default()
    });
    let pipelines_of = Pipelines::new(all.collect(), default).unwrap();
    let cursor = |name: &str| CursorOptions { name: name.into(), pipelines: vec![name.into()], start: Start::Tail };
    let cursors = pipelines.iter().map(|(name, _)| journal.cursor(cursor(name)).unwrap()).collect();
    House { intake: Intake::new(journal, pipelines_of, Limits::DEFAULT), cursors }
}

impl House {
    fn source(&self, format: &str, offset: u64) -> Source {
        // A line of text would else wait for the next one, which may be of its record.
        let options = Options([("multiline".to_owned(), OptionValue::Str("off".to_owned()))].into());
        let format = compile(format, &options).unwrap();
        Source::new(Arc::clone(&self.intake), format, Origin { receiver: "in".into(), ..Origin::default() }, offset, true)
    }

    fn bodies(&self, exporter: usize) -> Vec<String> {
        let next = self.cursors[exporter].next(1000, 1 << 20, Duration::ZERO);
        let Some(Step { batch, position }) = next else { return Vec::new() };
        self.cursors[exporter].done(position, Outcome { delivered: batch.len() as u64, ..Outcome::default() }, None).unwrap();
        let text = |i: usize| String::from_utf8_lossy(batch.record_bytes(&batch.index()[i])).into_owned();
        (0..batch.len()).map(text).collect()
    }
}

fn done(delivery: Delivery) -> Done {
    match delivery {
        Delivery::Done(done) => done,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_offset_is_safe_only_when_the_exporters_are_done() {
    let house = house(1 << 20, &[("a", None)], None);
    let mut source = house.source("text", 1000);
    let pushed = done(source.push(Bytes::from_static(b"one\ntwo\nthr")));
    assert_eq!((pushed.accepted, pushed.durable_to), (2, 1000));
    assert_eq!(house.bodies(0).len(), 2);
    assert_eq!(source.durable_to(), 1008, "the line that is cut still waits");
    assert_eq!(done(source.push(Bytes::from_static(b"ee"))).accepted, 0);
    assert_eq!(source.durable_to(), 1008);
    let flushed = done(source.flush());
    assert_eq!((flushed.accepted, source.durable_to()), (1, 1008));
    assert!(house.bodies(0)[0].contains("three"));
    assert_eq!(source.durable_to(), 1013);
}

#[test]
fn a_full_journal_takes_nothing_not_even_by_the_decoder() {
    let house = house(1, &[("a", None)], None);
    let mut source = house.source("text", 0);
    done(source.push(Bytes::from_static(b"one\ntw")));
    assert!(matches!(source.push(Bytes::from_static(b"o\n")), Delivery::Retry(_)));
    assert_eq!(house.bodies(0).len(), 1);
    assert_eq!(done(source.push(Bytes::from_static(b"o\n"))).accepted, 1);
    assert!(house.bodies(0)[0].contains("two"));
    let accounts = house.intake.journal().accounts();
    assert_eq!(accounts.receivers["in"].refused["full"], 1);
    assert_eq!((accounts.receivers["in"].frames, accounts.exporters["a"].delivered, accounts.balance()), (2, 2, Ok(())));
}

#[test]
fn records_go_to_every_pipeline_that_wants_them_and_the_rest_to_the_default() {
    let pipelines = [("all", None), ("greens", Some("body contains \"green\"")), ("rest", Some("body contains \"nothing\""))];
    let house = house(1 << 20, &pipelines[1..], Some("rest"));
    let mut source = house.source("text", 0);
    done(source.push(Bytes::from_static(b"a green one\na red one\n")));
    assert_eq!(house.bodies(0).len(), 1);
    let rest = house.bodies(1);
    assert!(rest.len() == 1 && rest[0].contains("red"), "{rest:?}");
    let counted = house.intake.counters().read();
    assert_eq!((counted.unrouted, counted.pipelines["greens"].0, counted.pipelines["rest"].0), (1, 1, 1));
    assert_eq!((counted.receivers["in"].records, counted.receivers["in"].bytes), (2, 22));
}

#[test]
fn what_a_request_says_of_its_sender_is_known_to_conditions_and_stands_in_the_resource() {
    let pipelines = [("theirs", Some("tenant == \"shop\" and identity == \"cart\" and resource[\"host.name\"] == \"pod-1\""))];
    let house = house(1 << 20, &pipelines, None);
    let messages = Messages::new(Arc::clone(&house.intake), "in", compile("text", &Options::default()).unwrap(), true);
    let resource = vec![("host.name".to_owned(), "pod-1".to_owned())];
    done(messages.push(Bytes::from_static(b"one"), Sender { peer: "a:1", identity: "cart", tenant: "shop", resource, given: Vec::new() }));
    done(messages.push(Bytes::from_static(b"two"), Sender { tenant: "other", ..Sender::default() }));
    assert_eq!(house.bodies(0).len(), 1);
}

#[test]
fn a_message_of_which_nothing_can_be_read_is_refused() {
    let house = house(1 << 20, &[("a", None)], None);
    let format = compile("otlp", &Options::default()).unwrap();
    let messages = Messages::new(Arc::clone(&house.intake), "in", format, true);
    assert!(matches!(messages.push(Bytes::from_static(b"\x0a\xff"), Sender::default()), Delivery::Refuse(_)));
    assert_eq!(done(messages.push(Bytes::new(), Sender::default())).accepted, 0, "an empty request is a good one");
    assert_eq!(house.intake.counters().read().receivers["in"].refused, 1);
    assert!(house.bodies(0).is_empty());
}

#[test]
fn pipelines_can_be_others_while_it_runs() {
    let house = house(1 << 20, &[("a", None), ("b", Some("body contains \"nothing\""))], None);
    let mut source = house.source("text", 0);
    done(source.push(Bytes::from_static(b"one\n")));
    let other = |name: &str| Pipeline { name: name.into(), receivers: vec!["in".into()], ..Pipeline::default() };
    house.intake.take_pipelines(Pipelines::new(vec![other("b"), other("c")], None).unwrap());
    done(source.push(Bytes::from_static(b"two\n")));
    assert!(house.bodies(0)[0].contains("one"));
    assert!(house.bodies(0).is_empty());
    assert!(house.bodies(1)[0].contains("two"));
    let counted = house.intake.counters().read();
    assert_eq!([counted.pipelines["a"].0, counted.pipelines["b"].0, counted.pipelines["c"].0], [1, 1, 1]);
}

#[test]
fn pipelines_are_checked() {
    let two = || Pipeline { name: "x".into(), ..Pipeline::default() };
    assert!(Pipelines::new(vec![two(), two()], None).is_err());
    assert!(Pipelines::new(vec![two()], Some("y")).unwrap_err().to_string().contains("'y'"));
}

#[test]
fn a_message_of_nothing_but_the_smallest_records_is_refused_before_it_fills_the_memory() {
    let house = house(1 << 20, &[("a", None)], None);
    let format = compile("json", &Options::default()).unwrap();
    let messages = Messages::new(Arc::clone(&house.intake), "in", format, true).on_unreadable(OnUnreadable::Keep);
    let Delivery::Refuse(why) = messages.push(Bytes::from("!\n".repeat(1 << 20)), Sender::default()) else { panic!("taken") };
    assert!(why.contains("send less at once"), "{why}");
}
