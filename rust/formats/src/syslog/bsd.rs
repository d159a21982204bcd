//! The header of RFC 3164 and of what came before and after it: with and without a host, a tag, a year, a zone; of routers too.

use logloom_record::{RejectReason, Text};

use super::header::Header;
use crate::{
    scan::{find, find_either},
    severity,
    time::{self, Context, TimeError},
};

/// The longest tag, in bytes. RFC 3164 allows 32.
const TAG_BYTES_MAX: usize = 160;
/// How many words a tag may have: programs with blanks in their names.
const TAG_WORDS_MAX: usize = 4;

/// Reads what follows the priority.
#[inline(always)]
pub(super) fn read<'a>(rest: Text<'a>, has_priority: bool, context: &Context) -> Result<Header<'a>, RejectReason> {
    let mut header = Header::default();
    // The usual line: nothing stands before its time.
    let found = match stamp(rest.bytes(), context) {
        Ok((time, len)) => {
            header.time_unix_nano = time;
            Some(rest.after(len))
        }
        Err(error) if !has_priority && !is_router(rest.bytes()) => {
            let at = error.at;
            return Err(if error.is_value { error.reject(0) } else { RejectReason::syntax("expected <PRI> or a time", at) });
        }
        Err(_) => router(rest, &mut header, context),
    };
    match found {
        Some(after) if !has_priority && rest.bytes().get(4) == Some(&b'-') => match level(after, &mut header) {
            Some(rest) => tag(blanks(rest), &mut header),
            None => host_and_tag(after, &mut header),
        },
        Some(after) => host_and_tag(after, &mut header),
        None if has_priority => without_time(rest, &mut header),
        None => return Err(RejectReason::syntax("expected <PRI> or a time", 0)),
    }
    Ok(header)
}

/// The time that the text begins with (0: a time whose year cannot be known), and its length.
#[inline(always)]
fn stamp(text: &[u8], context: &Context) -> Result<(u64, usize), TimeError> {
    match text {
        [b'0'..=b'9', _, _, _, b'-', ..] => time::prefix(text, context.zone),
        _ => time::bsd(text, context).map(|(time, len)| (time.unwrap_or_default(), len)),
    }
}

/// Whether a line without a priority may yet be a router's: it begins with a mark or a count.
#[inline(always)]
fn is_router(text: &[u8]) -> bool {
    matches!(text, [b'*' | b'.', b'A'..=b'Z' | b'0'..=b'9', ..] | [b'0'..=b'9', ..])
}

/// What Cisco's routers and switches put before the time: `29: `, `29: R1: `, `: `; `*` and `.` say that the clock is not synchronised.
/// Gives what follows the time; `None` where there is no time.
#[cold]
#[inline(never)]
fn router<'a>(rest: Text<'a>, header: &mut Header<'a>, context: &Context) -> Option<Text<'a>> {
    let mut at = 0;
    let bytes = rest.bytes();
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut counted = None;
    if bytes.get(digits..).is_some_and(|after| after.starts_with(b": ")) {
        counted = bytes.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        at = digits + 2;
    }
    let mut host = Text::EMPTY;
    for _ in 0..2 {
        let mark = usize::from(matches!(bytes.get(at), Some(b'*' | b'.')));
        let left = rest.after(at + mark);
        if let Ok((time, len)) = stamp(left.bytes(), context) {
            (header.time_unix_nano, header.sequence, header.host) = (time, counted, host);
            return Some(left.after(len));
        }
        // How long it has run, where it has no clock: `00:00:46: %LINK`, `1w2d: %SYS`.
        let left = rest.after(at);
        let end = find(left, b' ')?;
        let word = left.slice(0..end.checked_sub(1)?);
        if left.bytes().get(end - 1) != Some(&b':') || word.is_empty() {
            return None;
        }
        let uptime = |byte: &u8| matches!(byte, b'0'..=b'9' | b':' | b'.' | b'*' | b'w' | b'd' | b'h' | b'y');
        if word.bytes().iter().all(uptime) && left.bytes().get(end + 1) == Some(&b'%') {
            (header.sequence, header.host, header.message) = (counted, host, left.after(end + 1));
            return Some(header.message);
        }
        if !is_host(word.bytes()) {
            return None;
        }
        host = word;
        at += end + 1;
    }
    None
}

