//! Batches as Arrow: one schema, the same in memory and on disk.
//!
//! | column | type | what it is |
//! |---|---|---|
//! | `time_unix_nano` | timestamp(ns, UTC) | when it happened; null where that is unknown |
//! | `observed_time_unix_nano` | timestamp(ns, UTC) | when it was seen; null where that is unknown |
//! | `severity_number` | int32, not null | 1 to 24, 0 where it is unspecified |
//! | `severity_text` | string | as the source spelled it |
//! | `event_name` | string | |
//! | `body` | string | the body where it is a string, else its value as JSON; null where there is none |
//! | `body_is_json` | bool, not null | whether `body` is JSON and not the string itself |
//! | `trace_id`, `span_id` | string | lower-case hex, as people and trace stores write them |
//! | `flags` | uint32, not null | the low 8 bits are the W3C trace flags |
//! | `attributes` | map(string, value), not null | in their order |
//! | `dropped_attributes_count` | uint32, not null | |
//! | `resource` | map(string, value), not null | attributes of the resource |
//! | `resource_dropped_attributes_count` | uint32, not null | |
//! | `resource_schema_url` | string | |
//! | `scope_name`, `scope_version` | string | |
//! | `scope_attributes` | map(string, value), not null | |
//! | `scope_dropped_attributes_count` | uint32, not null | |
//! | `scope_schema_url` | string | |
//! | `is_reject` | bool, not null | its format could not read it: the body is the frame |
//!
//! A value is a struct of six nullable columns, of which the one with the value's type is not null (none for an empty value): `str` (string), `int` (int64),
//! `double` (double), `bool` (bool), `bytes` (binary) and `json` (string: an array or a map). So a type survives Parquet and back, which text would not
//! keep (is `200` a number?), and yet `attributes['url.path'].str` is all that a query needs; a column for each key would make the schema depend on
//! the data. JSON here is that of [NDJSON](crate::Batch::to_ndjson). Strings that are empty in a record are null, as OTLP does not tell the two apart.
//!
//! What Arrow cannot hold, is said here: a time after 2262-04-11 is null (nanoseconds in 64 bits, with a sign, reach no further), bytes in a string that are not
//! UTF-8 become U+FFFD, unknown fields and entity references stay behind.

mod columns;
mod pairs;

use std::sync::{Arc, LazyLock};

use arrow_array::{RecordBatch, RecordBatchReader, ffi_stream::FFI_ArrowArrayStream};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit, ffi::FFI_ArrowSchema};

use crate::{Batch, DataError, batch::Entry};
use columns::Columns;

/// The most rows of one `RecordBatch`.
const ROWS_MAX: usize = 64 << 10;
/// The most bytes of OTLP that one `RecordBatch` is made of, each row with its resource and scope. Escaped as JSON they grow sixfold at most, and stay
/// within Arrow's 32-bit offsets.
const ROWS_BYTES_MAX: usize = 256 << 20;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let time = || DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let map = pairs::map_type;
    Arc::new(Schema::new(vec![
        Field::new("time_unix_nano", time(), true),
        Field::new("observed_time_unix_nano", time(), true),
        Field::new("severity_number", DataType::Int32, false),
        Field::new("severity_text", DataType::Utf8, true),
        Field::new("event_name", DataType::Utf8, true),
        Field::new("body", DataType::Utf8, true),
        Field::new("body_is_json", DataType::Boolean, false),
        Field::new("trace_id", DataType::Utf8, true),
        Field::new("span_id", DataType::Utf8, true),
        Field::new("flags", DataType::UInt32, false),
        Field::new("attributes", map(), false),
        Field::new("dropped_attributes_count", DataType::UInt32, false),
        Field::new("resource", map(), false),
        Field::new("resource_dropped_attributes_count", DataType::UInt32, false),
        Field::new("resource_schema_url", DataType::Utf8, true),
        Field::new("scope_name", DataType::Utf8, true),
        Field::new("scope_version", DataType::Utf8, true),
        Field::new("scope_attributes", map(), false),
        Field::new("scope_dropped_attributes_count", DataType::UInt32, false),
        Field::new("scope_schema_url", DataType::Utf8, true),
        Field::new("is_reject", DataType::Boolean, false),
    ]))
});

/// The schema of every Batch.
pub fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// The schema, for the Arrow C data interface.
pub fn c_schema() -> Result<FFI_ArrowSchema, ArrowError> {
    FFI_ArrowSchema::try_from(SCHEMA.as_ref())
}

/// A Batch's records, in order of arrival, as one `RecordBatch` after the other: each of at most 65,536 rows, made when it is asked for.
#[derive(Debug)]
pub struct Reader {
    batch: Batch,
    next: usize,
}

impl Reader {
    /// All records of `batch`; its bytes are shared.
    pub fn new(batch: Batch) -> Self {
        Self { batch, next: 0 }
    }

    /// The same, for the Arrow C stream interface.
    pub fn into_c_stream(self) -> FFI_ArrowArrayStream {
        FFI_ArrowArrayStream::new(Box::new(self))
    }

    /// How many of the records from `next` on make the next `RecordBatch`.
    fn rows(&self) -> Result<usize, DataError> {
        let mut bytes = 0;
        for (row, entry) in self.batch.index().iter().skip(self.next).take(ROWS_MAX).enumerate() {
            bytes += self.bytes_of(entry);
            if bytes > ROWS_BYTES_MAX {
                let what = "a record with its resource and scope is over 256 MiB, which is more than Arrow can hold in a row";
                return if row == 0 { Err(DataError::limit(what, entry.start as usize)) } else { Ok(row) };
            }
        }
        Ok((self.batch.len() - self.next).min(ROWS_MAX))
    }

    fn bytes_of(&self, entry: &Entry) -> usize {
        let around = self.batch.groups().get(entry.group as usize).map_or(0, |group| group.resource.len() + group.scope.len());
        (entry.end - entry.start) as usize + around
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.batch.len() {
            return None;
        }
        let made = self.rows().map_err(|error| ArrowError::ExternalError(Box::new(error))).and_then(|rows| {
            let mut columns = Columns::new(rows);
            for position in self.next..self.next + rows {
                columns.push(&self.batch, position);
            }
            self.next += rows;
            columns.finish()
        });
        if made.is_err() {
            self.next = self.batch.len(); // an error ends the stream
        }
        Some(made)
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        schema()
    }
}

/// The fields of a struct.
fn fields(fields: &[(&str, DataType)]) -> Fields {
    fields.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect()
}
