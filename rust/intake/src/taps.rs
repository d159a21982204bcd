//! Who looks on at what components put out: `logloom tail`.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use logloom_record::Batch;

/// The most that waits for one who looks on, in bytes of OTLP; what comes then is not shown, and counted.
const BYTES_MAX: usize = 8 << 20;
/// The most who look on at once.
const TAPS_MAX: usize = 16;

/// What may be looked on at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapOn {
    /// What a receiver's bytes became.
    Receiver,
    /// What a processor made of records.
    Processor,
    /// What a pipeline puts out, to its exporters and connectors.
    Pipeline,
}

/// All who look on. Nobody does, nearly always: then it costs one look at a flag.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    is_any: AtomicBool,
    open: Mutex<Vec<Weak<Tap>>>,
}

/// One who looks on at a component. It is over when this is dropped.
#[derive(Debug)]
pub struct Tap {
    on: TapOn,
    id: String,
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    bytes: usize,
    missed: u64,
}

impl Taps {
    /// Someone looks on at what the receiver, processor or pipeline `id` puts out; `None` where too many do.
    pub(crate) fn open(&self, on: TapOn, id: &str) -> Option<Arc<Tap>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|tap| tap.strong_count() > 0);
        if open.len() >= TAPS_MAX {
            return None;
        }
        let tap = Arc::new(Tap { on, id: id.to_owned(), waiting: Mutex::default(), came: Condvar::new() });
        open.push(Arc::downgrade(&tap));
        self.is_any.store(true, Ordering::Relaxed);
        Some(tap)
    }

    /// A component has put this out.
    #[inline]
    pub(crate) fn offer(&self, on: TapOn, id: &str, batch: &Batch) {
        if self.is_any.load(Ordering::Relaxed) && !batch.is_empty() {
            self.show(on, id, batch);
        }
    }

    #[cold]
    fn show(&self, on: TapOn, id: &str, batch: &Batch) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|tap| {
            let Some(tap) = tap.upgrade() else { return false };
            if tap.on == on && tap.id == id {
                tap.take(batch);
            }
            true
        });
        self.is_any.store(!open.is_empty(), Ordering::Relaxed);
    }
}

impl Tap {
    fn take(&self, batch: &Batch) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = batch.otlp_len();
        if waiting.bytes > 0 && waiting.bytes + bytes > BYTES_MAX {
            waiting.missed += batch.len() as u64;
        } else {
            waiting.bytes += bytes;
            waiting.batches.push_back(batch.clone());
            self.came.notify_one();
        }
    }

    /// What came, waiting at most `timeout` for it; and how many records were not shown since the last call.
    pub fn next(&self, timeout: Duration) -> (Option<Batch>, u64) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |waiting: &mut Waiting| waiting.batches.is_empty() && waiting.missed == 0;
        let (mut waiting, _) = self.came.wait_timeout_while(waiting, timeout, idle).unwrap_or_else(PoisonError::into_inner);
        let batch = waiting.batches.pop_front();
        waiting.bytes -= batch.as_ref().map_or(0, Batch::otlp_len).min(waiting.bytes);
        (batch, std::mem::take(&mut waiting.missed))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use logloom_record::Limits;

    use super::*;

    fn field(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        let mut len = content.len();
        while len > 0x7f {
            out.push(len as u8 | 0x80);
            len >>= 7;
        }
        out.push(len as u8);
        out.extend_from_slice(content);
        out
    }

    /// OTLP: resource logs, scope logs, log records, each a body of so many bytes.
    fn batch(records: usize, bytes: usize) -> Batch {
        let record = field(0x12, &field(0x2a, &field(0x0a, &vec![b'x'; bytes])));
        let logs = field(0x0a, &field(0x12, &record.repeat(records)));
        Batch::from_otlp(Bytes::from(logs), &Limits::default()).unwrap()
    }

    #[test]
    fn who_looks_on_sees_its_component_and_no_other() {
        let taps = Taps::default();
        let tap = taps.open(TapOn::Processor, "redaction").unwrap();
        taps.offer(TapOn::Processor, "filter", &batch(1, 1));
        taps.offer(TapOn::Receiver, "redaction", &batch(1, 1));
        taps.offer(TapOn::Processor, "redaction", &batch(2, 1));
        let (seen, missed) = tap.next(Duration::ZERO);
        assert_eq!((seen.map(|batch| batch.len()), missed), (Some(2), 0));
        assert_eq!(tap.next(Duration::ZERO).0.map(|batch| batch.len()), None);
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_not_shown_is_counted() {
        let taps = Taps::default();
        let tap = taps.open(TapOn::Pipeline, "a").unwrap();
        for _ in 0..12 {
            taps.offer(TapOn::Pipeline, "a", &batch(1, 1 << 20));
        }
        let (mut shown, mut missed) = (0, 0);
        while let (Some(_), more) = tap.next(Duration::ZERO) {
            shown += 1;
            missed += more;
        }
        assert_eq!(shown + missed, 12);
        assert!((5..=8).contains(&shown), "{shown}");
    }

    #[test]
    fn nothing_is_kept_for_who_has_gone_and_there_is_a_most_of_them() {
        let taps = Taps::default();
        let all: Vec<_> = (0..TAPS_MAX).map(|_| taps.open(TapOn::Pipeline, "a").unwrap()).collect();
        assert!(taps.open(TapOn::Pipeline, "a").is_none());
        drop(all);
        taps.offer(TapOn::Pipeline, "a", &batch(1, 1));
        assert!(!taps.is_any.load(Ordering::Relaxed));
        assert!(taps.open(TapOn::Pipeline, "a").is_some());
    }
}