/// What `VMware`'s servers have in place of a host: a level (`info`), or its first letters and the priority (`In(166)`). Gives what follows.
#[inline(never)]
fn level<'a>(after: Text<'a>, header: &mut Header<'a>) -> Option<Text<'a>> {
    let rest = blanks(after);
    let end = find(rest, b' ')?;
    let word = rest.slice(0..end);
    if let [b'A'..=b'Z', b'a'..=b'z', b'(', digits @ .., b')'] = word.bytes() {
        let priority = std::str::from_utf8(digits).ok()?.parse::<u8>().ok().filter(|priority| *priority <= 191)?;
        header.priority = Some(priority);
    } else if word.len() > 3 && word.bytes().iter().all(u8::is_ascii_alphabetic) && severity::of_text(word) != 0 {
        header.level = word;
    } else {
        return None;
    }
    Some(rest.after(end + 1))
}

/// Reads what follows the time.
#[inline(always)]
fn host_and_tag<'a>(after: Text<'a>, header: &mut Header<'a>) {
    let mut rest = blanks(after);
    // Routers: `10:40:59: %SYS-5-CONFIG_I: …`, `10:40:59 fw01 : %ASA-6-302013: …`.
    if rest.bytes().first() == Some(&b':') {
        rest = blanks(rest.after(1));
    }
    let end = find(rest, b' ').unwrap_or(rest.len());
    let word = rest.slice(0..end);
    let follows = rest.after(end + 1);
    if header.host.is_empty() && is_host(word.bytes()) {
        let last_is_colon = word.bytes().last() == Some(&b':');
        if !last_is_colon && !is_tag(word.bytes()) {
            header.host = if word.bytes() == b"-" { Text::EMPTY } else { word };
            rest = blanks(follows);
            if rest.bytes().starts_with(b": %") {
                rest = rest.after(2);
            }
        } else if last_is_colon && follows.bytes().first() == Some(&b'%') {
            header.host = word.slice(0..word.len() - 1);
            rest = follows;
        }
    }
    tag(rest, header);
}

/// A message without a time: `<13>backup: done`, `<30>gateway dhcpd[12]: …`.
#[cold]
fn without_time<'a>(rest: Text<'a>, header: &mut Header<'a>) {
    let mut rest = blanks(rest);
    let end = find(rest, b' ').unwrap_or(rest.len());
    let word = rest.slice(0..end);
    let next = rest.after(end + 1);
    let next_end = find(next, b' ').unwrap_or(next.len());
    if is_host(word.bytes()) && !is_tag(word.bytes()) && is_tag(next.slice(0..next_end).bytes()) && !word.bytes().ends_with(b":") {
        header.host = word;
        rest = next;
    }
    tag(rest, header);
}

#[inline(always)]
fn blanks(text: Text<'_>) -> Text<'_> {
    match text.bytes() {
        [b' ', b' ', ..] => text.after(text.bytes().iter().take_while(|byte| **byte == b' ').count()),
        [b' ', ..] => text.after(1),
        _ => text,
    }
}

/// Whether a word may be the name or address of a host, perhaps with what relays add to it.
#[inline(always)]
fn is_host(word: &[u8]) -> bool {
    let allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'/' | b'@' | b'%' | b'+' | 0x80..);
    match word {
        [b'[', inner @ .., b']'] => inner.contains(&b':') && inner.iter().all(allowed),
        [] | [b'%' | b':', ..] | [b'-', b'-', ..] | [b'C', b'E', b'F', b':', ..] | [b'L', b'E', b'E', b'F', b':', ..] => false,
        _ => word.iter().all(allowed) || is_tag(word),
    }
}

/// Whether a word is `program[process]:`.
#[inline(always)]
fn is_tag(word: &[u8]) -> bool {
    match word {
        [.., b']', b':'] => memchr::memchr(b'[', word).is_some_and(|at| at > 0),
        [.., b']'] => memchr::memchr(b'[', word).is_some_and(|at| at > 0 && word.get(at + 1).is_some_and(u8::is_ascii_digit)),
        _ => false,
    }
}

