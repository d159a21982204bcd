//! What a record says of where in its source it stands.

use crate::{BatchWriter, Envelope, RecordCursor, Text};

/// What each record of a source gets behind what its format writes, besides an [`Envelope`]'s: attributes that are the same for all of them,
/// and its place.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Fields `attributes` of a `LogRecord`, encoded.
    attributes: Vec<u8>,
    offset: bool,
    number: bool,
}

impl Placed {
    /// `attributes` of each record; `offset`: with `log.file.record_offset`, where its frame begins in the source, in bytes; `number`: with
    /// `log.file.record_number`, 1 for the first record of the source.
    pub fn new(attributes: &[(String, String)], offset: bool, number: bool) -> Self {
        let mut envelope = Envelope::default();
        for (name, value) in attributes {
            envelope.attr(name.as_bytes(), value.as_bytes());
        }
        Self { attributes: envelope.attributes, offset, number }
    }

    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && !self.offset && !self.number
    }
}

/// What is added to the records of one Batch.
#[derive(Debug)]
pub(crate) struct Places {
    placed: Placed,
    /// How many records of the source came before this Batch.
    before: u64,
}

impl Places {
    /// Writes it to a record: `at` are those before it in the Batch, `frame_offset` is where its frame begins.
    pub(crate) fn write(&self, at: usize, frame_offset: u64, cursor: &mut RecordCursor<'_>) {
        cursor.raw(&self.placed.attributes);
        if self.placed.offset {
            integer(cursor, "log.file.record_offset", frame_offset);
        }
        if self.placed.number {
            integer(cursor, "log.file.record_number", self.before + at as u64 + 1);
        }
    }
}

fn integer(cursor: &mut RecordCursor<'_>, name: &str, value: u64) {
    let kv = cursor.open(0x32);
    cursor.name(Text::from(name));
    let any = cursor.open(0x12);
    cursor.raw(&[0x18]);
    cursor.varint(value);
    cursor.close(any);
    cursor.close(kv);
}

impl BatchWriter {
    /// Adds this to each record from here on; `before`: how many records of the source there are in Batches before this one.
    pub fn place(&mut self, placed: &Placed, before: u64) {
        self.sink.places = (!placed.is_empty()).then(|| Box::new(Places { placed: placed.clone(), before }));
    }
}
