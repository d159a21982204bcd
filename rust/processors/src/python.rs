//! `python`: a function of the user's over each Batch, in a thread of its own, for as long as it may take.
//!
//! What calls the function is given: this crate knows no interpreter.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::Duration,
};

use logloom_record::{Batch, Overlay};

use crate::{
    OnError, Outcome, Processor,
    metrics::{Measured, Series},
};

/// What a function made of a Batch.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It stays as it is.
    Same,
    /// This one stands for it.
    Batch(Batch),
    /// Which records stay.
    Mask(Vec<bool>),
    /// Attributes of each record: by name, for each record the `AnyValue` message, or none.
    Columns(Vec<(String, Vec<Option<Vec<u8>>>)>),
}

/// Its answer, or why it failed; and the seconds of CPU that it took.
pub type Told = (Result<Answer, String>, f64);

/// The function, which runs elsewhere: no thread of this crate is ever in it, so that none can be left there when the process ends.
pub trait Function: Send + Sync {
    /// Begins a call, and says where its answer will come. One call goes on at a time.
    fn start(&self, batch: Batch) -> Receiver<Told>;

    /// Ends the call that goes on, as far as that can be done. From another thread.
    fn interrupt(&self);
}

/// The attribute that tells why a processor failed on a record.
const ERROR: &str = "logloom.processor.error";

/// The processor.
pub struct Python {
    function: Arc<dyn Function>,
    timeout: Duration,
    on_error: OnError,
    turn: Mutex<Turn>,
    /// A call ended.
    free: Condvar,
    cost: Mutex<Cost>,
}

/// Whose turn it is: one call goes on at a time.
#[derive(Debug, Default)]
struct Turn {
    /// Somebody waits for the answer of a call.
    is_taken: bool,
    /// Where the answer of a call comes that nobody waits for any more.
    late: Option<Receiver<Told>>,
}

/// While it lives, it is somebody's turn.
struct Taken<'a>(&'a Python);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.turn().is_taken = false;
        self.0.free.notify_all();
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    calls: u64,
    failed: u64,
    late: u64,
    cpu_s: f64,
}

impl std::fmt::Debug for Python {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Python").field("timeout", &self.timeout).field("on_error", &self.on_error).finish_non_exhaustive()
    }
}

impl Python {
    /// Of a function that has `timeout` for each Batch.
    pub fn new(function: Arc<dyn Function>, timeout: Duration, on_error: OnError) -> Self {
        Self { function, timeout, on_error, turn: Mutex::default(), free: Condvar::new(), cost: Mutex::default() }
    }

    /// What the function answers in time; those before it have as much, each: nobody goes on without the function only because others wait, too.
    fn ask(&self, batch: &Batch) -> Result<Answer, String> {
        let mut turn = self.free.wait_while(self.turn(), |turn| turn.is_taken).unwrap_or_else(PoisonError::into_inner);
        match turn.late.as_ref().map(Receiver::try_recv) {
            Some(Ok((_, cpu_s))) => self.counted(|cost| cost.cpu_s += cpu_s),
            Some(Err(TryRecvError::Empty)) => {
                drop(turn);
                self.function.interrupt(); // it may have begun only after it was interrupted the first time
                return Err("the function is still at an earlier batch".to_owned());
            }
            Some(Err(TryRecvError::Disconnected)) | None => {}
        }
        (turn.is_taken, turn.late) = (true, None);
        drop(turn);
        let taken = Taken(self);
        self.counted(|cost| cost.calls += 1);
        let answer = self.function.start(batch.clone());
        let told = answer.recv_timeout(self.timeout);
        let is_late = matches!(told, Err(RecvTimeoutError::Timeout));
        self.turn().late = is_late.then_some(answer);
        drop(taken);
        match told {
            Ok((made, cpu_s)) => {
                self.counted(|cost| cost.cpu_s += cpu_s);
                made
            }
            Err(RecvTimeoutError::Disconnected) => Err("the function's thread ended".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                self.counted(|cost| cost.late += 1);
                self.function.interrupt();
                Err(format!("the function took longer than {} s", self.timeout.as_secs_f64()))
            }
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counted(&self, count: impl FnOnce(&mut Cost)) {
        count(&mut self.cost.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn failed(&self, batch: Batch, why: &str, outcome: &mut Outcome) -> Batch {
        self.counted(|cost| cost.failed += 1);
        outcome.failed += batch.len() as u64;
        match self.on_error {
            OnError::Ignore => batch,
            OnError::Pass => batch.stamp(|_, _| vec![(ERROR, why.to_owned())]),
            OnError::Drop => {
                outcome.dropped += batch.len() as u64;
                batch.select(|_| false)
            }
            OnError::DeadLetter => {
                let all: Vec<_> = (0..batch.len()).map(|record| (record, why.to_owned())).collect();
                outcome.dead_letters(&batch, &all);
                batch.select(|_| false)
            }
        }
    }
}

/// What the answer makes of the Batch; why it does not fit.
fn made(batch: &Batch, answer: Answer, outcome: &mut Outcome) -> Result<Batch, String> {
    let len = batch.len();
    let fits = |what: &str, given: usize| {
        if given == len { Ok(()) } else { Err(format!("{what} has {given} values for {len} records")) }
    };
    Ok(match answer {
        Answer::Same => batch.clone(),
        Answer::Batch(made) => {
            outcome.dropped += len.saturating_sub(made.len()) as u64;
            outcome.added += made.len().saturating_sub(len) as u64;
            made.with_origin(Arc::clone(batch.origin()))
        }
        Answer::Mask(mask) => {
            fits("the mask", mask.len())?;
            outcome.dropped += mask.iter().filter(|stays| !**stays).count() as u64;
            batch.select(|record| mask.get(record) == Some(&true))
        }
        Answer::Columns(columns) => {
            for (name, values) in &columns {
                fits(&format!("the column '{name}'"), values.len())?;
            }
            let mut overlay = Overlay::record();
            let each = |at: usize, record: &[u8], out: &mut Vec<u8>| {
                overlay.clear();
                for (name, values) in &columns {
                    let value = values.get(at).and_then(Option::as_ref);
                    if let Some(value) = value.filter(|value| overlay.attribute_bytes(record, name.as_bytes()) != Some(value)) {
                        overlay.set_in(record, name.as_bytes(), |out| out.extend_from_slice(value));
                    }
                }
                overlay.finish(record, out)
            };
            batch.edit_bytes(each, |_, _, _| false)
        }
    })
}

impl Processor for Python {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        if batch.is_empty() {
            return batch;
        }
        match self.ask(&batch).and_then(|answer| made(&batch, answer, outcome)) {
            Ok(made) => made,
            Err(why) => self.failed(batch, &why, outcome),
        }
    }

    fn waits(&self) -> bool {
        true
    }

    fn measured(&self) -> Vec<Measured> {
        let cost = *self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        let told = [("calls", cost.calls as f64), ("failed", cost.failed as f64), ("timeouts", cost.late as f64), ("cpu", cost.cpu_s)];
        let measured = |(name, sum): (&str, f64)| Measured {
            name: name.to_owned(),
            by: Vec::new(),
            bounds: None,
            series: vec![Series { sum, ..Series::default() }],
        };
        told.into_iter().map(measured).collect()
    }
}
