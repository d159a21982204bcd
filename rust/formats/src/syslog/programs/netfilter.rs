//! Packets that the kernel's firewall logs: `IN=eth0 OUT= MAC=… SRC=203.0.113.9 DST=192.0.2.8 LEN=60 … PROTO=TCP SPT=51514 DPT=22 … SYN`,
//! by iptables, nftables, ufw and others.

use logloom_record::{Key, RecordCursor, Text};

use crate::swar;

const PREFIX: Key = Key::new("netfilter.prefix");
const TRANSPORT: Key = Key::new("network.transport");
const FLAGS: Key = Key::new("netfilter.flags");

/// The attributes of the keys, and whether their values are numbers.
const KEYS: [(Key, bool); 26] = [
    (Key::new("netfilter.in"), false),
    (Key::new("netfilter.out"), false),
    (Key::new("netfilter.physin"), false),
    (Key::new("netfilter.physout"), false),
    (Key::new("netfilter.mac"), false),
    (Key::new("client.address"), false),
    (Key::new("destination.address"), false),
    (Key::new("netfilter.length"), true),
    (Key::new("netfilter.tos"), false),
    (Key::new("netfilter.prec"), false),
    (Key::new("netfilter.ttl"), true),
    (Key::new("netfilter.id"), true),
    (Key::new("client.port"), true),
    (Key::new("destination.port"), true),
    (Key::new("netfilter.window"), true),
    (Key::new("netfilter.res"), false),
    (Key::new("netfilter.urgp"), true),
    (Key::new("netfilter.seq"), true),
    (Key::new("netfilter.ack"), true),
    (Key::new("netfilter.icmp.type"), true),
    (Key::new("netfilter.icmp.code"), true),
    (Key::new("netfilter.tc"), true),
    (Key::new("netfilter.hoplimit"), true),
    (Key::new("netfilter.flowlbl"), true),
    (Key::new("netfilter.mark"), false),
    (Key::new("netfilter.uid"), true),
];

/// The row of a key.
#[inline(always)]
fn row(name: &[u8]) -> Option<usize> {
    Some(match name {
        b"IN" => 0,
        b"OUT" => 1,
        b"PHYSIN" => 2,
        b"PHYSOUT" => 3,
        b"MAC" => 4,
        b"SRC" => 5,
        b"DST" => 6,
        b"LEN" => 7,
        b"TOS" => 8,
        b"PREC" => 9,
        b"TTL" => 10,
        b"ID" => 11,
        b"SPT" => 12,
        b"DPT" => 13,
        b"WINDOW" => 14,
        b"RES" => 15,
        b"URGP" => 16,
        b"SEQ" => 17,
        b"ACK" => 18,
        b"TYPE" => 19,
        b"CODE" => 20,
        b"TC" => 21,
        b"HOPLIMIT" => 22,
        b"FLOWLBL" => 23,
        b"MARK" => 24,
        b"UID" => 25,
        _ => return None,
    })
}

const DATAGRAM_LENGTH: Key = Key::new("netfilter.datagram.length");

/// Whether a message of the kernel is such a one.
#[inline]
pub(super) fn is_one(message: &[u8]) -> bool {
    let Some(at) = crate::scan::find_bytes(message, b"IN=") else { return false };
    (at == 0 || message.get(at - 1).is_some_and(|before| !before.is_ascii_uppercase()))
        && message
            .get(at..)
            .is_some_and(|rest| crate::scan::find_bytes(rest, b" SRC=").is_some() || crate::scan::find_bytes(rest, b" PROTO=").is_some())
}

/// Writes the packet. What an error message of ICMP quotes in brackets is another packet and left out.
#[inline(never)]
pub(super) fn write<'w>(mut rec: RecordCursor<'w>, message: Text<'_>) -> RecordCursor<'w> {
    let start = crate::scan::find_bytes(message.bytes(), b"IN=").unwrap_or_default();
    let prefix = prefix(message.slice(0..start));
    if !prefix.is_empty() {
        rec = rec.attr(&PREFIX, prefix);
    }
    let (mut seen, mut has_length) = (0u32, false);
    let mut flags = [0u8; 96];
    let mut flags_len = 0;
    let mut at = start;
    while let Some(rest) = message.bytes().get(at..).filter(|rest| !rest.is_empty()) {
        let len = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let word = message.slice(at..at + len);
        at += len + 1;
        match word.bytes() {
            [] => continue,
            [b'[', ..] => break,
            _ => {}
        }
        let Some(equals) = memchr::memchr(b'=', word.bytes()) else {
            // SYN, ACK, DF …
            if let Some(room) = flags.get_mut(flags_len..flags_len + len + 1).filter(|_| word.bytes().iter().all(u8::is_ascii_uppercase)) {
                let (text, blank) = room.split_at_mut(len);
                text.copy_from_slice(word.bytes());
                blank.fill(b' ');
                flags_len += len + 1;
            }
            continue;
        };
        let value = word.after(equals + 1);
        let name = word.slice(0..equals).bytes();
        if value.is_empty() {
            continue;
        }
        if name == b"PROTO" {
            rec = transport(rec, value);
            continue;
        }
        let Some(which) = row(name) else { continue };
        let Some((key, is_number)) = KEYS.get(which) else { continue };
        let is_second = seen & (1 << which) != 0;
        seen |= 1 << which;
        let key = match (is_second, name) {
            (false, _) => key,
            // The length of the packet, then that of the UDP datagram in it.
            (true, b"LEN") if !has_length => {
                has_length = true;
                &DATAGRAM_LENGTH
            }
            _ => continue,
        };
        rec = match swar::leading_u64(value.bytes()) {
            Some((number, digits)) if *is_number && digits == value.len() && i64::try_from(number).is_ok() => {
                rec.attr_i64(key, number as i64)
            }
            _ => rec.attr(key, value),
        };
    }
    if flags_len > 0 {
        rec = rec.attr(&FLAGS, Text::of(&flags, 0..flags_len - 1));
    }
    rec
}

/// What the rule says: without the colon or quote behind it.
fn prefix(text: Text<'_>) -> Text<'_> {
    let trimmed = text.bytes().trim_ascii_end();
    let trimmed = trimmed.strip_suffix(b":").unwrap_or(trimmed).trim_ascii_end();
    let inner = match trimmed {
        [b'[', inner @ .., b']'] if !inner.contains(&b'[') => return text.slice(1..inner.len() + 1),
        other => other.len(),
    };
    text.slice(0..inner)
}

/// `TCP` is `tcp`; a number stays one.
fn transport<'w>(rec: RecordCursor<'w>, value: Text<'_>) -> RecordCursor<'w> {
    let mut small = [0u8; 16];
    let Some(room) = small.get_mut(..value.len()) else { return rec };
    room.copy_from_slice(value.bytes());
    room.make_ascii_lowercase();
    rec.attr(&TRANSPORT, Text::of(&small, 0..value.len()))
}
