//! systemd's journal, as `journalctl -o export` and systemd-journal-upload write it.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};
use memchr::memchr;

use super::json::KEYS;
use crate::{
    About, Decoder, Format, Framing, Likely, OptionError, Options, Spec,
    decoder::{Cut, Cuts},
    fields::{Dialect, Fields, Put, Rows},
    json::Seen,
};

/// The row of `journald`.
pub static SPEC: Spec = Spec {
    name: "journald",
    about: About {
        line: "systemd's journal in its export format: fields a line, entries ended by a blank line, binary fields too",
        page: "https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-export-format",
        example: "__REALTIME_TIMESTAMP=1795257659509466\nPRIORITY=4\n_HOSTNAME=node-7\n_PID=812\nSYSLOG_IDENTIFIER=sshd\nMESSAGE=Connection reset by 198.51.100.7 port 50712\n",
    },
    options: &[KEYS],
    compile,
};

/// The fields of systemd.journal-fields(7). Those that the journal itself adds as an address (`__…`) say nothing of the event but its time.
pub(crate) const ROWS: Rows = Rows {
    keys: &[
        ("MESSAGE", "body"),
        ("PRIORITY", "severity:syslog"),
        ("__CURSOR", "journald.cursor"),
        ("__REALTIME_TIMESTAMP", "journald.realtime_us:int"),
        ("_SOURCE_REALTIME_TIMESTAMP", "journald.source_realtime_us:int"),
        ("__MONOTONIC_TIMESTAMP", "journald.monotonic_us:int"),
        ("_SOURCE_MONOTONIC_TIMESTAMP", "journald.source_monotonic_us:int"),
        ("__SEQNUM", "journald.sequence:int"),
        ("__SEQNUM_ID", "journald.sequence_id"),
        ("MESSAGE_ID", "journald.message_id"),
        ("_BOOT_ID", "journald.boot_id"),
        ("_MACHINE_ID", "host.id"),
        ("_HOSTNAME", "host.name"),
        ("_TRANSPORT", "journald.transport"),
        ("_STREAM_ID", "journald.stream_id"),
        ("_RUNTIME_SCOPE", "journald.runtime_scope"),
        ("_NAMESPACE", "journald.namespace"),
        ("_LINE_BREAK", "journald.line_break"),
        ("_PID", "process.pid:int"),
        ("TID", "thread.id:int"),
        ("_UID", "process.user.id:int"),
        ("_GID", "process.group.id:int"),
        ("_COMM", "process.command"),
        ("_EXE", "process.executable.path"),
        ("_CMDLINE", "process.command_line"),
        ("_CAP_EFFECTIVE", "journald.cap_effective"),
        ("_SELINUX_CONTEXT", "journald.selinux_context"),
        ("_AUDIT_SESSION", "journald.audit_session"),
        ("_AUDIT_LOGINUID", "journald.audit_loginuid"),
        ("_SYSTEMD_CGROUP", "systemd.cgroup"),
        ("_SYSTEMD_SLICE", "systemd.slice"),
        ("_SYSTEMD_UNIT", "systemd.unit"),
        ("_SYSTEMD_USER_UNIT", "systemd.user_unit"),
        ("_SYSTEMD_USER_SLICE", "systemd.user_slice"),
        ("_SYSTEMD_SESSION", "systemd.session"),
        ("_SYSTEMD_OWNER_UID", "systemd.owner_uid:int"),
        ("_SYSTEMD_INVOCATION_ID", "systemd.invocation_id"),
        ("UNIT", "systemd.about_unit"),
        ("USER_UNIT", "systemd.about_user_unit"),
        ("INVOCATION_ID", "systemd.about_invocation_id"),
        ("JOB_ID", "systemd.job_id"),
        ("JOB_TYPE", "systemd.job_type"),
        ("JOB_RESULT", "systemd.job_result"),
        ("EXIT_CODE", "systemd.exit_code"),
        ("EXIT_STATUS", "systemd.exit_status:any"),
        ("SYSLOG_IDENTIFIER", "process.executable.name"),
        ("SYSLOG_FACILITY", "syslog.facility.code:int"),
        ("SYSLOG_PID", "syslog.procid"),
        ("SYSLOG_TIMESTAMP", "syslog.timestamp"),
        ("SYSLOG_RAW", "syslog.raw"),
        ("CODE_FILE", "code.file.path"),
        ("CODE_LINE", "code.line.number:int"),
        ("CODE_FUNC", "code.function.name"),
        ("ERRNO", "journald.errno:int"),
        ("DOCUMENTATION", "journald.documentation"),
        ("_KERNEL_DEVICE", "journald.kernel_device"),
        ("_KERNEL_SUBSYSTEM", "journald.kernel_subsystem"),
        ("_UDEV_SYSNAME", "journald.udev_sysname"),
        ("_UDEV_DEVNODE", "journald.udev_devnode"),
        // Docker's and Podman's log drivers.
        ("CONTAINER_ID_FULL", "container.id"),
        ("CONTAINER_NAME", "container.name"),
        ("CONTAINER_TAG", "journald.container_tag"),
        ("IMAGE_NAME", "container.image.name"),
        // Python's and other libraries' handlers.
        ("LOGGER", "log.logger"),
        ("LOGGER_NAME", "log.logger"),
        ("THREAD_NAME", "thread.name"),
        ("TRACE_ID", "trace_id"),
        ("SPAN_ID", "span_id"),
    ],
    ..Rows::NONE
};

