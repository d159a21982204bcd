//! The columns while they are filled.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{BooleanBuilder, Int32Builder, StringBuilder, TimestampNanosecondBuilder, UInt32Builder},
};
use arrow_schema::ArrowError;

use super::pairs::Pairs;
use crate::{AnyValue, Batch, Record, lossy};

pub(super) struct Columns {
    times: TimestampNanosecondBuilder,
    observed_times: TimestampNanosecondBuilder,
    severity_numbers: Int32Builder,
    severity_texts: StringBuilder,
    event_names: StringBuilder,
    bodies: StringBuilder,
    bodies_are_json: BooleanBuilder,
    trace_ids: StringBuilder,
    span_ids: StringBuilder,
    flags: UInt32Builder,
    attributes: Pairs,
    dropped: UInt32Builder,
    resources: Pairs,
    resource_dropped: UInt32Builder,
    resource_schema_urls: StringBuilder,
    scope_names: StringBuilder,
    scope_versions: StringBuilder,
    scope_attributes: Pairs,
    scope_dropped: UInt32Builder,
    scope_schema_urls: StringBuilder,
    rejects: BooleanBuilder,
}

impl Columns {
    pub(super) fn new(rows: usize) -> Self {
        let time = || TimestampNanosecondBuilder::with_capacity(rows).with_timezone("UTC");
        let (uint, bool) = (|| UInt32Builder::with_capacity(rows), || BooleanBuilder::with_capacity(rows));
        Self {
            times: time(),
            observed_times: time(),
            severity_numbers: Int32Builder::with_capacity(rows),
            severity_texts: StringBuilder::new(),
            event_names: StringBuilder::new(),
            bodies: StringBuilder::new(),
            bodies_are_json: bool(),
            trace_ids: StringBuilder::new(),
            span_ids: StringBuilder::new(),
            flags: uint(),
            attributes: Pairs::new(rows),
            dropped: uint(),
            resources: Pairs::new(rows),
            resource_dropped: uint(),
            resource_schema_urls: StringBuilder::new(),
            scope_names: StringBuilder::new(),
            scope_versions: StringBuilder::new(),
            scope_attributes: Pairs::new(rows),
            scope_dropped: uint(),
            scope_schema_urls: StringBuilder::new(),
            rejects: bool(),
        }
    }

    pub(super) fn push(&mut self, batch: &Batch, position: usize) {
        let Some(record) = batch.record(position) else { return };
        self.times.append_option(time(record.time_unix_nano));
        self.observed_times.append_option(time(record.observed_time_unix_nano));
        self.severity_numbers.append_value(record.severity_number);
        self.severity_texts.append_option(text(record.severity_text));
        self.event_names.append_option(text(record.event_name));
        self.push_body(&record);
        self.trace_ids.append_option(record.trace_id.map(|id| hex(&id)));
        self.span_ids.append_option(record.span_id.map(|id| hex(&id)));
        self.flags.append_value(record.flags);
        self.attributes.push(record.attributes());
        self.dropped.append_value(record.dropped_attributes_count);
        self.rejects.append_value(record.is_reject());
        self.push_around(&record);
    }

    fn push_body(&mut self, record: &Record<'_>) {
        let body = record.body();
        self.bodies_are_json.append_value(!matches!(body, None | Some(AnyValue::Str(_))));
        match body {
            None => self.bodies.append_null(),
            Some(AnyValue::Str(text)) => self.bodies.append_value(lossy(text)),
            Some(other) => self.bodies.append_value(lossy(&other.to_json())),
        }
    }

    fn push_around(&mut self, record: &Record<'_>) {
        self.resources.push(record.resource_attributes());
        self.resource_dropped.append_value(record.resource_dropped_attributes_count());
        self.resource_schema_urls.append_option(text(record.resource_schema_url()));
        self.scope_names.append_option(text(record.scope_name()));
        self.scope_versions.append_option(text(record.scope_version()));
        self.scope_attributes.push(record.scope_attributes());
        self.scope_dropped.append_value(record.scope_dropped_attributes_count());
        self.scope_schema_urls.append_option(text(record.scope_schema_url()));
    }

    pub(super) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.times.finish()),
            Arc::new(self.observed_times.finish()),
            Arc::new(self.severity_numbers.finish()),
            Arc::new(self.severity_texts.finish()),
            Arc::new(self.event_names.finish()),
            Arc::new(self.bodies.finish()),
            Arc::new(self.bodies_are_json.finish()),
            Arc::new(self.trace_ids.finish()),
            Arc::new(self.span_ids.finish()),
            Arc::new(self.flags.finish()),
            self.attributes.finish()?,
            Arc::new(self.dropped.finish()),
            self.resources.finish()?,
            Arc::new(self.resource_dropped.finish()),
            Arc::new(self.resource_schema_urls.finish()),
            Arc::new(self.scope_names.finish()),
            Arc::new(self.scope_versions.finish()),
            self.scope_attributes.finish()?,
            Arc::new(self.scope_dropped.finish()),
            Arc::new(self.scope_schema_urls.finish()),
            Arc::new(self.rejects.finish()),
        ];
        RecordBatch::try_new(super::schema(), columns)
    }
}

/// A time that Arrow can hold; null where it is unknown.
fn time(unix_nano: u64) -> Option<i64> {
    i64::try_from(unix_nano).ok().filter(|time| *time != 0)
}

fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    (!bytes.is_empty()).then(|| lossy(bytes))
}

fn hex(id: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
