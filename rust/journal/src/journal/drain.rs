//! Being done with what comes without handing it out: for exporters that only count.

use std::time::{Duration, Instant};

use super::{WAIT_MAX, cursor::Cursor, gathered::Most, place::Outcome};

/// So much is counted at a time: what it holds in memory goes back to those that come.
const STEP_BYTES_MAX: usize = 4 << 20;
/// After it counted something, it says so at the latest after this.
const TELL_EVERY: Duration = Duration::from_millis(100);

impl Cursor {
    /// Is done with all that comes, as delivered: how many records that was. It returns a tenth of a second after the first of them; 0 when nothing
    /// came in time, it was interrupted, or the journal is closed and read to its end.
    pub fn drain(&self, timeout: Duration) -> u64 {
        let mut until = Instant::now() + timeout.min(WAIT_MAX);
        let mut records = 0;
        while let Some(taken) = self.take(Most { records: usize::MAX, bytes: STEP_BYTES_MAX }, until) {
            if records == 0 {
                until = until.min(Instant::now() + TELL_EVERY);
            }
            let outcome = Outcome { delivered: taken.amount.records, ..Outcome::default() };
            records += outcome.delivered;
            let _ = self.done(taken.read, outcome, None); // there is no state that could be too large
            if Instant::now() >= until {
                break; // there may always be more
            }
        }
        records
    }
}
