//! Linux audit records, as auditd, audispd and the kernel write them.

mod decode;

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::{memchr, memrchr};

use self::decode::decode;
use super::json::KEYS;
use crate::{
    About, Decoder, Format, Likely, OptionError, Options, Spec,
    fields::{Dialect, Fields, Known, Put, Rows},
    ids::decode_into,
    json::Seen,
    open_framed,
    scan::{find, find_either},
    time,
};

/// The row of `auditd`.
pub static SPEC: Spec = Spec {
    name: "auditd",
    about: About {
        line: "Linux audit records: type=… msg=audit(…): key=value …, hexadecimal values decoded",
        page: "https://github.com/linux-audit/audit-documentation/wiki",
        example: r#"type=USER_AUTH msg=audit(1795257659.509:24287): pid=812 uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:authentication acct="alice" exe="/usr/sbin/sshd" hostname=? addr=198.51.100.7 terminal=ssh res=failed'"#,
    },
    options: &[KEYS],
    compile,
};

/// The dictionary's fields that have a name in the conventions; others are `auditd.<field>`. In capitals: what auditd itself resolved.
const ROWS: Rows = Rows {
    keys: &[
        ("summary", "body"),
        ("node", "host.name"),
        ("type", "auditd.type"),
        ("sequence", "auditd.sequence:int"),
        ("arch", "auditd.arch"),
        ("architecture", "host.arch"),
        ("ARCH", "host.arch"),
        ("pid", "process.pid:int"),
        ("ppid", "process.parent_pid:int"),
        ("opid", "auditd.opid:int"),
        ("comm", "process.command"),
        ("exe", "process.executable.path"),
        ("cwd", "process.working_directory"),
        ("cmd", "process.command_args"),
        ("args", "process.command_args"),
        ("argc", "process.args_count:int"),
        ("proctitle", "process.title"),
        ("uid", "user.id"),
        ("UID", "user.name"),
        ("acct", "user.name"),
        ("euid", "process.user.id:int"),
        ("EUID", "process.user.name"),
        ("suid", "process.saved_user.id:int"),
        ("SUID", "process.saved_user.name"),
        ("auid", "auditd.auid"),
        ("AUID", "auditd.auid_name"),
        ("ses", "auditd.ses"),
        ("SYSCALL", "auditd.syscall_name"),
        ("a0", "auditd.a0"),
        ("a1", "auditd.a1"),
        ("a2", "auditd.a2"),
        ("a3", "auditd.a3"),
        ("addr", "client.address"),
        ("rport", "client.port:int"),
        ("laddr", "server.address"),
        ("lport", "server.port:int"),
        ("src", "source.address"),
        ("dst", "destination.address"),
        ("saddr.address", "network.peer.address"),
        ("saddr.port", "network.peer.port:int"),
        ("path", "file.path"),
        ("inode", "file.inode"),
        ("mode", "file.mode"),
        ("ouid", "file.owner.id"),
        ("OUID", "file.owner.name"),
        ("ogid", "file.group.id"),
        ("OGID", "file.group.name"),
    ],
    general: false,
    prefix: "auditd.",
    times: &[],
    ..Rows::NONE
};

/// Whether a field is written in hexadecimal digits, without quotes, where it holds a blank, a quote or a control character.
#[rustfmt::skip]
fn is_encoded(key: &[u8]) -> bool {
    matches!(
        key,
        b"acct" | b"cgroup" | b"cmd" | b"comm" | b"cwd" | b"data" | b"device" | b"dir" | b"exe" | b"file" | b"key" | b"kernel" | b"name"
            | b"new-chardev" | b"new-disk" | b"new-fs" | b"new-rng" | b"ocomm" | b"old-chardev" | b"old-disk" | b"old-fs" | b"old-rng"
            | b"path" | b"proctitle" | b"root_dir" | b"sw" | b"vm" | b"watch" | b"fs_type"
    )
}

/// What becomes of a key otherwise than of most: its value may be [encoded](is_encoded); it has a meaning of its own; or it has where it is an
/// argument of an EXECVE.
const ENCODED: u8 = 1;
const OWN: u8 = 2;
const ARGUMENT: u8 = 3;

fn class_of(key: &[u8]) -> u8 {
    match key {
        b"arch" | b"cmd" | b"saddr" | b"name" => OWN,
        [b'a', b'0'..=b'9', ..] => ARGUMENT,
        _ if is_encoded(key) => ENCODED,
        _ => 0,
    }
}

