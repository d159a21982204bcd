//! The messages of known programs, as tables of [patterns](crate::pattern).

mod auth;
mod mail;
mod netfilter;
mod network;
mod sudo;
mod system;

pub(crate) use network::NAMED;

use std::sync::{Arc, OnceLock};

use logloom_record::{Key, RecordCursor, Scalar, Text};

use super::Header;
use crate::{
    OptionError,
    envoy::Trace,
    fields::Keys,
    json::hash,
    pattern::{Line, Values, alternatives},
    scan::find,
    swar,
    time::Context,
};

/// The messages of one program, or of several that write alike.
#[derive(Debug)]
struct Program {
    names: &'static [&'static str],
    /// The most specific first.
    messages: &'static [&'static str],
}

const TABLES: [&[Program]; 4] = [auth::PROGRAMS, system::PROGRAMS, mail::PROGRAMS, network::PROGRAMS];

const REPEATED: Key = Key::new("syslog.repeated");
const UPTIME: Key = Key::new("kernel.uptime");

/// All tables, compiled.
#[derive(Debug)]
pub(crate) struct Programs {
    /// Their names, and which messages are those of each.
    names: Keys,
    sets: Vec<usize>,
    known: Vec<Messages>,
    pam: Messages,
    cisco: Messages,
}

/// The messages of one program.
#[derive(Debug)]
struct Messages {
    /// With whether a text stands in front of the first value.
    lines: Vec<(Line, bool)>,
    /// The lines that may fit a message by its first byte.
    by_first: Vec<(u8, Vec<u16>)>,
    /// Those that begin with a value: they may fit any.
    any: Vec<u16>,
}

/// What a message is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'p, 'a> {
    line: Option<&'p Line>,
    /// What the line fits, without what stands around it.
    inner: Text<'a>,
    is_sudo: bool,
    is_netfilter: bool,
    /// How often it came, where a daemon says so.
    repeated: u64,
    /// What the kernel writes in front, in seconds.
    uptime: Text<'a>,
}

impl Programs {
    /// The tables; compiled once a process.
    pub(crate) fn get() -> Result<Arc<Self>, OptionError> {
        static COMPILED: OnceLock<Result<Arc<Programs>, OptionError>> = OnceLock::new();
        COMPILED.get_or_init(|| Self::compile().map(Arc::new)).clone()
    }

    fn compile() -> Result<Self, OptionError> {
        let (mut names, mut sets) = (Keys::default(), Vec::new());
        let mut known = Vec::new();
        for program in TABLES.into_iter().flatten() {
            for name in program.names {
                if names.add(name) {
                    sets.push(known.len());
                }
            }
            known.push(Messages::compile(program.messages)?);
        }
        Ok(Self { names, sets, known, pam: Messages::compile(auth::PAM)?, cisco: Messages::compile(system::CISCO)? })
    }

    /// Finds out what a message is; the values of its line go into `values`.
    #[inline]
    pub(crate) fn find<'p, 'a>(&'p self, header: &Header<'a>, context: &Context, values: &mut Values) -> Known<'p, 'a> {
        let mut known = Known { inner: header.message, ..Known::default() };
        let name = base_name(header.program);
        let program = name.bytes();
        known.unwrap_repeated();
        let message = known.inner.bytes();
        let messages = match (message.first(), program) {
            (Some(b'%'), _) => &self.cisco,
            (Some(b'p'), _) if message.starts_with(b"pam_") => &self.pam,
            (None, _) => return known,
            (_, b"sudo" | b"sudo-i") => {
                known.is_sudo = true;
                return known;
            }
            (_, b"" | b"kernel" | b"ulogd") => {
                known.unwrap_uptime();
                if netfilter::is_one(known.inner.bytes()) {
                    known.is_netfilter = true;
                    return known;
                }
                match self.of(name).filter(|_| program == b"kernel") {
                    Some(messages) => messages,
                    None => return known,
                }
            }
            _ => match self.of(name) {
                Some(messages) => messages,
                None => return known,
            },
        };
        let trimmed = known.inner.bytes().trim_ascii_end().len();
        known.inner = known.inner.slice(0..trimmed);
        known.line = messages.find(known.inner, context, values);
        known
    }

    #[inline]
    fn of(&self, program: Text<'_>) -> Option<&Messages> {
        let found = self.names.find(hash(program), program)?;
        self.known.get(*self.sets.get(found as usize)?)
    }
}

/// `postfix/smtpd` is postfix, `/usr/sbin/cron` is cron.
#[inline]
pub(super) fn base_name(program: Text<'_>) -> Text<'_> {
    let name = program.bytes();
    match find(program, b'/') {
        None => program,
        Some(0) => program.after(name.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1)),
        Some(_) if name.starts_with(b"postfix") => program.slice(0..b"postfix".len()),
        Some(at) => program.slice(0..at),
    }
}

