//! What is kept between two runs: each cursor's place and the accounts, in one small file that is replaced as a whole.
//!
//! `state` = one line, `LOGLOOM-STATE <version> <crc32 of the rest>`, and a JSON object. What it says holds at `position`; the heads of later
//! entries complete it.

use std::{io, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    CursorInfo,
    accounts::{Accounts, ReceiverRow},
    place::{Member, Outcome, Place},
    sets::Amount,
    state::State,
};
use crate::{log::inspect, storage::Storage};

/// The file's name.
pub(super) const FILE: &str = "state";
const MAGIC: &str = "LOGLOOM-STATE";
const VERSION: u32 = 1;
/// The most bytes that are read of it.
const BYTES_MAX: u64 = 512 << 20;

/// Why it does not tell anything.
#[derive(Debug)]
pub(super) enum Unread {
    /// The disk said no.
    Io(io::Error),
    /// A later logloom wrote it.
    Newer(u32),
    /// It is not whole.
    Damaged { why: String, bytes: Vec<u8> },
}

/// The state and the journal's id, where there is one.
pub(super) fn read(storage: &dyn Storage) -> Result<Option<(State, [u8; 16])>, Unread> {
    let Some(bytes) = storage.read_small(FILE, BYTES_MAX).map_err(Unread::Io)? else { return Ok(None) };
    match decode(&bytes) {
        Ok(read) => Ok(Some(read)),
        Err(Why::Newer(version)) => Err(Unread::Newer(version)),
        Err(Why::Broken(why)) => Err(Unread::Damaged { why: why.to_owned(), bytes }),
    }
}

/// What a journal's folder tells without being opened, also while another process writes it.
#[derive(Clone, Debug)]
pub struct AtRest {
    /// The journal's id.
    pub journal_id: [u8; 16],
    /// All cursors. While the journal is in use, none says so.
    pub cursors: Vec<CursorInfo>,
    /// All counts up to the last entry.
    pub accounts: Accounts,
}

/// Reads the cursors and the accounts of the journal in this folder, without writing anything. `None` where there is none, or its state is lost.
pub fn at_rest(storage: &dyn Storage) -> io::Result<Option<AtRest>> {
    let (mut state, journal_id) = match read(storage) {
        Ok(Some(read)) => read,
        Ok(None) => return Ok(None),
        Err(Unread::Io(error)) => return Err(error),
        Err(Unread::Newer(version)) => return Err(io::Error::other(newer(version))),
        Err(Unread::Damaged { why, .. }) => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{FILE}: {why}"))),
    };
    inspect::heads(storage, state.head, &mut |head| state.arrived(head))?;
    let now = super::now_unix_nano();
    Ok(Some(AtRest { journal_id, accounts: state.accounts(now), cursors: state.cursors() }))
}

pub(super) fn newer(version: u32) -> String {
    format!("{FILE} was written by a later logloom (format version {version}): run that one, or a later")
}