struct Journald {
    dialect: Dialect,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    let dialect = Dialect::of(&ROWS, options.map(KEYS.name)?.unwrap_or_default())?.in_zone(options.zone()?);
    Ok(Arc::new(Journald { dialect }))
}

/// The longest name of a field, in bytes; the journal has none that is longer.
const NAME_LEN_MAX: usize = 64;

/// Capital letters, digits and underscores, no digit first.
fn is_name(name: &[u8]) -> bool {
    (1..=NAME_LEN_MAX).contains(&name.len())
        && !name.first().is_some_and(u8::is_ascii_digit)
        && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// One field: where its name and value stand, and where the next begins.
struct Field {
    name: std::ops::Range<usize>,
    value: std::ops::Range<usize>,
    next: usize,
}

/// The field that begins at `at`.
fn field(frame: &[u8], at: usize) -> Result<Field, RejectReason> {
    let rest = frame.get(at..).unwrap_or_default();
    let line_end = memchr(b'\n', rest).unwrap_or(rest.len());
    let name_len = memchr(b'=', rest.get(..line_end).unwrap_or_default()).unwrap_or(line_end);
    if !rest.get(..name_len).is_some_and(is_name) {
        return Err(RejectReason::syntax("expected the name of a field: capital letters, digits and '_'", at));
    }
    let name = at..at + name_len;
    if name_len < line_end {
        return Ok(Field { name, value: at + name_len + 1..at + line_end, next: at + line_end + 1 });
    }
    let from = at + line_end + 1;
    let truncated = || RejectReason::truncated("the entry ends inside a binary field", frame.len());
    let len = frame.get(from..).and_then(|rest| rest.first_chunk()).ok_or_else(truncated)?;
    let end = usize::try_from(u64::from_le_bytes(*len)).ok().and_then(|len| (from + 8).checked_add(len));
    let end = end.filter(|end| *end <= frame.len()).ok_or_else(truncated)?;
    if frame.get(end).is_some_and(|byte| *byte != b'\n') {
        return Err(RejectReason::syntax("expected a line end behind the binary field", end));
    }
    Ok(Field { name, value: from + 8..end, next: end + 1 })
}

impl Journald {
    /// Gathers the fields of an entry. True where all of them are UTF-8.
    fn gather(&self, fields: &mut Fields, frame: Text<'_>) -> Result<bool, RejectReason> {
        let mut seen = Seen::default();
        let (mut at, mut is_utf8) = (0, true);
        while at < frame.len() {
            let Field { name, value, next } = field(frame.bytes(), at)?;
            let text = frame.slice(value.clone()).bytes();
            is_utf8 = is_utf8 && simdutf8::basic::from_utf8(text).is_ok();
            if frame.slice(name.clone()).bytes() == b"__REALTIME_TIMESTAMP" {
                let micros = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok());
                let nanos = micros.and_then(|micros| micros.checked_mul(1000)).filter(|nanos| i64::try_from(*nanos).is_ok());
                fields.give_time(nanos.ok_or(RejectReason::value("expected microseconds since 1970", value.start))?);
            } else {
                fields.add(&self.dialect, &mut seen, frame, name, Put::Text(value));
            }
            at = next;
        }
        Ok(is_utf8)
    }
}

impl Format for Journald {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn framing(&self) -> Framing {
        Framing::Own
    }