impl Messages {
    fn compile(patterns: &[&str]) -> Result<Self, OptionError> {
        let mut lines = Vec::new();
        let mut firsts = Vec::new();
        for pattern in patterns {
            let wrong = |message: &str, at: usize| OptionError::new(pattern, message).at(at);
            for parts in alternatives(pattern).map_err(|e| wrong(&e.message, e.at))? {
                let first = pattern.bytes().next().filter(|byte| *byte != b'{');
                lines.push((Line::new(parts).map_err(|e| wrong(&e.message, e.at))?, first.is_some()));
                firsts.push(first);
            }
        }
        let of = |byte: Option<u8>| -> Vec<u16> {
            let fits = firsts.iter().enumerate().filter(|(_, first)| first.is_none() || **first == byte);
            fits.filter_map(|(i, _)| u16::try_from(i).ok()).collect()
        };
        let mut distinct: Vec<u8> = firsts.iter().flatten().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        Ok(Self { by_first: distinct.into_iter().map(|byte| (byte, of(Some(byte)))).collect(), any: of(None), lines })
    }

    /// The line that the message fits. First those are tried that fit at a glance; then those that a value makes ambiguous, such as a
    /// user who calls himself `x from 192.0.2.1`.
    #[inline]
    fn find(&self, message: Text<'_>, context: &Context, values: &mut Values) -> Option<&Line> {
        let first = message.bytes().first()?;
        let list = self.by_first.iter().find(|(byte, _)| byte == first).map_or(&self.any, |(_, list)| list);
        let lines = || list.iter().filter_map(|i| self.lines.get(usize::from(*i))).filter(|(line, _)| line.may_begin(message));
        if let Some((line, _)) = lines().find(|(line, _)| line.read_plain(message, context, values).is_ok()) {
            return Some(line);
        }
        lines().find(|(line, has_text)| *has_text && line.read(message, context, values).is_ok()).map(|(line, _)| line)
    }
}

impl Known<'_, '_> {
    /// The severity that the message itself tells; 0: none.
    pub(crate) fn severity(&self, values: &Values) -> u8 {
        if self.line.is_some() { values.severity() } else { 0 }
    }

    /// Writes what was found as attributes.
    #[inline]
    pub(crate) fn write<'w>(&self, mut rec: RecordCursor<'w>, values: &Values) -> RecordCursor<'w> {
        if self.repeated > 0 {
            rec = rec.attr_i64(&REPEATED, self.repeated as i64);
        }
        if !self.uptime.is_empty() {
            rec = rec.apart(|rec| uptime(rec, self.uptime));
        }
        if self.is_sudo {
            return rec.apart(|rec| sudo::write(rec, self.inner));
        }
        if self.is_netfilter {
            return rec.apart(|rec| netfilter::write(rec, self.inner));
        }
        match self.line {
            Some(line) => rec.apart(|rec| line.attributes(rec, self.inner, values, &mut Trace::default())),
            None => rec,
        }
    }

    /// `last message repeated 3 times`, `message repeated 3 times: [ the message]`.
    #[inline(always)]
    fn unwrap_repeated(&mut self) {
        if matches!(self.inner.bytes(), [b'm' | b'l' | b'-', ..]) {
            self.repeated_times();
        }
    }

    #[inline(never)]
    fn repeated_times(&mut self) {
        let bytes = self.inner.bytes();
        let dashes = usize::from(bytes.starts_with(b"--- ")) * 4;
        let rest = bytes.get(dashes..).unwrap_or_default();
        let last = usize::from(rest.starts_with(b"last ")) * 5;
        let Some(behind) = rest.get(last..).and_then(|rest| rest.strip_prefix(b"message repeated ")) else { return };
        let Some((times, digits)) = swar::leading_u64(behind).filter(|(times, _)| i64::try_from(*times).is_ok()) else { return };
        let at = bytes.len() - behind.len() + digits;
        let Some(after) = bytes.get(at..).filter(|after| after.starts_with(b" time")) else { return };
        self.repeated = times;
        if let Some(open) = crate::scan::find_bytes(after, b": [").filter(|open| *open <= 6)
            && let [.., b']'] = after
        {
            let start = at + open + 3;
            self.inner = self.inner.slice(start + usize::from(bytes.get(start) == Some(&b' '))..bytes.len() - 1);
        }
    }

    /// `[ 1234.567890] ` in front of a message of the kernel.
    #[inline(always)]
    fn unwrap_uptime(&mut self) {
        let bytes = self.inner.bytes();
        if let [b'[', rest @ ..] = bytes
            && let Some(end) = memchr::memchr(b']', rest.get(..24).unwrap_or(rest))
            && let Some(stamp) = rest.get(..end).map(<[u8]>::trim_ascii)
            && stamp.first().is_some_and(u8::is_ascii_digit)
            && stamp.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        {
            let start = 1 + end - rest.get(..end).map_or(0, |padded| padded.trim_ascii_start().len());
            self.uptime = self.inner.slice(start..start + stamp.len());
            let after = self.inner.after(end + 2);
            self.inner = after.after(usize::from(after.bytes().first() == Some(&b' ')));
        }
    }
}

#[inline(never)]
fn uptime<'w>(rec: RecordCursor<'w>, text: Text<'_>) -> RecordCursor<'w> {
    match std::str::from_utf8(text.bytes()).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(seconds) => rec.attr_scalar(Text::from(UPTIME.name()), Scalar::Double(seconds)),
        None => rec,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_tables_compile_and_name_each_program_once() {
        let programs = Programs::get().unwrap();
        let names: Vec<_> = TABLES.into_iter().flatten().flat_map(|program| program.names).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| programs.of(Text::from(**name)).is_some()));
        assert_eq!(programs.known.len(), TABLES.into_iter().map(<[Program]>::len).sum::<usize>());
    }
}
