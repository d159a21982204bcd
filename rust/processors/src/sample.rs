//! `sample`: a share of the records, the same one wherever a trace comes by.
//!
//! Randomness and thresholds are those of OpenTelemetry's probability sampling, 56 bits each: a record stays where its randomness is at least the
//! threshold. What stays says the threshold, and how many records it stands for.

use logloom_record::{
    AnyValue, Batch, Condition, Edit, Marks, Overlay, Record,
    overlay::{push_double, push_text},
};

use crate::{Outcome, Processor};

/// How much randomness there is: thresholds and randomness lie below.
const WHOLE: u64 = 1 << 56;
/// Buckets of the hash: 14 bits.
const BUCKETS: u64 = 1 << 14;
/// Hexadecimal digits of a threshold.
const DIGITS: i32 = 14;

const THRESHOLD: &[u8] = b"sampling.threshold";
const RANDOMNESS: &[u8] = b"sampling.randomness";

/// Where randomness comes from, and what becomes of a threshold that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A hash (FNV-1a) under a seed, of 14 bits.
    HashSeed,
    /// Randomness of the trace id; the share is what is left, however much was sampled before.
    Equalizing,
    /// The same; the share is of what comes.
    Proportional,
}

/// What a [`Sample`] is made of.
#[derive(Debug)]
pub struct Settings {
    /// See [`Mode`].
    pub mode: Mode,
    /// The share, in percent.
    pub percentage: f32,
    /// Shares of records for which a condition holds; the first one decides.
    pub rates: Vec<(Condition, f32)>,
    /// The hash's seed.
    pub hash_seed: u32,
    /// Digits of a threshold, 1 to 14.
    pub precision: i32,
    /// Whether the trace id is asked first.
    pub by_trace_id: bool,
    /// The attribute that is hashed where there is no trace id.
    pub from_attribute: Option<String>,
    /// The attribute that holds a share of its own, in percent.
    pub priority: Option<String>,
    /// Of what has no randomness: whether it goes; without it all of the record is hashed.
    pub fail_closed: Option<bool>,
    /// What always stays.
    pub keep: Option<Condition>,
    /// The attribute that says how many records one stands for.
    pub count_attribute: Option<String>,
}

/// Keeps a share of the records.
#[derive(Debug)]
pub struct Sample {
    settings: Settings,
    threshold: Option<u64>,
    thresholds: Vec<Option<u64>>,
}

/// What the conditions say of the records of a Batch: each is asked of those that the ones before it left.
struct Told {
    keep: Marks,
    rates: Vec<Marks>,
}

/// What is decided of a record.
enum Decision {
    /// It stays, untouched.
    Whole,
    Goes,
    /// It stays for others, with its threshold and the randomness that was made for it.
    Stays(u64, Option<u64>),
}

impl Sample {
    /// Of these settings.
    pub fn new(settings: Settings) -> Self {
        let threshold = settings.threshold_of(settings.percentage);
        let thresholds = settings.rates.iter().map(|(_, percentage)| settings.threshold_of(*percentage)).collect();
        Self { settings, threshold, thresholds }
    }

    fn told(&self, batch: &Batch) -> Told {
        let mut left = Marks::all(batch.len());
        let mut among = |condition: &Condition| {
            let found = condition.among(batch, &left);
            left.remove(&found);
            found
        };
        let Settings { keep, rates, .. } = &self.settings;
        Told { keep: keep.as_ref().map(&mut among).unwrap_or_default(), rates: rates.iter().map(|(when, _)| among(when)).collect() }
    }

    fn decide(&self, told: &Told, position: usize, record: &Record<'_>) -> Decision {
        let settings = &self.settings;
        if told.keep.contains(position) {
            return Decision::Whole;
        }
        let rate = told.rates.iter().position(|of_rate| of_rate.contains(position));
        let (percentage, own) = match rate.and_then(|at| Some((settings.rates.get(at)?.1, *self.thresholds.get(at)?))) {
            Some(of_rate) => of_rate,
            None => (settings.percentage, self.threshold),
        };
        let before = digits(record, THRESHOLD, false);
        let mut threshold = own.map(|own| match (settings.mode, before) {
            (Mode::Proportional, Some(before)) => {
                let probability = (WHOLE - before) as f64 / WHOLE as f64;
                rounded(probability * f64::from(percentage) / 100.0, settings.precision)
            }
            (_, before) => own.max(before.unwrap_or_default()),
        });
        if let Some(share) = settings.priority.as_ref().and_then(|name| record.attribute(name)) {
            let share = match share {
                AnyValue::Int(percent) => percent as f64,
                AnyValue::Double(percent) => percent,
                _ => 100.0,
            };
            match (share > 0.0).then(|| rounded((share / 100.0).min(1.0), settings.precision)) {
                None => return Decision::Goes,
                Some(wanted) => threshold = Some(threshold.map_or(wanted, |threshold| threshold.min(wanted))),
            }
        }
        let Some(threshold) = threshold else { return Decision::Goes };
        let (randomness, made) = match self.randomness(record) {
            Some(found) => found,
            None => match settings.fail_closed {
                Some(true) => return Decision::Goes,
                Some(false) => return Decision::Whole,
                None => (hashed(record.bytes(), settings.hash_seed), true),
            },
        };
        match randomness >= threshold {
            false => Decision::Goes,
            true if threshold == 0 => Decision::Whole,
            true => Decision::Stays(threshold, made.then_some(randomness)),
        }
    }

