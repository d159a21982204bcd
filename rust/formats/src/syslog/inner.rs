//! Messages that another format reads: JSON, CEF and LEEF, and what servers write that log by syslog.

use std::sync::Arc;

use logloom_record::{BatchWriter, Text};

use super::{Header, programs::base_name, write};
use crate::{Format, OptionError, Options, Spec, find};

/// What unmistakably begins a message of a format.
const BEGINNINGS: [(&[u8], &str); 3] = [(b"{", "json"), (b"CEF:", "cef"), (b"LEEF:", "leef")];
/// The formats that a program's messages may be of.
const PROGRAMS: [(&str, &[&str]); 9] = [
    ("apache", &["apache", "apache_error"]),
    ("apache2", &["apache", "apache_error"]),
    ("audisp-syslog", &["auditd"]),
    ("audispd", &["auditd"]),
    ("auditd", &["auditd"]),
    ("haproxy", &["haproxy"]),
    ("httpd", &["apache", "apache_error"]),
    // BIND may have its own time before each message, and its category.
    ("named", &["named"]),
    ("nginx", &["nginx", "nginx_error"]),
];

/// The formats, compiled with the options that all of them take.
pub(crate) struct Inner {
    beginnings: Vec<(&'static [u8], Arc<dyn Format>)>,
    programs: Vec<(&'static str, Vec<Arc<dyn Format>>)>,
}

impl Inner {
    pub(crate) fn compile(common: &Options) -> Result<Self, OptionError> {
        let compiled = |name: &str| find(name).map(|spec: &'static Spec| (spec.compile)(common)).transpose();
        let mut inner = Self { beginnings: Vec::new(), programs: Vec::new() };
        for (text, name) in BEGINNINGS {
            inner.beginnings.extend(compiled(name)?.map(|format| (text, format)));
        }
        for (program, names) in PROGRAMS {
            let formats = names.iter().filter_map(|name| compiled(name).transpose()).collect::<Result<_, _>>()?;
            inner.programs.push((program, formats));
        }
        Ok(inner)
    }

    /// The formats that may read the message.
    #[inline(always)]
    fn formats(&self, header: &Header<'_>) -> &[Arc<dyn Format>] {
        let message = header.message.bytes();
        if let [b'{' | b'C' | b'L', ..] = message
            && let Some((_, format)) = self.beginnings.iter().find(|(text, _)| message.starts_with(text))
        {
            // An object ends as it begins.
            return if message.first() == Some(&b'{') && message.last() != Some(&b'}') { &[] } else { std::slice::from_ref(format) };
        }
        match base_name(header.program).bytes() {
            program @ [b'a' | b'h' | b'n', ..] => {
                self.programs.iter().find(|(name, _)| name.as_bytes() == program).map_or(&[], |(_, formats)| formats.as_slice())
            }
            _ => &[],
        }
    }

    /// Reads the message by its own format. False where it has none, or is not of it: then nothing is written.
    #[inline(always)]
    pub(crate) fn read(&self, frame: Text<'_>, header: &Header<'_>, out: &mut BatchWriter) -> bool {
        let formats = self.formats(header);
        !formats.is_empty() && self::read(formats, frame, header, out)
    }
}

#[inline(never)]
fn read(formats: &[Arc<dyn Format>], frame: Text<'_>, header: &Header<'_>, out: &mut BatchWriter) -> bool {
    let mut scratch = out.take_scratch();
    let outer = out.envelope().outer();
    write::envelope(header, frame, &mut scratch, out.envelope());
    out.give_scratch(scratch);
    let message = header.message;
    let is_read = formats.iter().any(|format| out.attempt(|out| format.parse(message, out)).is_ok());
    out.envelope().restore(&outer);
    is_read
}
