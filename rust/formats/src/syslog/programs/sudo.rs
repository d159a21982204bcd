//! sudo: `ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/ls`, with what went wrong in front of the first key.

use logloom_record::{Key, RecordCursor, Text};

const USER: Key = Key::new("user.name");
const ERROR: Key = Key::new("sudo.error");
const OUTCOME: Key = Key::new("event.outcome");

/// What stands in front of a `=`.
const KEYS: [(&[u8], Key); 9] = [
    (b"HOST", Key::new("sudo.host")),
    (b"TTY", Key::new("sudo.tty")),
    (b"CHROOT", Key::new("sudo.chroot")),
    (b"PWD", Key::new("sudo.pwd")),
    (b"USER", Key::new("sudo.user")),
    (b"GROUP", Key::new("sudo.group")),
    (b"TSID", Key::new("sudo.tsid")),
    (b"ENV", Key::new("sudo.env")),
    (b"COMMAND", Key::new("sudo.command")),
];

/// Writes a message of sudo; one of another shape gives nothing.
#[inline(never)]
pub(super) fn write<'w>(mut rec: RecordCursor<'w>, message: Text<'_>) -> RecordCursor<'w> {
    let Some(colon) = crate::scan::find_bytes(message.bytes(), b" : ") else { return rec };
    let user = trim(message.slice(0..colon));
    let mut rest = message.after(colon + 3);
    if user.is_empty() || user.bytes().contains(&b' ') {
        return rec;
    }
    rec = rec.attr(&USER, user);
    let mut error = Text::EMPTY;
    let mut has_command = false;
    loop {
        let found = KEYS.iter().find(|(name, _)| rest.bytes().strip_prefix(*name).is_some_and(|after| after.first() == Some(&b'=')));
        let is_command = found.is_some_and(|(name, _)| *name == b"COMMAND");
        // The command is the last one and may hold anything; so may what a user says in front of it, but for what ends it.
        let end = if is_command { None } else { crate::scan::find_bytes(rest.bytes(), b" ; ") };
        let part = rest.slice(0..end.unwrap_or(rest.len()));
        match found {
            Some((name, key)) => rec = rec.attr(key, trim(part.after(name.len() + 1))),
            None if error.is_empty() => error = trim(part),
            None => {}
        }
        has_command |= is_command;
        let Some(end) = end else { break };
        rest = rest.after(end + 3);
    }
    let failed = !error.is_empty() && !error.bytes().starts_with(b"(command continued)");
    if failed {
        rec = rec.attr(&ERROR, error);
    }
    if has_command || failed {
        rec = rec.attr(&OUTCOME, Text::from(if failed { "failure" } else { "success" }));
    }
    rec
}

fn trim(text: Text<'_>) -> Text<'_> {
    let bytes = text.bytes();
    let start = bytes.len() - bytes.trim_ascii_start().len();
    text.slice(start..start + bytes.trim_ascii().len())
}
