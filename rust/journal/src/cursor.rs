//! An exporter's own place in the Journal.

use std::{sync::Arc, time::Duration};

use logloom_record::Batch;

use crate::memory::{Entry, Journal};

/// Follows the Journal for one exporter. Dropping it gives up its place: nothing waits for it any more.
#[derive(Debug)]
pub struct Cursor {
    journal: Arc<Journal>,
    id: u64,
    pipelines: Vec<Arc<str>>,
}

impl Cursor {
    pub(crate) fn new(journal: Arc<Journal>, id: u64, pipelines: Vec<Arc<str>>) -> Self {
        Self { journal, id, pipelines }
    }

    fn own<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Batch> {
        let mine = |name: &Arc<str>| self.pipelines.contains(name);
        entry.parts.iter().filter(move |part| part.pipelines.iter().any(mine)).map(|part| &part.batch)
    }

    /// The next records, merged from whole entries as long as none of the bounds is exceeded (one entry alone may be larger), and the
    /// position for [`done`](Self::done). `None` when nothing came in time, or the journal is closed and read to its end.
    pub fn next(&self, records_max: usize, bytes_max: usize, timeout: Duration) -> Option<(Batch, u64)> {
        let read = self.place(|place| place.read)?;
        let mine = |entry: &Entry| self.own(entry).any(|batch| !batch.is_empty());
        let came = |state: &crate::memory::State| state.closed || state.after(read).any(|entry| mine(entry));
        self.journal.wait_for(timeout, came);

        let mut state = self.journal.lock();
        let mut merged: Option<Batch> = None;
        let mut position = read;
        for entry in state.after(read) {
            if let Some(merged) = &merged {
                let (records, bytes) = sizes(self.own(entry));
                if merged.len() + records > records_max || merged.otlp_len() + bytes > bytes_max {
                    break;
                }
            }
            for batch in self.own(entry).filter(|batch| !batch.is_empty()) {
                match &mut merged {
                    Some(merged) => merged.append(batch),
                    None => merged = Some(batch.clone()),
                }
            }
            position = entry.position;
            if merged.as_ref().is_some_and(|m| m.len() >= records_max || m.otlp_len() >= bytes_max) {
                break;
            }
        }
        let nothing = merged.is_none();
        if let Some(place) = state.places.iter_mut().find(|place| place.id == self.id) {
            // Entries of other pipelines are passed over; they are done with as soon as nothing before them is out.
            if nothing && place.done == place.read {
                place.done = position;
            }
            place.read = position;
        }
        state.trim();
        drop(state);
        if nothing {
            self.journal.changed.notify_all();
        }
        merged.map(|batch| (batch, position))
    }

    /// The exporter is done with everything up to `position`.
    pub fn done(&self, position: u64) {
        let mut state = self.journal.lock();
        if let Some(place) = state.places.iter_mut().find(|place| place.id == self.id) {
            place.done = place.done.max(position.min(place.read));
        }
        state.trim();
        drop(state);
        self.journal.changed.notify_all();
    }

    /// Records that the exporter is not done with, and their OTLP bytes.
    pub fn pending(&self) -> (usize, usize) {
        let done = self.place(|place| place.done).unwrap_or_default();
        let state = self.journal.lock();
        sizes(state.after(done).flat_map(|entry| self.own(entry)))
    }

    fn place<T>(&self, read: impl Fn(&crate::memory::Place) -> T) -> Option<T> {
        self.journal.lock().places.iter().find(|place| place.id == self.id).map(read)
    }
}

