//! Whatever a function answers, or does not, the counts balance and nothing else changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use logloom_processors::{
    OnError, Outcome, Processor, Python,
    python::{Answer, Function, Told},
};
use logloom_record::{
    Batch, Limits,
    overlay::push_int,
    proto::{push_field, push_string_attribute},
};
use proptest::prelude::*;

fn batch(records: usize) -> Batch {
    let (mut scope, mut logs, mut request) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..records {
        let mut record = vec![0x10, 9];
        push_string_attribute(&mut record, 0x32, b"n", at.to_string().as_bytes());
        push_field(&mut scope, 0x12, &record);
    }
    push_field(&mut logs, 0x12, &scope);
    push_field(&mut request, 0x0a, &logs);
    Batch::from_otlp(request.into(), &Limits::DEFAULT).unwrap()
}

struct Says(Result<Answer, String>);

impl Function for Says {
    fn start(&self, _batch: Batch) -> Receiver<Told> {
        let (reply, answer) = channel();
        reply.send((self.0.clone(), 0.25)).unwrap();
        answer
    }

    fn interrupt(&self) {}
}

/// Answers its first call only when it is interrupted.
#[derive(Default)]
struct Sleeps {
    first: Mutex<Option<Sender<Told>>>,
    calls: AtomicU32,
}

impl Function for Sleeps {
    fn start(&self, _batch: Batch) -> Receiver<Told> {
        let (reply, answer) = channel();
        if self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            *self.first.lock().unwrap() = Some(reply);
        } else {
            reply.send((Ok(Answer::Same), 0.0)).unwrap();
        }
        answer
    }

    fn interrupt(&self) {
        if let Some(reply) = self.first.lock().unwrap().take() {
            reply.send((Err("interrupted".to_owned()), 0.5)).unwrap();
        }
    }
}

const LONG: Duration = Duration::from_secs(600);

fn ran(answer: Result<Answer, String>, on_error: OnError, given: &Batch) -> (Batch, Outcome) {
    let mut outcome = Outcome::default();
    let made = Python::new(Arc::new(Says(answer)), LONG, on_error).apply(given.clone(), &mut outcome);
    (made, outcome)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn counts_balance(
        records in 1usize..20, mask in proptest::collection::vec(any::<bool>(), 0..20), numbers in proptest::collection::vec(any::<Option<i64>>(), 0..20),
        other in 0usize..30, on_error in proptest::sample::select(&[OnError::Pass, OnError::Ignore, OnError::Drop, OnError::DeadLetter][..]),
    ) {
        let given = batch(records);
        let column = numbers.iter().map(|number| number.map(|number| { let mut out = Vec::new(); push_int(&mut out, number); out })).collect();
        let answers = [
            Ok(Answer::Same), Ok(Answer::Batch(batch(other))), Ok(Answer::Mask(mask.clone())), Ok(Answer::Columns(vec![("é".to_owned(), column)])),
            Err("why".to_owned()),
        ];
        for answer in answers {
            let (made, outcome) = ran(answer.clone(), on_error, &given);
            let letters = outcome.letters.len() as u64;
            prop_assert_eq!(records as u64 + outcome.added, made.len() as u64 + outcome.dropped + letters);
            let fits = match &answer {
                Ok(Answer::Mask(mask)) => mask.len() == records,
                Ok(Answer::Columns(columns)) => columns[0].1.len() == records,
                Ok(_) => true,
                Err(_) => false,
            };
            prop_assert_eq!(outcome.failed, if fits { 0 } else { records as u64 });
            if let (true, Ok(Answer::Columns(_))) = (fits, &answer) {
                for ((was, is), number) in given.records().zip(made.records()).zip(&numbers) {
                    prop_assert!(is.bytes().starts_with(was.bytes()), "what was there stays");
                    prop_assert_eq!(is.attribute("é").is_some(), number.is_some());
                }
            }
        }
    }
}

#[test]
fn a_function_that_takes_too_long_is_interrupted_and_its_batch_passes_marked() {
    let function = Arc::new(Sleeps::default());
    let python = Python::new(Arc::clone(&function) as Arc<dyn Function>, Duration::from_millis(20), OnError::Pass);
    let mut outcome = Outcome::default();
    let made = python.apply(batch(2), &mut outcome);
    assert_eq!((made.len(), outcome.failed, outcome.dropped), (2, 2, 0));
    let why = made.record(1).unwrap().attribute("logloom.processor.error").unwrap();
    assert_eq!(why.as_str(), Some(&b"the function took longer than 0.02 s"[..]));
    let mut outcome = Outcome::default();
    assert_eq!((python.apply(batch(1), &mut outcome).len(), outcome.failed), (1, 0), "the next one is answered");
    let measured = python.measured();
    assert!(measured.iter().any(|one| one.name == "timeouts" && one.series[0].sum >= 1.0));
}

#[test]
fn its_cost_is_told() {
    let python = Python::new(Arc::new(Says(Ok(Answer::Same))), LONG, OnError::Pass);
    let given = batch(1);
    for _ in 0..2 {
        assert!(python.apply(given.clone(), &mut Outcome::default()).is_same(&given));
    }
    let told: Vec<_> = python.measured().iter().map(|one| (one.name.clone(), one.series[0].sum)).collect();
    let expected = [("calls", 2.0), ("failed", 0.0), ("timeouts", 0.0), ("cpu", 0.5)].map(|(name, sum)| (name.to_owned(), sum));
    assert_eq!(told, expected);
}