/// Reads the tag, if there is one, and the message.
#[inline(always)]
fn tag<'a>(rest: Text<'a>, header: &mut Header<'a>) {
    header.message = rest;
    let Some(end) = find_either(rest.slice(0..TAG_BYTES_MAX), b':', b' ') else { return no_colon(rest, header) };
    if rest.bytes().get(end) == Some(&b' ') {
        return no_colon(rest, header);
    }
    // `program:` or `program[process]:`
    let word = rest.slice(0..end);
    let after = rest.after(end + 1);
    if let [.., b']'] = word.bytes()
        && let Some(open) = find(word, b'[').filter(|open| *open > 0)
    {
        header.program = word.slice(0..open);
        header.process = word.slice(open + 1..end - 1);
        header.message = one_blank(after);
    } else if is_program(word.bytes()) && !matches!(after.bytes(), [b'/' | b'\\' | b':', ..]) && !is_cisco_or_cef(rest.bytes()) {
        header.program = word;
        header.message = one_blank(after);
    } else {
        no_colon(rest, header);
    }
}

/// RFC 3164 has one blank behind the tag; more of them are the message's.
#[inline(always)]
fn one_blank(text: Text<'_>) -> Text<'_> {
    text.after(usize::from(text.bytes().first() == Some(&b' ')))
}

/// Whether a word before a colon is a program's name: not what a message may as well begin with.
#[inline(always)]
fn is_program(word: &[u8]) -> bool {
    let allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'@' | b'+' | b'#' | b'*' | 0x80..);
    let has_letter = word.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    match word {
        [b'(', name @ .., b')'] => !name.is_empty() && name.iter().all(allowed),
        _ => has_letter && word.iter().all(allowed),
    }
}

/// A message that begins with what only looks like a tag.
#[inline(always)]
fn is_cisco_or_cef(text: &[u8]) -> bool {
    matches!(text, [b'%', ..] | [b'C', b'E', b'F', b':', ..] | [b'L', b'E', b'E', b'F', b':', ..])
}

/// A tag of another shape, or none: `proftpd[127] text`, `Setup Assistant[12]: text`, `launchd[1] (com.example.agent[77]): text`, `- text`.
#[cold]
#[inline(never)]
fn no_colon<'a>(rest: Text<'a>, header: &mut Header<'a>) {
    let bytes = rest.bytes();
    if let [b'-', b' ', ..] = bytes {
        header.message = rest.after(2);
        return;
    }
    let head = bytes.get(..TAG_BYTES_MAX).unwrap_or(bytes);
    let Some(open) = memchr::memchr(b'[', head).filter(|open| *open > 0) else { return };
    let name = head.get(..open).unwrap_or_default();
    let digits = head.iter().skip(open + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let close = open + 1 + digits;
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b' ' | 0x80..);
    let is_name = name.iter().all(in_name) && name.iter().any(u8::is_ascii_alphanumeric) && name.last() != Some(&b' ');
    if digits == 0 || head.get(close) != Some(&b']') || !is_name {
        return;
    }
    let after = rest.after(close + 1);
    let words = name.split(|byte| *byte == b' ').count();
    let message = match after.bytes() {
        [b':', ..] if words <= TAG_WORDS_MAX => one_blank(after.after(1)),
        [b' ', b'(', ..] if words == 1 => {
            // launchd's: what it speaks of stays in front of the message.
            let Some(end) = crate::scan::find_bytes(after.bytes(), b"): ") else {
                header.message = after.after(1);
                return named(rest, open, close, header);
            };
            after.after(end + 3)
        }
        [] | [b' ', ..] if words == 1 => one_blank(after),
        _ => return,
    };
    named(rest, open, close, header);
    header.message = message;
}

fn named<'a>(rest: Text<'a>, open: usize, close: usize, header: &mut Header<'a>) {
    header.program = rest.slice(0..open);
    header.process = rest.slice(open + 1..close);
}