fn is_hex(value: &[u8]) -> bool {
    value.len() >= 2 && value.len().is_multiple_of(2) && value.iter().all(u8::is_ascii_hexdigit)
}

/// The architectures of `arch=`, as the kernel's elf-em.h numbers them.
#[rustfmt::skip]
const ARCHITECTURES: &[(&[u8], &str)] = &[
    (b"c000003e", "x86_64"), (b"40000003", "i386"), (b"c00000b7", "aarch64"), (b"40000028", "arm"), (b"c00000f3", "riscv64"),
    (b"c0000015", "ppc64le"), (b"80000015", "ppc64"), (b"80000016", "s390x"),
];

struct Auditd {
    dialect: Dialect,
    names: Names,
}

/// Names that stand in no line.
struct Names {
    kind: Known,
    sequence: Known,
    architecture: Known,
    summary: Known,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?).with_classes(class_of);
    let known = |key| Known::new(&dialect, key);
    let names = Names { kind: known("type"), sequence: known("sequence"), architecture: known("architecture"), summary: known("summary") };
    Ok(Arc::new(Auditd { dialect, names }))
}

/// What stands before `type=`: nothing, a node, or what the kernel's own log has.
fn head(line: &[u8]) -> Option<usize> {
    let at = if line.starts_with(b"type=") { 0 } else { crate::scan::find_bytes(line.get(..line.len().min(300))?, b"type=")? };
    let before = line.get(..at)?;
    let is_node = before.strip_prefix(b"node=").is_some_and(|node| memchr(b' ', node) == Some(node.len().wrapping_sub(1)));
    (before.is_empty() || is_node || before.ends_with(b"audit: ") || before.ends_with(b"audispd: ")).then_some(at)
}

impl Format for Auditd {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let Some(at) = head(frame) else { return Likely::NO };
        let rest = frame.get(at..frame.len().min(at + 100)).unwrap_or_default();
        if crate::scan::find_bytes(rest, b"audit(").is_some() { Likely::SURE } else { Likely::NO }
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line has at most 4 GiB", 0));
        }
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            self.gather(fields, frame)?;
            fields.write(&self.dialect, frame, frame, decode, out)
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}

/// The pairs of one line, on their way into its fields.
struct Line<'a, 'f> {
    fields: &'f mut Fields,
    dialect: &'f Dialect,
    names: &'f Names,
    seen: Seen,
    frame: Text<'a>,
    is_path: bool,
    is_execve: bool,
}

impl Auditd {
    fn gather(&self, fields: &mut Fields, frame: Text<'_>) -> Result<(), RejectReason> {
        let bytes = frame.bytes();
        let start = head(bytes).ok_or(RejectReason::syntax("expected 'type='", 0))?;
        let (dialect, names) = (&self.dialect, &self.names);
        let mut line = Line { fields, dialect, names, seen: Seen::default(), frame, is_path: false, is_execve: false };
        if bytes.starts_with(b"node=") {
            line.add("node", Put::Text(5..start - 1));
        }
        let kind = start + 5;
        let kind_len =
            memchr(b' ', bytes.get(kind..).unwrap_or_default()).ok_or(RejectReason::truncated("expected a time", bytes.len()))?;
        line.fields.add_looked_up(&mut line.seen, frame, &names.kind, Put::Text(kind..kind + kind_len));
        line.is_path = frame.slice(kind..kind + kind_len).bytes() == b"PATH";
        line.is_execve = frame.slice(kind..kind + kind_len).bytes() == b"EXECVE";
        let stamp = kind + kind_len + 1;
        let rest = bytes.get(stamp..).unwrap_or_default();
        let opening = if rest.starts_with(b"msg=") { 4 } else { 0 };
        if !rest.get(opening..).is_some_and(|rest| rest.starts_with(b"audit(")) {
            return Err(RejectReason::syntax("expected 'msg=audit(' and a time", stamp));
        }
        let (from, closing) = (stamp + opening + 6, memchr(b')', rest).map(|at| stamp + at));
        let closing = closing.ok_or(RejectReason::truncated("the time has no end", bytes.len()))?;
        let colon = memchr(b':', bytes.get(from..closing).unwrap_or_default()).map(|at| from + at);
        let colon = colon.ok_or(RejectReason::syntax("expected ':' and the event's number behind the time", closing))?;
        let unix_nano = time::epoch::parse(bytes.get(from..colon).unwrap_or_default()).map_err(|error| error.reject(from))?;
        line.fields.give_time(unix_nano);
        line.fields.add_looked_up(&mut line.seen, frame, &names.sequence, Put::Typed(colon + 1..closing));
        let from = closing + 1 + usize::from(bytes.get(closing + 1) == Some(&b':'));
        // What auditd resolved stands behind a group separator.
        let end = memchr(0x1d, bytes).filter(|at| *at >= from).unwrap_or(bytes.len());
        line.pairs(from, end);
        if end < bytes.len() {
            line.pairs(end + 1, bytes.len());
        }
        Ok(())
    }
}

