//! What was written and read by all: the system need not keep it in memory.
//!
//! Each byte of the journal is written once, and mostly never read from its file: those that follow the journal find it in ours. Left to itself, the
//! system gives memory anew to all that is written and keeps it for as long as it has some: what others need is driven out, and memory that was not
//! used of late is filled far more slowly than what was just given back.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use crate::storage::StorageFile;

/// So much is given up at a time, at least.
const STEP_BYTES: u64 = 1 << 20;
/// The most ranges that wait for those who read; of older ones the system takes care.
const RANGES_MAX: usize = 4096;

/// Some of a file.
#[derive(Debug)]
struct Range {
    /// Weak: a file that was removed takes up room on disk for as long as anybody has it open.
    handle: Weak<dyn StorageFile>,
    from: u64,
    to: u64,
    /// The last position in it.
    last: u64,
}

/// What was written and may still be in the system's memory.
#[derive(Debug, Default)]
pub(super) struct Spent(VecDeque<Range>);

impl Spent {
    /// Entries up to the position `last` were written there.
    pub(super) fn wrote(&mut self, handle: &Arc<dyn StorageFile>, from: u64, to: u64, last: u64) {
        let handle = Arc::downgrade(handle);
        if let Some(back) = self.0.back_mut()
            && back.to == from
            && back.to - back.from < STEP_BYTES
            && back.handle.ptr_eq(&handle)
        {
            (back.to, back.last) = (to, last);
            return;
        }
        if self.0.len() == RANGES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Range { handle, from, to, last });
    }

    /// All who read are past this position: what lies before it is given up.
    pub(super) fn passed(&mut self, position: u64) {
        while let Some(range) = self.0.pop_front_if(|range| range.last <= position && range.to - range.from >= STEP_BYTES) {
            if let Some(handle) = range.handle.upgrade() {
                handle.let_go(range.from, range.to - range.from);
            }
        }
        // The end of a file that nothing is added to any more is too little to ask for.
        while self.0.len() > 1 && self.0.pop_front_if(|range| range.to - range.from < STEP_BYTES && range.last <= position).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Mutex};

    use super::*;

    #[derive(Debug, Default)]
    struct File(Mutex<Vec<(u64, u64)>>);

    impl StorageFile for File {
        fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            Ok(())
        }

        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            Ok(0)
        }

        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            Ok(())
        }

        fn len(&self) -> io::Result<u64> {
            Ok(0)
        }

        fn let_go(&self, offset: u64, len_bytes: u64) {
            self.0.lock().unwrap().push((offset, len_bytes));
        }
    }

    const STEP: u64 = STEP_BYTES;

    #[test]
    fn what_all_have_read_is_given_up_in_steps() {
        let file = Arc::new(File::default());
        let handle: Arc<dyn StorageFile> = file.clone();
        let gone = || std::mem::take(&mut *file.0.lock().unwrap());
        let mut spent = Spent::default();
        spent.wrote(&handle, 100, 200, 1);
        spent.wrote(&handle, 200, STEP, 2);
        spent.passed(2);
        assert_eq!(gone(), []);
        spent.wrote(&handle, STEP, 2 * STEP, 3);
        spent.passed(2);
        assert_eq!(gone(), []);
        spent.wrote(&handle, 2 * STEP, 2 * STEP + 5, 4);
        spent.passed(3);
        assert_eq!(gone(), [(100, 2 * STEP - 100)]);
        spent.wrote(&handle, 2 * STEP + 5, 4 * STEP, 5);
        spent.passed(u64::MAX);
        assert_eq!((gone(), spent.0.len()), (vec![(2 * STEP, 2 * STEP)], 0));
    }

    #[test]
    fn a_file_that_is_gone_is_left_alone_and_so_is_the_little_end_of_one() {
        let (first, second) = (Arc::new(File::default()), Arc::new(File::default()));
        let (one, other): (Arc<dyn StorageFile>, Arc<dyn StorageFile>) = (first.clone(), second.clone());
        let mut spent = Spent::default();
        spent.wrote(&one, 0, STEP, 1);
        spent.wrote(&one, STEP, STEP + 1, 2);
        spent.wrote(&other, 0, STEP, 3);
        drop(one);
        let gone = Arc::downgrade(&first);
        drop(first);
        assert!(gone.upgrade().is_none());
        spent.passed(3);
        spent.passed(3);
        assert_eq!((second.0.lock().unwrap().clone(), spent.0.len()), (vec![(0, STEP)], 0));
    }

    #[test]
    fn what_waits_for_who_does_not_read_is_bounded() {
        let handle: Arc<dyn StorageFile> = Arc::new(File::default());
        let mut spent = Spent::default();
        for number in 0..RANGES_MAX as u64 + 10 {
            spent.wrote(&handle, number * STEP, (number + 1) * STEP, number);
        }
        assert_eq!((spent.0.len(), spent.0[0].last), (RANGES_MAX, 10));
    }
}
