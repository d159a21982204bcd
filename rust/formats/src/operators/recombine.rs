//! The operator `recombine`: a field of several records, one behind the other, as that of one record.

use logloom_record::Program;

use super::{
    config::{Place, Result},
    entry::{Base, Entry, Field, Root},
    value::{Str, Value},
};

/// The longest text that is combined, in bytes, where the config has no bound.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// The most records that become one, where the config has no bound.
const ENTRIES_MAX: u64 = 8192;

#[derive(Debug)]
pub(super) struct Recombine {
    pub(super) test: Program,
    /// Whether the test tells the first, and not the last.
    is_first: bool,
    field: Field,
    with: String,
    source: Field,
    newest: bool,
    entries_max: u64,
    unmatched_max: u64,
    sources_max: usize,
    bytes_max: usize,
    flush_nanos: u64,
    /// Which of the chain's it is.
    pub(super) slot: usize,
}

/// What waits of one source.
#[derive(Debug)]
pub(super) struct Waiting {
    source: Box<[u8]>,
    entry: Entry<'static>,
    text: String,
    raw: Option<Vec<u8>>,
    pub(super) lines: u64,
    entries: u64,
    is_matched: bool,
    since_unix_nano: u64,
    /// Where its first line lies in the source.
    pub(super) offset: u64,
}

/// What became of a record.
#[allow(clippy::large_enum_variant)] // it is taken apart at once
pub(super) enum Taken<'a> {
    /// It waits; what is ready goes on.
    Waits,
    /// It has nothing to combine: it goes on as it is.
    Passes(Entry<'a>),
}

impl Recombine {
    pub(super) fn compile(place: &Place<'_>, slot: usize) -> Result<Self> {
        let (test, is_first) = match (place.condition("is_first_entry")?, place.condition("is_last_entry")?) {
            (Some(test), None) => (test, true),
            (None, Some(test)) => (test, false),
            _ => return Err(place.error("", "needs 'is_first_entry' or 'is_last_entry', one of them")),
        };
        let newest = match place.text("overwrite_with")?.unwrap_or("oldest") {
            "newest" => true,
            "oldest" | "" => false,
            _ => return Err(place.error("overwrite_with", "there are oldest and newest")),
        };
        let bounded = |given: Option<u64>, otherwise: u64, most: u64| match given.unwrap_or(otherwise) {
            0 => most,
            count => count.min(most),
        };
        let bytes_max = bounded(place.bytes("max_log_size")?, 0, TEXT_BYTES_MAX as u64);
        Ok(Self {
            test,
            is_first,
            field: place.needed_field("combine_field")?,
            with: place.text("combine_with")?.unwrap_or("\n").to_owned(),
            source: place.one_field("source_identifier")?.unwrap_or_else(|| Field::of(Root::Attributes, &["log.file.path"])),
            newest,
            entries_max: bounded(place.count("max_batch_size")?, 1000, ENTRIES_MAX),
            unmatched_max: bounded(place.count("max_unmatched_batch_size")?, 100, ENTRIES_MAX),
            sources_max: bounded(place.count("max_sources")?, 1000, 1000) as usize,
            bytes_max: bytes_max as usize,
            flush_nanos: place.nanos("force_flush_period")?.unwrap_or(5_000_000_000),
            slot,
        })
    }

