//! Severities by HTTP status, for those who ask for them.

use bytes::Bytes;
use logloom_record::BatchWriter;

use super::{Decoder, Held, Reading};
use crate::severity::{self, Scale};

/// A decoder whose records get a severity by their HTTP status where they have none.
pub(crate) struct ByStatus(pub(crate) Box<dyn Decoder>);

fn severity_of(status: i64) -> u8 {
    severity::of_number(status, Scale::HttpStatus)
}

impl Decoder for ByStatus {
    fn feed(&mut self, chunk: &Bytes, out: &mut BatchWriter) -> Held {
        out.severity_of_status(Some(severity_of));
        let held = self.0.feed(chunk, out);
        out.severity_of_status(None);
        held
    }

    fn flush(&mut self, out: &mut BatchWriter) {
        out.severity_of_status(Some(severity_of));
        self.0.flush(out);
        out.severity_of_status(None);
    }

    fn resume(&mut self, offset: u64) {
        self.0.resume(offset);
    }

    fn configure(&mut self, reading: &Reading) {
        self.0.configure(reading);
    }

    fn waiting(&self) -> u64 {
        self.0.waiting()
    }

    fn format(&self) -> &'static str {
        self.0.format()
    }
}