/// The file's bytes.
pub(super) fn encode(state: &State, id: [u8; 16]) -> Vec<u8> {
    let body = to_json(state, id).to_string();
    let mut bytes = format!("{MAGIC} {VERSION} {:08x}\n", crc32fast::hash(body.as_bytes())).into_bytes();
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

enum Why {
    Newer(u32),
    Broken(&'static str),
}

fn decode(bytes: &[u8]) -> Result<(State, [u8; 16]), Why> {
    let broken = |why| move || Why::Broken(why);
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(broken("it has no first line"))?;
    let (line, body) = bytes.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let line = str::from_utf8(line).map_err(|_| Why::Broken("its first line is not text"))?;
    let mut words = line.split(' ');
    if words.next() != Some(MAGIC) {
        return Err(Why::Broken("it does not begin as such a file does"));
    }
    let version: u32 = words.next().and_then(|word| word.parse().ok()).ok_or_else(broken("its first line tells no version"))?;
    if version > VERSION {
        return Err(Why::Newer(version));
    }
    let crc = words.next().and_then(|word| u32::from_str_radix(word, 16).ok());
    if crc != Some(crc32fast::hash(body)) {
        return Err(Why::Broken("its checksum does not hold"));
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Why::Broken("it is not JSON"))?;
    from_json(&value).ok_or_else(broken("a field is missing or of the wrong kind"))
}

fn to_json(state: &State, id: [u8; 16]) -> Value {
    let receivers: Map<_, _> = state.counted.receivers.iter().map(|(id, row)| (id.to_string(), receiver(row))).collect();
    let pipelines: Map<_, _> =
        state.counted.pipelines.iter().map(|(name, row)| (name.to_string(), json!([row.made, row.dropped, row.passed_on]))).collect();
    let sets = state.sets.all.iter().map(|set| {
        let names: Vec<&str> = set.pipelines.iter().map(|name| &**name).collect();
        json!({"pipelines": names, "total": amount(set.total), "last": set.last})
    });
    json!({
        "journal": hex(&id),
        "position": state.head,
        "receivers": receivers,
        "pipelines": pipelines,
        "sets": sets.collect::<Vec<_>>(),
        "cursors": state.places.iter().map(place).collect::<Vec<_>>(),
    })
}

fn amount(amount: Amount) -> Value {
    json!([amount.records, amount.bytes])
}

fn receiver(row: &ReceiverRow) -> Value {
    let refused: Map<_, _> = row.refused.iter().map(|(reason, count)| (reason.to_string(), (*count).into())).collect();
    json!({
        "frames": row.frames, "parsed": row.parsed, "rejects": row.rejects, "joined": row.joined, "passed_over": row.passed_over,
        "bytes": row.bytes, "unrouted": row.unrouted, "refused": refused,
    })
}

fn place(place: &Place) -> Value {
    let members = place.members.iter().map(|member| json!([&*member.pipeline, member.from, member.to]));
    let base = place.base.iter().enumerate().filter(|(set, base)| place.listens(*set) && **base != Amount::default());
    json!({
        "name": &*place.name,
        "members": members.collect::<Vec<_>>(),
        "before": amount(place.before),
        "base": base.map(|(set, base)| json!([set, base.records, base.bytes])).collect::<Vec<_>>(),
        "done": place.done,
        "done_amount": amount(place.done_amount),
        "delivered": place.outcome.delivered,
        "dead_lettered": place.outcome.dead_lettered,
        "dropped": place.outcome.dropped,
        "missing": place.missing,
        "recheck": place.recheck,
        "since_unix_nano": place.since_unix_nano,
        "seen_unix_nano": if place.holder == 0 { place.seen_unix_nano } else { super::now_unix_nano() },
        "state": place.state.as_deref().map(hex),
    })
}

fn from_json(value: &Value) -> Option<(State, [u8; 16])> {
    let mut state = State::default();
    state.head = value["position"].as_u64()?;
    let id = unhex(value["journal"].as_str()?)?.try_into().ok()?;
    for (id, row) in value["receivers"].as_object()? {
        let refused = row["refused"].as_object()?.iter().map(|(reason, count)| Some((reason.as_str().into(), count.as_u64()?)));
        let row = ReceiverRow {
            frames: row["frames"].as_u64()?,
            parsed: row["parsed"].as_u64()?,
            rejects: row["rejects"].as_u64()?,
            joined: row["joined"].as_u64()?,
            passed_over: row["passed_over"].as_u64()?,
            bytes: row["bytes"].as_u64()?,
            unrouted: row["unrouted"].as_u64()?,
            refused: refused.collect::<Option<_>>()?,
        };
        state.counted.receivers.insert(id.as_str().into(), row);
    }
    for (name, counts) in value["pipelines"].as_object()? {
        let row = super::accounts::entry(&mut state.counted.pipelines, &name.as_str().into());
        (row.made, row.dropped) = (counts[0].as_u64()?, counts[1].as_u64()?);
        row.passed_on = counts[2].as_u64().unwrap_or_default(); // older ones have none
    }
    for set in value["sets"].as_array()? {
        let names: Option<Vec<Arc<str>>> = set["pipelines"].as_array()?.iter().map(|name| Some(name.as_str()?.into())).collect();
        let at = state.set(&names?);
        let set_of = state.sets.all.get_mut(at)?;
        (set_of.total, set_of.last) = (amount_of(&set["total"])?, set["last"].as_u64()?);
    }
    for place in value["cursors"].as_array()? {
        let place = place_of(place, state.sets.all.len(), state.head)?;
        state.places.push(place);
    }
    state.find_own();
    Some((state, id))
}

fn amount_of(value: &Value) -> Option<Amount> {
    Some(Amount { records: value[0].as_u64()?, bytes: value[1].as_u64()? })
}

fn place_of(value: &Value, sets: usize, head: u64) -> Option<Place> {
    let member = |member: &Value| Some(Member { pipeline: member[0].as_str()?.into(), from: member[1].as_u64()?, to: member[2].as_u64()? });
    let members: Option<Vec<_>> = value["members"].as_array()?.iter().map(member).collect();
    let mut base = vec![Amount::default(); sets];
    for row in value["base"].as_array()? {
        let set = usize::try_from(row[0].as_u64()?).ok()?;
        *base.get_mut(set)? = Amount { records: row[1].as_u64()?, bytes: row[2].as_u64()? };
    }
    let state = match &value["state"] {
        Value::Null => None,
        text => Some(unhex(text.as_str()?)?.into()),
    };
    let (done, done_amount) = (value["done"].as_u64()?, amount_of(&value["done_amount"])?);
    Some(Place {
        name: value["name"].as_str()?.into(),
        members: Arc::new(members?),
        before: amount_of(&value["before"])?,
        base,
        read: done,
        read_amount: done_amount,
        tail_from: head,
        done,
        done_amount,
        outcome: Outcome {
            delivered: value["delivered"].as_u64()?,
            dead_lettered: value["dead_lettered"].as_u64()?,
            dropped: value["dropped"].as_u64()?,
        },
        missing: value["missing"].as_u64()?,
        recheck: value["recheck"].as_bool()?,
        state,
        since_unix_nano: value["since_unix_nano"].as_u64()?,
        seen_unix_nano: value["seen_unix_nano"].as_u64()?,
        ..Place::default()
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    text.len().is_multiple_of(2).then(|| text.as_bytes().chunks(2).map(byte).collect()).flatten()
}