    /// The lengths of binary fields are no text; their values are checked.
    fn is_text(&self) -> bool {
        false
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let known = |line: &[u8]| line.starts_with(b"__CURSOR=") || line.starts_with(b"__REALTIME_TIMESTAMP=");
        let mut at = frame.iter().take_while(|byte| **byte == b'\n').count();
        for _ in 0..8 {
            let line = frame.get(at..).unwrap_or_default();
            match field(frame, at) {
                Ok(_) if known(line) => return Likely::SURE,
                Ok(field) => at = field.next,
                Err(_) => break,
            }
        }
        Likely::NO
    }

    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("an entry has at most 4 GiB", 0));
        }
        let blank = frame.bytes().iter().take_while(|byte| **byte == b'\n').count();
        let entry = frame.after(blank);
        let entry = entry.slice(0..entry.bytes().strip_suffix(b"\n\n").map_or(entry.len(), |entry| entry.len() + 1));
        if entry.is_empty() {
            return Ok(());
        }
        let keeps = out.keeps_original();
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            let is_utf8 = self.gather(fields, entry)?;
            if simdutf8::basic::from_utf8(entry.bytes()).is_ok() {
                return fields.write(&self.dialect, entry, entry, |text, to| to.extend_from_slice(text.bytes()), out);
            }
            let repaired = if is_utf8 { None } else { Some(repaired(entry.bytes())?) };
            // The original is kept as bytes: the lengths in it are no text.
            if keeps {
                out.set_raw(Some(entry.bytes().to_vec()));
            }
            let written = match &repaired {
                None => fields.write(&self.dialect, entry, entry, |text, to| to.extend_from_slice(text.bytes()), out),
                Some(repaired) => Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
                    let entry = Text::from(repaired.as_slice());
                    self.gather(fields, entry)?;
                    fields.write(&self.dialect, entry, entry, |text, to| to.extend_from_slice(text.bytes()), out)
                }),
            };
            if keeps {
                out.set_raw(None);
            }
            written
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        Box::new(Cuts::new(self, Entry::default(), frame_bytes_max))
    }
}

/// The entry with what is not UTF-8 in its values replaced by U+FFFD.
#[cold]
fn repaired(entry: &[u8]) -> Result<Vec<u8>, RejectReason> {
    let mut out = Vec::with_capacity(entry.len() * 2);
    let mut at = 0;
    while at < entry.len() {
        let Field { name, value, next } = field(entry, at)?;
        let value = String::from_utf8_lossy(entry.get(value).unwrap_or_default());
        out.extend_from_slice(entry.get(name).unwrap_or_default());
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
        at = next;
    }
    Ok(out)
}

/// Where the last bytes left an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Entry {
    /// Nothing of it came yet but blank lines.
    #[default]
    Before,
    /// At the beginning of a line.
    Line,
    /// In a line; whether there was a `=`.
    Inside { has_value: bool },
    /// In the length of a binary field: how many bytes of it came, and their value.
    Length { bytes: u8, value: u64 },
    /// So many bytes of a binary field are still to come.
    Data(u64),
    /// Behind a binary field.
    Behind,
    /// Inside what is no entry: the next blank line ends it.
    Bad,
}

impl Cut for Entry {
    const TRIMS: bool = false;

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn cut(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            *self = match *self {
                Self::Before | Self::Line if *byte == b'\n' => {
                    *self = Self::Before;
                    return Some(at + 1);
                }
                Self::Before | Self::Line => Self::Inside { has_value: false },
                Self::Inside { has_value } => {
                    let end = memchr(b'\n', rest);
                    let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                    let has_value = has_value || memchr(b'=', line).is_some();
                    at += line.len() + usize::from(end.is_some());
                    match end {
                        None => Self::Inside { has_value },
                        Some(_) if has_value => Self::Line,
                        Some(_) => Self::Length { bytes: 0, value: 0 },
                    }
                }
                Self::Length { bytes: 7, value } => {
                    at += 1;
                    match value | u64::from(*byte) << 56 {
                        0 => Self::Behind,
                        len => Self::Data(len),
                    }
                }
                Self::Length { bytes, value } => {
                    at += 1;
                    Self::Length { bytes: bytes + 1, value: value | u64::from(*byte) << (8 * bytes) }
                }
                Self::Data(len) => {
                    let here = len.min(rest.len() as u64);
                    at += here as usize;
                    if here == len { Self::Behind } else { Self::Data(len - here) }
                }
                Self::Behind => {
                    at += usize::from(*byte == b'\n');
                    if *byte == b'\n' { Self::Line } else { Self::Bad }
                }
                Self::Bad => {
                    at += memchr(b'\n', rest)? + 1;
                    Self::Line
                }
            };
        }
        None
    }
}