    /// What joins the parts of a container's message.
    pub(super) fn of_container(place: &Place<'_>, slot: usize) -> Result<Self> {
        let test = place.test(r#"attributes.logtag == "F" or attributes.logtag startsWith "F:""#).map_err(|m| place.error("", m))?;
        let bytes_max = place.bytes("max_log_size")?.filter(|bytes| *bytes > 0).map_or(TEXT_BYTES_MAX, |bytes| bytes as usize);
        Ok(Self {
            test,
            is_first: false,
            field: Field::of(Root::Body, &[]),
            with: String::new(),
            // The two streams of a container are cut by themselves.
            source: Field::of(Root::Attributes, &["log.iostream"]),
            newest: false,
            entries_max: 1000,
            unmatched_max: 100,
            sources_max: 1000,
            bytes_max: bytes_max.min(TEXT_BYTES_MAX),
            flush_nanos: 5_000_000_000,
            slot,
        })
    }

    /// Takes a record; `ready` gets what is combined.
    pub(super) fn take<'a>(
        &'a self,
        entry: Entry<'a>,
        matches: bool,
        (waiting, base, arrival): (&mut Vec<Waiting>, &'a Base, u64),
        ready: &mut Vec<Entry<'a>>,
    ) -> Taken<'a> {
        let source: Box<[u8]> = match entry.get(&self.source, base) {
            Some(Value::Str(text)) => text.bytes().into(),
            _ => Box::default(),
        };
        let mut place = waiting.iter().position(|one| one.source == source);
        let Some(Value::Str(text)) = entry.get(&self.field, base) else { return Taken::Passes(entry) };
        // No record that was alone grows beyond the bound.
        let is_over = |one: &Waiting| one.text.len() + self.with.len() + text.bytes().len() > TEXT_BYTES_MAX;
        if let Some(at) = place
            && (matches && self.is_first || waiting.get(at).is_some_and(is_over))
        {
            ready.push(self.combined(waiting.remove(at), base));
            place = None;
        }
        if place.is_none() {
            if matches && !self.is_first && text.bytes().len() <= TEXT_BYTES_MAX {
                // The first is the last.
                return Taken::Passes(entry);
            }
            if waiting.len() >= self.sources_max {
                waiting.drain(..).for_each(|one| ready.push(self.combined(one, base)));
            }
        }
        let text = text.str().to_owned();
        let Some(one) = place.and_then(|at| waiting.get_mut(at)) else {
            let one = Waiting {
                source,
                raw: entry.raw.clone(),
                lines: entry.lines,
                entries: 1,
                is_matched: matches,
                since_unix_nano: arrival,
                offset: entry.offset,
                entry: entry.into_static(),
                text,
            };
            waiting.push(one);
            self.end_full(waiting, waiting.len() - 1, matches, base, ready);
            return Taken::Waits;
        };
        one.entries += 1;
        one.lines += entry.lines;
        one.is_matched |= matches;
        if one.raw.is_some() || entry.raw.is_some() {
            let mut raw = one.raw.take().unwrap_or_else(|| one.text.clone().into_bytes());
            raw.extend_from_slice(self.with.as_bytes());
            raw.extend_from_slice(entry.raw.as_deref().unwrap_or(text.as_bytes()));
            one.raw = Some(raw);
        }
        if !one.text.is_empty() {
            one.text.push_str(&self.with);
        }
        one.text.push_str(&text);
        // Where one of them failed, so did what they make.
        let failed = one.entry.failed.or(entry.failed);
        if self.newest {
            one.entry = entry.into_static();
        }
        one.entry.failed = failed;
        let at = place.unwrap_or_default();
        self.end_full(waiting, at, matches, base, ready);
        Taken::Waits
    }

    /// Ends what is complete, or at a bound.
    fn end_full<'a>(&'a self, waiting: &mut Vec<Waiting>, at: usize, matches: bool, base: &'a Base, ready: &mut Vec<Entry<'a>>) {
        let is_full = |one: &Waiting| {
            (matches && !self.is_first)
                || one.text.len() > self.bytes_max
                || one.entries >= self.entries_max
                || (!one.is_matched && one.entries >= self.unmatched_max)
        };
        if waiting.get(at).is_some_and(is_full) {
            ready.push(self.combined(waiting.remove(at), base));
        }
    }

    /// Ends what has waited for too long, or all.
    pub(super) fn end<'a>(&'a self, waiting: &mut Vec<Waiting>, arrival: Option<u64>, base: &'a Base, ready: &mut Vec<Entry<'a>>) {
        let is_late = |one: &Waiting| arrival.is_none_or(|now| now.saturating_sub(one.since_unix_nano) >= self.flush_nanos.max(1));
        let mut at = 0;
        while let Some(one) = waiting.get(at) {
            if is_late(one) {
                ready.push(self.combined(waiting.remove(at), base));
            } else {
                at += 1;
            }
        }
    }

    fn combined<'a>(&'a self, one: Waiting, base: &'a Base) -> Entry<'a> {
        let mut entry: Entry<'a> = one.entry;
        entry.set(&self.field, Value::Str(Str::own(one.text)), base);
        (entry.lines, entry.raw) = (one.lines, one.raw);
        entry
    }
}
