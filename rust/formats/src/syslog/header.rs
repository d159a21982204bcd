//! What stands in front of the message, of either kind.

use logloom_record::{RejectReason, Text};

use super::{bsd, ietf, tables};
use crate::{severity, time::Context};

/// The parts of a line. An empty text is an absent one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Header<'a> {
    /// 0: none.
    pub time_unix_nano: u64,
    /// 0 to 191.
    pub priority: Option<u8>,
    /// RFC 5424's, 1 to 999; 0 for RFC 3164.
    pub version: u16,
    /// What routers count their messages with.
    pub sequence: Option<i64>,
    pub host: Text<'a>,
    /// A word for the severity, where a line without a priority has one.
    pub level: Text<'a>,
    pub program: Text<'a>,
    /// What stands behind the program in brackets: most often the process's number.
    pub process: Text<'a>,
    pub message_id: Text<'a>,
    /// RFC 5424's structured data, well formed.
    pub data: Text<'a>,
    /// Behind the header.
    pub message: Text<'a>,
}

impl<'a> Header<'a> {
    /// Reads the header of a line. What has a priority is a message, whatever follows; what has none must begin with a time.
    #[inline(always)]
    pub(crate) fn read(line: Text<'a>, context: &Context) -> Result<Self, RejectReason> {
        let (priority, rest) = match priority(line.bytes()) {
            Some((priority, len)) => (Some(priority), line.after(len)),
            None => (None, line),
        };
        let read = match ietf::read(rest, priority.is_some(), context) {
            Some(header) => header,
            None => bsd::read(rest, priority.is_some(), context)?,
        };
        Ok(Self { priority: priority.or(read.priority), ..read })
    }

    /// OpenTelemetry's severity and syslog's keyword, or the word that the line has.
    #[inline(always)]
    pub(crate) fn severity(&self) -> Option<(u8, Text<'a>)> {
        match self.priority {
            Some(priority) => Some(tables::severity(priority)),
            None if self.level.is_empty() => None,
            None => Some((severity::of_text(self.level), self.level)),
        }
    }
}

/// `<13>`: a number of 0 to 191 without superfluous zeros, and the length of it all.
#[inline(always)]
pub(super) fn priority(line: &[u8]) -> Option<(u8, usize)> {
    let digit = |byte: u8| u16::from(byte.wrapping_sub(b'0'));
    let (value, len) = match *line {
        [b'<', a @ b'0'..=b'9', b'>', ..] => (digit(a), 3),
        [b'<', a @ b'1'..=b'9', b @ b'0'..=b'9', b'>', ..] => (digit(a) * 10 + digit(b), 4),
        [b'<', b'1', b @ b'0'..=b'9', c @ b'0'..=b'9', b'>', ..] => (100 + digit(b) * 10 + digit(c), 5),
        _ => return None,
    };
    (value <= 191).then_some((value as u8, len))
}
