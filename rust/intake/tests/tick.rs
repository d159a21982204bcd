//! What processors say by themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use logloom_formats::{Options, compile};
use logloom_intake::{Connector, Intake, Messages, Pipeline, Pipelines, Routing, Sender};
use logloom_journal::{Cursor, CursorOptions, Journal, Start};
use logloom_processors::{Filter, Outcome, Processor};
use logloom_record::{Batch, Condition, Delivery, Limits};

/// Says again all that it was shown, when it is asked; at `panics` it panics instead.
#[derive(Debug, Default)]
struct Echo {
    heard: Mutex<Vec<Batch>>,
    panics: bool,
}

impl Processor for Echo {
    fn apply(&self, batch: Batch, _outcome: &mut Outcome) -> Batch {
        self.heard.lock().unwrap().push(batch.clone());
        batch
    }

    fn tick(&self, _now_unix_nano: u64) -> Vec<Batch> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        assert!(!self.panics, "as it was told to");
        heard
    }
}

fn intake(bytes_max: usize, processors: Vec<(&str, Arc<dyn Processor>)>) -> (Arc<Intake>, Cursor) {
    let journal = Journal::memory(bytes_max);
    let processors = processors.into_iter().map(|(id, processor)| (id.into(), processor)).collect();
    let pipeline = Pipeline { name: "logs".into(), receivers: vec!["in".into()], processors, ..Pipeline::default() };
    let cursor = CursorOptions { name: "out".into(), pipelines: vec!["logs".into()], start: Start::Tail };
    let cursor = journal.cursor(cursor).unwrap();
    (Intake::new(journal, Pipelines::new(vec![pipeline], None).unwrap(), Limits::DEFAULT), cursor)
}

fn push(intake: &Arc<Intake>, line: &'static str) {
    let format = compile("json", &Options::default()).unwrap();
    let messages = Messages::new(Arc::clone(intake), "in", format, true);
    let delivery = messages.push(Bytes::from_static(line.as_bytes()), Sender { tenant: "t", ..Sender::default() });
    assert!(matches!(delivery, Delivery::Done(_)), "{delivery:?}");
}

fn read(cursor: &Cursor) -> usize {
    cursor.next(1000, 1 << 20, Duration::ZERO).map_or(0, |step| step.batch.len())
}

fn filter(condition: &str) -> Arc<dyn Processor> {
    Arc::new(Filter::new(vec![Condition::parse(condition).unwrap()], Vec::new()))
}

#[test]
fn what_is_said_goes_through_the_rest_of_the_pipeline_and_is_journalled() {
    let (intake, cursor) =
        intake(1 << 20, vec![("before", filter("body == 'x'")), ("echo", Arc::new(Echo::default())), ("behind", filter("body == 'b'"))]);
    push(&intake, "{\"msg\":\"a\"}\n{\"msg\":\"b\"}");
    assert_eq!(read(&cursor), 1);
    let ticked = intake.tick(false);
    assert_eq!((ticked.records, ticked.is_postponed, ticked.failed.len()), (1, false, 0));
    assert_eq!(read(&cursor), 1);
    assert_eq!(intake.tick(true).records, 0);
    let counted = intake.counters().read();
    assert_eq!(counted.pipelines["logs"], (2, 2));
    assert_eq!((counted.processors["echo"].added, counted.processors["behind"].dropped, counted.processors["before"].dropped), (2, 2, 0));
    let accounts = intake.journal().accounts();
    assert_eq!(accounts.balance(), Ok(()));
    let row = &accounts.pipelines["logs"];
    assert_eq!((row.made, row.journalled, row.dropped), (4, 2, 2));
}

#[test]
fn all_of_it_may_be_dropped_behind() {
    let (intake, cursor) = intake(1 << 20, vec![("echo", Arc::new(Echo::default())), ("behind", filter("true"))]);
    push(&intake, "{\"msg\":\"a\"}");
    assert_eq!((intake.tick(true).records, read(&cursor)), (0, 0));
    let accounts = intake.journal().accounts();
    assert_eq!(accounts.balance(), Ok(()));
    assert_eq!((accounts.pipelines["logs"].made, accounts.pipelines["logs"].dropped), (2, 2));
}

#[test]
fn nobody_is_asked_while_there_is_no_room() {
    let echo = Arc::new(Echo::default());
    let (intake, cursor) = intake(1, vec![("echo", Arc::clone(&echo) as Arc<dyn Processor>)]);
    push(&intake, "{\"msg\":\"a\"}");
    assert!(intake.tick(false).is_postponed);
    assert_eq!(echo.heard.lock().unwrap().len(), 1, "nothing was taken from it");
    let step = cursor.next(1000, 1 << 20, Duration::ZERO).unwrap();
    cursor.done(step.position, logloom_journal::Outcome { delivered: 1, ..Default::default() }, None).unwrap();
    assert_eq!(intake.tick(false).records, 1);
}

#[test]
fn one_that_fails_ends_nobody() {
    let failing = Arc::new(Echo { panics: true, ..Echo::default() });
    let (intake, cursor) = intake(1 << 20, vec![("bad", failing), ("good", Arc::new(Echo::default()))]);
    push(&intake, "{\"msg\":\"a\"}");
    assert_eq!(read(&cursor), 1);
    let ticked = intake.tick(false);
    assert_eq!((ticked.records, ticked.failed), (1, vec!["bad".into()]));
    push(&intake, "{\"msg\":\"b\"}");
    assert_eq!(intake.journal().accounts().balance(), Ok(()));
}

#[test]
fn what_is_said_goes_over_connectors_and_who_is_behind_is_asked_last() {
    let journal = Journal::memory(1 << 20);
    let cursor = CursorOptions { name: "out".into(), pipelines: vec!["logs/out".into()], start: Start::Tail };
    let cursor = journal.cursor(cursor).unwrap();
    let echo = |id: &str| vec![(Arc::from(id), Arc::new(Echo::default()) as Arc<dyn Processor>)];
    // The one behind stands first: it must be asked last all the same, or it would keep what it is told then.
    let out = Pipeline { name: "logs/out".into(), processors: echo("behind"), ..Pipeline::default() };
    let into = Pipeline {
        name: "logs/in".into(),
        receivers: vec!["in".into()],
        processors: echo("before"),
        connectors: vec!["forward".into()],
        is_passage: true,
        ..Pipeline::default()
    };
    let forward = Connector { name: "forward".into(), default: vec!["logs/out".into()], ..Connector::default() };
    let routing = Routing { connectors: vec![forward], ..Routing::default() };
    let intake = Intake::new(journal, Pipelines::with(vec![out, into], routing).unwrap(), Limits::DEFAULT);
    push(&intake, "{\"msg\":\"a\"}");
    assert_eq!(read(&cursor), 1);
    assert_eq!(intake.tick(true).records, 3, "the one before says one record; the one behind that, and what it heard before");
    assert_eq!((read(&cursor), intake.journal().accounts().balance()), (3, Ok(())));
}