impl Line<'_, '_> {
    /// The text of a part of the line.
    fn text(&self, from: usize, to: usize) -> &[u8] {
        self.frame.bytes().get(from..to).unwrap_or_default()
    }

    fn add(&mut self, name: &str, value: Put) {
        self.fields.add_known(self.dialect, &mut self.seen, self.frame, name, value);
    }

    /// Reads `key=value` pairs; words between them are passed over, but for what an AVC says and the `old` and `new` of old kernels.
    fn pairs(&mut self, mut at: usize, end: usize) {
        let mut word = (at, at);
        while at < end {
            if matches!(self.text(at, end).first(), Some(b' ' | b',' | b'\t')) {
                at += 1;
                continue;
            }
            if let Some(len) = self.fields.expected(self.dialect, self.frame, at, b'=').filter(|len| at + len < end)
                && !matches!(self.text(word.0, word.1), b"old" | b"new")
            {
                word = (at, at);
                at = self.expected_pair(at, at + len, end);
                continue;
            }
            let rest = self.text(at, end);
            let len = rest.iter().position(|byte| matches!(byte, b'=' | b' ' | b',' | b'{' | b'\t')).unwrap_or(rest.len());
            match rest.get(len) {
                Some(b'=') if len > 0 => {
                    let key = match self.text(word.0, word.1) {
                        b"old" | b"new" if word.1 + 1 == at => word.0,
                        _ => at,
                    };
                    word = (at, at);
                    at = self.pair(key, at + len, end);
                }
                Some(b'{') if len == 0 => {
                    let close = memchr(b'}', rest).unwrap_or(rest.len());
                    if matches!(self.text(word.0, word.1), b"denied" | b"granted") {
                        self.add("seresult", Put::Text(word.0..word.1));
                        let inner = self.text(at + 1, at + close);
                        let (lead, all) = (inner.len() - inner.trim_ascii_start().len(), inner.trim_ascii().len());
                        self.add("seperms", Put::Text(at + 1 + lead..at + 1 + lead + all));
                    }
                    at += close + 1;
                }
                _ => {
                    word = (at, at + len);
                    at += len.max(1);
                }
            }
        }
    }

    /// The same as [`pair`](Self::pair), of a key of which it is known what it is.
    #[inline(always)]
    fn expected_pair(&mut self, key_at: usize, equals: usize, end: usize) -> usize {
        let (class, at) = (self.fields.expected_class(), equals + 1);
        let rest = self.text(at, end);
        if class == OWN || (class == ARGUMENT && self.is_execve) || rest.first() == Some(&b'\'') {
            return self.pair(key_at, equals, end);
        }
        let (put, behind) = if rest.first() == Some(&b'"') {
            let close = find(self.frame.slice(at + 1..end), b'"').map_or(end, |close| at + 1 + close);
            (Put::Text(at + 1..close), close + 1)
        } else {
            let stop = self.stop(at, end);
            match self.text(at, stop) {
                b"" | b"?" | b"(null)" => return stop,
                value if class == ENCODED && is_hex(value) => (Put::Escaped(at..stop), stop),
                _ => (Put::Typed(at..stop), stop),
            }
        };
        self.fields.add(self.dialect, &mut self.seen, self.frame, key_at..equals, put);
        behind
    }

    /// Where the value without quotes ends that begins at `at`.
    #[inline(always)]
    fn stop(&self, at: usize, end: usize) -> usize {
        let stop = find_either(self.frame.slice(at..end), b' ', b',').map_or(end, |stop| at + stop);
        // A comma is part of a list, and ends only what an old auditd put before the pairs.
        if let [b',', next @ ..] = self.text(stop, end)
            && next.first() != Some(&b' ')
        {
            return find(self.frame.slice(stop..end), b' ').map_or(end, |more| stop + more);
        }
        stop
    }