    /// The randomness of a record, and whether it was made here.
    fn randomness(&self, record: &Record<'_>) -> Option<(u64, bool)> {
        let Settings { mode, hash_seed, by_trace_id, from_attribute, .. } = &self.settings;
        if let Some(explicit) = digits(record, RANDOMNESS, true) {
            return Some((explicit, false));
        }
        match record.trace_id.filter(|_| *by_trace_id) {
            Some(id) if *mode == Mode::HashSeed => return Some((hashed(&id, *hash_seed), true)),
            Some(id) => return id.last_chunk().map(|last| (u64::from_be_bytes(*last) & (WHOLE - 1), false)),
            None => {}
        }
        let value = record.attribute(from_attribute.as_ref()?)?;
        let mut bytes = Vec::new();
        match value {
            AnyValue::Str(text) | AnyValue::Bytes(text) => bytes.extend_from_slice(text),
            AnyValue::Int(number) => bytes.extend_from_slice(number.to_string().as_bytes()),
            AnyValue::Double(number) => bytes.extend_from_slice(number.to_string().as_bytes()),
            AnyValue::Bool(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
            other => other.append_to(&mut bytes),
        }
        Some((hashed(&bytes, *hash_seed), true))
    }
}

impl Settings {
    /// What must be reached at least; `None`: nothing does.
    fn threshold_of(&self, percentage: f32) -> Option<u64> {
        let percentage = percentage.min(100.0);
        if percentage <= 0.0 {
            return None;
        }
        match self.mode {
            // In single precision, and cut off: what the Collector keeps, no more and no less.
            Mode::HashSeed => {
                let accepted = (percentage * (BUCKETS as f32 / 100.0)) as u64;
                (accepted > 0).then(|| (BUCKETS - accepted.min(BUCKETS)) << 42)
            }
            Mode::Equalizing | Mode::Proportional => Some(rounded(f64::from(percentage) / 100.0, self.precision)),
        }
    }
}

/// The threshold of a probability, in so many digits; more where it is near 0 or 1.
fn rounded(probability: f64, precision: i32) -> u64 {
    if probability >= 1.0 {
        return 0;
    }
    let probability = probability.max(1.0 / WHOLE as f64);
    // As much more as there are leading zeros, in digits.
    let leading = |fraction: f64| ((-fraction.log2()).ceil() as i32 - 1).max(0) / 4;
    let digits = (precision + leading(probability).max(leading(1.0 - probability))).clamp(1, DIGITS);
    let threshold = WHOLE - ((probability * WHOLE as f64).round() as u64).clamp(1, WHOLE);
    let shift = 4 * (DIGITS - digits) as u32;
    if shift == 0 {
        return threshold;
    }
    let rounded = (threshold + (1 << (shift - 1))) >> shift << shift;
    rounded.min(WHOLE - 1)
}

/// The randomness that a hash gives: its 14 low bits decide, turned so that a record stays at a lower share only if it does at a higher.
fn hashed(bytes: &[u8], seed: u32) -> u64 {
    let hash =
        seed.to_le_bytes().iter().chain(bytes).fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    let low = u64::from(hash) & (BUCKETS - 1);
    let unused = u64::from(hash >> 18);
    (BUCKETS - 1 - low) << 42 | ((unused ^ unused << 10) & 0x0fff_ffff) << 14 | low
}

/// The hexadecimal digits of an attribute: a threshold's trailing zeros may be left out, a randomness has all.
fn digits(record: &Record<'_>, key: &[u8], is_whole: bool) -> Option<u64> {
    let (_, value) = record.attributes().find(|(name, _)| *name == key)?;
    let text = value.as_str()?;
    if text.is_empty()
        || text.len() > DIGITS as usize
        || is_whole && text.len() != DIGITS as usize
        || !text.iter().all(u8::is_ascii_hexdigit)
    {
        return None;
    }
    let number = u64::from_str_radix(str::from_utf8(text).ok()?, 16).ok()?;
    Some(number << (4 * (DIGITS as usize - text.len())))
}

impl Processor for Sample {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let mut overlay = Overlay::record();
        let (mut position, mut dropped) = (0, 0);
        let told = self.told(&batch);
        let made = batch.edit(
            |record, out| {
                position += 1;
                match self.decide(&told, position - 1, record) {
                    Decision::Whole => Edit::Keep,
                    Decision::Goes => {
                        dropped += 1;
                        Edit::Drop
                    }
                    Decision::Stays(threshold, randomness) => {
                        overlay.clear();
                        let digits = format!("{threshold:014x}");
                        overlay.set_in(record.bytes(), THRESHOLD, |out| push_text(out, digits.trim_end_matches('0').as_bytes()));
                        if let Some(randomness) = randomness {
                            overlay.set_in(record.bytes(), RANDOMNESS, |out| push_text(out, format!("{randomness:014x}").as_bytes()));
                        }
                        if let Some(name) = &self.settings.count_attribute {
                            let count = WHOLE as f64 / (WHOLE - threshold) as f64;
                            overlay.set_in(record.bytes(), name.as_bytes(), |out| push_double(out, count));
                        }
                        overlay.finish(record.bytes(), out)
                    }
                }
            },
            |_, _, _| false,
        );
        outcome.dropped += dropped;
        made
    }
}
