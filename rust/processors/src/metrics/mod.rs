//! `metrics`: counters and histograms of what passes; the records pass unchanged.

mod series;

use std::{
    io::Write as _,
    sync::{Mutex, PoisonError},
};

use logloom_record::{AnyValue, Batch, Condition, Marks, Record};

pub use series::{OVERFLOW, Series};

use crate::{Outcome, Processor};
use series::{All, push_label};

/// What is counted, and by what.
#[derive(Clone, Debug, Default)]
pub struct Instrument {
    /// Its name.
    pub name: String,
    /// Of which records; all without it.
    pub when: Option<Condition>,
    /// The attributes that tell its series apart: the record's, else the resource's.
    pub by: Vec<String>,
    /// The attribute, or the first of several that is there, whose number is counted, and what it is multiplied by. Empty: records are counted.
    pub values: Vec<(String, f64)>,
    /// The bounds of a histogram's buckets, rising; a counter has none.
    pub bounds: Option<Vec<f64>>,
    /// Whether its labels are those of OpenTelemetry's metrics of HTTP: an unknown method is `_OTHER`, and a status of 500 or more an `error.type`.
    pub is_http: bool,
}

/// The numbers of an instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// The names of its series' labels.
    pub by: Vec<String>,
    /// The bounds of its buckets, where it is a histogram.
    pub bounds: Option<Vec<f64>>,
    /// Its series, by first arrival.
    pub series: Vec<Series>,
}

/// The processor.
#[derive(Debug)]
pub struct Metrics {
    instruments: Vec<Instrument>,
    series_max: usize,
    /// One for each instrument.
    all: Mutex<Vec<All>>,
}

/// Methods that [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/) knows; any other is `_OTHER`.
const METHODS: &[&[u8]] = &[b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"CONNECT", b"TRACE", b"QUERY"];

impl Metrics {
    /// Of these instruments, each with at most `series_max` series and one for what is over.
    pub fn new(instruments: Vec<Instrument>, series_max: usize) -> Self {
        let all = instruments.iter().map(|_| All::default()).collect();
        Self { instruments, series_max, all: Mutex::new(all) }
    }
}

impl Instrument {
    /// The number that a record has; `None` where it has none that counts.
    fn value(&self, record: &Record<'_>) -> Option<f64> {
        if self.values.is_empty() {
            return Some(1.0);
        }
        let number = |(name, scale): &(String, f64)| {
            let value = match record.attribute(name)? {
                AnyValue::Int(value) => value as f64,
                AnyValue::Double(value) => value,
                _ => return None,
            };
            Some(value * scale)
        };
        // What is below zero stands for "unknown" in several formats.
        self.values.iter().find_map(number).filter(|value| value.is_finite() && *value >= 0.0)
    }

    fn key(&self, record: &Record<'_>, key: &mut Vec<u8>, text: &mut Vec<u8>) {
        key.clear();
        for name in &self.by {
            let own = record.attribute(name);
            let value = own.or_else(|| record.resource_attributes().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value));
            text.clear();
            let _ = match value {
                Some(AnyValue::Str(value)) => text.write_all(value),
                Some(AnyValue::Int(value)) => write!(text, "{value}"),
                Some(AnyValue::Double(value)) => write!(text, "{value}"),
                Some(AnyValue::Bool(value)) => write!(text, "{value}"),
                _ if name == "severity_text" => text.write_all(record.severity_text),
                _ if self.is_http && name == "error.type" => match record.attribute(STATUS) {
                    Some(AnyValue::Int(status)) if status >= 500 => write!(text, "{status}"),
                    _ => Ok(()),
                },
                _ => Ok(()),
            }; // a Vec takes all
            let is_odd = self.is_http && name == METHOD && !text.is_empty() && !METHODS.contains(&text.as_slice());
            let label = if is_odd { b"_OTHER" } else { text.as_slice() };
            push_label(key, (!label.is_empty()).then_some(label));
        }
    }
}

const METHOD: &str = "http.request.method";
const STATUS: &str = "http.response.status_code";

impl Processor for Metrics {
    fn apply(&self, batch: Batch, _outcome: &mut Outcome) -> Batch {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut key, mut text) = (Vec::new(), Vec::new());
        for (instrument, all) in self.instruments.iter().zip(all.iter_mut()) {
            let mut meant = Marks::all(batch.len());
            if let Some(when) = &instrument.when {
                meant = when.among(&batch, &meant);
            }
            for record in meant.runs().flatten().filter_map(|at| batch.record(at)) {
                if instrument.is_http && record.attribute(STATUS).is_none() {
                    continue;
                }
                let Some(value) = instrument.value(&record) else { continue };
                instrument.key(&record, &mut key, &mut text);
                all.add(&key, value, instrument.bounds.as_deref(), self.series_max);
            }
        }
        drop(all);
        batch
    }

    fn measured(&self) -> Vec<Measured> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = |(instrument, all): (&Instrument, &All)| Measured {
            name: instrument.name.clone(),
            by: instrument.by.clone(),
            bounds: instrument.bounds.clone(),
            series: all.read(),
        };
        self.instruments.iter().zip(all.iter()).map(measured).collect()
    }
}