/// Their records and OTLP bytes together.
fn sizes<'a>(batches: impl Iterator<Item = &'a Batch>) -> (usize, usize) {
    batches.fold((0, 0), |(records, bytes), batch| (records + batch.len(), bytes + batch.otlp_len()))
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let mut state = self.journal.lock();
        state.places.retain(|place| place.id != self.id);
        state.trim();
        drop(state);
        self.journal.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use logloom_record::{BatchWriter, BlockPool, Limits, Origin, Tail, Text};

    use super::*;
    use crate::Part;

    const NOW: Duration = Duration::ZERO;

    fn batch(bodies: &[&str]) -> Batch {
        let mut out = BatchWriter::new(BlockPool::global(), &Limits::DEFAULT, &Arc::new(Origin::default()), 1);
        for body in bodies {
            out.begin(0, 0, Text::EMPTY).body(Text::from(*body)).finish(&Tail::default());
        }
        out.finish()
    }

    fn part(pipelines: &[&str], bodies: &[&str]) -> Part {
        Part { pipelines: pipelines.iter().map(|p| Arc::from(*p)).collect(), batch: batch(bodies) }
    }

    #[test]
    fn each_exporter_reads_its_own_pipelines_in_order() {
        let journal = Journal::new(1 << 20);
        let a = journal.cursor(vec!["a".into()]);
        let both = journal.cursor(vec!["a".into(), "b".into()]);
        journal.append(vec![part(&["a"], &["1"])]);
        journal.append(vec![part(&["b"], &["2"])]);
        journal.append(vec![part(&["a", "b"], &["3", "4"])]);
        let (batch, position) = a.next(100, 1 << 20, NOW).unwrap();
        assert_eq!((batch.len(), position), (3, 3));
        let (batch, position) = both.next(2, 1 << 20, NOW).unwrap();
        assert_eq!((batch.len(), position), (2, 2), "whole entries until the bound");
        assert_eq!(journal.settled(), 0);
        a.done(3);
        both.done(2);
        assert_eq!(journal.settled(), 2);
        assert_eq!(both.pending().0, 2);
        assert_eq!(both.next(100, 1 << 20, NOW).unwrap().0.len(), 2, "a shared part comes once");
        both.done(3);
        assert_eq!((journal.settled(), journal.bytes()), (3, 0));
        assert!(both.next(1, 1, NOW).is_none());
    }

    #[test]
    fn bounds_are_kept_but_for_an_entry_that_exceeds_them_alone() {
        let journal = Journal::new(1 << 20);
        let cursor = journal.cursor(vec!["a".into()]);
        for bodies in [&["1", "2"][..], &["3", "4"], &["5"], &["6", "7", "8", "9"], &["10"]] {
            journal.append(vec![part(&["a"], bodies)]);
        }
        let lengths: Vec<_> = std::iter::from_fn(|| cursor.next(3, 1 << 20, NOW)).map(|(batch, _)| batch.len()).collect();
        assert_eq!(lengths, [2, 3, 4, 1]);
    }

    #[test]
    fn entries_of_others_do_not_hold_the_journal() {
        let journal = Journal::new(1 << 20);
        let a = journal.cursor(vec!["a".into()]);
        let position = journal.append(vec![part(&["b"], &["x"])]);
        assert!(a.next(1, 1, NOW).is_none());
        assert!(journal.wait_settled(position, NOW));
        assert_eq!(journal.bytes(), 0);
    }

    #[test]
    fn a_full_or_closed_journal_says_later() {
        let journal = Journal::new(1);
        let cursor = journal.cursor(vec!["a".into()]);
        assert!(journal.admit().is_ok());
        journal.append(vec![part(&["a"], &["1"])]);
        assert!(journal.admit().is_err());
        let (_, position) = cursor.next(1, 1, NOW).unwrap();
        cursor.done(position);
        assert!(journal.admit().is_ok());
        journal.close();
        assert!(journal.admit().is_err());
        assert!(cursor.next(1, 1, Duration::from_secs(60)).is_none(), "a closed journal does not wait");
    }

    #[test]
    fn an_append_wakes_a_waiting_cursor() {
        let journal = Journal::new(1 << 20);
        let cursor = journal.cursor(vec!["a".into()]);
        let reader = std::thread::spawn(move || cursor.next(1, 1, Duration::from_secs(60)).map(|(b, _)| b.len()));
        journal.append(vec![part(&["a"], &["1"])]);
        assert_eq!(reader.join().unwrap(), Some(1));
    }
}