    /// Reads the value behind the `=` at `equals`; where it ends.
    fn pair(&mut self, key_at: usize, equals: usize, end: usize) -> usize {
        let at = equals + 1;
        let rest = self.text(at, end);
        match rest.first() {
            Some(b'\'') => {
                let inner_end = memrchr(b'\'', rest).filter(|close| *close > 0).map_or(end, |close| at + close);
                if self.text(key_at, equals) == b"msg" {
                    self.message(at + 1, inner_end);
                } else {
                    self.value(key_at, equals, Put::Text(at + 1..inner_end));
                }
                inner_end + 1
            }
            Some(b'"') => {
                let close = find(self.frame.slice(at + 1..end), b'"').map_or(end, |close| at + 1 + close);
                self.value(key_at, equals, Put::Text(at + 1..close));
                close + 1
            }
            _ => {
                let stop = self.stop(at, end);
                self.unquoted(key_at, equals, at, stop);
                stop
            }
        }
    }

    /// What a program said: its first words are the body, its pairs are fields.
    fn message(&mut self, at: usize, end: usize) {
        let text = self.text(at, end);
        let first = memchr(b'=', text).map_or(text.len(), |equals| {
            let words = text.get(..equals).unwrap_or_default();
            // Words before the first pair, else that pair.
            match memrchr(b' ', words) {
                Some(blank) => blank,
                None => memchr(b' ', text).unwrap_or(text.len()),
            }
        });
        let len = text.get(..first).unwrap_or_default().trim_ascii_end().len();
        if len > 0 && text.first() != Some(&b' ') {
            self.fields.add_looked_up(&mut self.seen, self.frame, &self.names.summary, Put::Text(at..at + len));
        }
        self.pairs(at, end);
    }

    fn unquoted(&mut self, key_at: usize, equals: usize, at: usize, stop: usize) {
        let (key, value) = (self.text(key_at, equals), self.text(at, stop));
        match (key, value) {
            (_, b"" | b"?" | b"(null)") => {}
            (b"arch", _) => {
                if let Some((_, name)) = ARCHITECTURES.iter().find(|(code, _)| *code == value) {
                    self.fields.add_made_looked_up(&mut self.seen, self.frame, &self.names.architecture, name);
                }
                self.value(key_at, equals, Put::Text(at..stop));
            }
            (b"cmd", _) if is_hex(value) => self.add("cmd", Put::Items(at..stop)),
            (b"saddr", _) if is_hex(value) => self.socket_address(at, stop),
            _ if is_encoded(key) && is_hex(value) => self.value(key_at, equals, Put::Escaped(at..stop)),
            _ => self.value(key_at, equals, Put::Typed(at..stop)),
        }
    }

    fn value(&mut self, key_at: usize, equals: usize, put: Put) {
        let frame = self.frame;
        match frame.bytes().get(key_at..equals).unwrap_or_default() {
            b"name" if self.is_path => self.add("path", put),
            b"old auid" => self.add("old_auid", put),
            b"new auid" => self.add("new_auid", put),
            b"old ses" => self.add("old_ses", put),
            b"new ses" => self.add("new_ses", put),
            // The arguments are one list, from the first one on.
            b"a0" if self.is_execve => self.add("args", Put::Items(key_at..frame.len())),
            [b'a', b'0'..=b'9', ..] if self.is_execve => {}
            b"cmd" => {
                let range = match put {
                    Put::Text(range) => range.start - 1..range.end + 1,
                    Put::Escaped(range) | Put::Typed(range) | Put::Items(range) | Put::Made(range) => range,
                };
                self.add("cmd", Put::Items(range));
            }
            _ => self.fields.add(self.dialect, &mut self.seen, frame, key_at..equals, put),
        }
    }

    /// The `sockaddr` of a SOCKADDR record: family, port and address in the machine's and the network's order of bytes.
    fn socket_address(&mut self, at: usize, stop: usize) {
        self.add("saddr", Put::Text(at..stop));
        let mut bytes = Vec::new();
        decode_into(&mut bytes, self.text(at, stop));
        let (address, port) = match bytes.as_slice() {
            [2, 0, high, low, a, b, c, d, ..] | [0, 2, high, low, a, b, c, d, ..] => {
                (std::net::IpAddr::from([*a, *b, *c, *d]).to_string(), u16::from_be_bytes([*high, *low]))
            }
            [10, 0, high, low, _, _, _, _, address @ ..] | [0, 10, high, low, _, _, _, _, address @ ..] => {
                let Some(address) = address.first_chunk::<16>() else { return };
                (std::net::IpAddr::from(*address).to_string(), u16::from_be_bytes([*high, *low]))
            }
            _ => return,
        };
        self.fields.add_made(self.dialect, &mut self.seen, self.frame, "saddr.address", &address);
        self.fields.add_int(self.dialect, &mut self.seen, self.frame, "saddr.port", i64::from(port));
    }
}
