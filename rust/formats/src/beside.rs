//! Records that another format reads, with attributes beside its own: labels of a push, tags.

use logloom_record::{
    BatchWriter, RejectReason, Text,
    proto::{Fields, Value, text_field},
};

use crate::{
    Format,
    json::{Seen, hash},
};

/// What records get beside what their format finds.
pub(crate) struct Beside<'b> {
    /// Attributes, encoded as a record's.
    pub(crate) attributes: [&'b [u8]; 2],
    /// What stands before the name of one whose name the record has already: each name stands once.
    pub(crate) prefix: &'static [u8],
}

impl Beside<'_> {
    /// Lets `format` read `text`. `prepare` says what else the envelope has, which is empty then; it may be called twice.
    pub(crate) fn parse(
        &self,
        format: &dyn Format,
        text: Text<'_>,
        prepare: impl Fn(&mut BatchWriter),
        out: &mut BatchWriter,
    ) -> Result<(), RejectReason> {
        self.run(|out| format.parse(text, out), prepare, out)
    }

    /// The same of a record that `write` writes, which may be called several times.
    #[inline]
    pub(crate) fn run(
        &self,
        mut write: impl FnMut(&mut BatchWriter) -> Result<(), RejectReason>,
        prepare: impl Fn(&mut BatchWriter),
        out: &mut BatchWriter,
    ) -> Result<(), RejectReason> {
        out.end_envelope();
        for attributes in self.attributes {
            out.envelope().encoded(attributes);
        }
        prepare(out);
        let mut clashing = Vec::new();
        let result = out.attempt(|out| {
            write(out)?;
            clashing = if self.may_clash(out.last_record()) { self.clashing(out) } else { Vec::new() };
            if clashing.is_empty() { Ok(()) } else { Err(RejectReason::value("a name is one of the record's own", 0)) }
        });
        if clashing.is_empty() {
            return result;
        }
        self.rename(&clashing, out);
        prepare(out);
        out.attempt(write)
    }

    /// Whether more of the record's names may be among those beside it than these themselves, which stand in the record, too.
    #[inline]
    fn may_clash(&self, record: &[u8]) -> bool {
        let mut seen = Seen::default();
        let (mut beside, mut found) = (0, 0);
        for name in self.attributes.into_iter().flat_map(names) {
            seen.add(hash(name));
            beside += 1;
        }
        for name in names(record) {
            found += usize::from(seen.has(hash(name)));
        }
        found > beside
    }

    /// The names of the last record's own attributes that others have, too. Its own stand before those of the envelope.
    #[cold]
    fn clashing(&self, out: &mut BatchWriter) -> Vec<Vec<u8>> {
        let enveloped = names(out.envelope().attributes()).count();
        let record = out.last_record();
        let own = names(record).count().saturating_sub(enveloped);
        let is_taken = |name: &[u8]| self.attributes.into_iter().flat_map(names).any(|other| other.bytes() == name);
        names(record).take(own).map(Text::bytes).filter(|name| is_taken(name)).map(<[u8]>::to_vec).collect()
    }

    /// Fills the envelope anew, with other names for these.
    #[cold]
    fn rename(&self, clashing: &[Vec<u8>], out: &mut BatchWriter) {
        out.end_envelope();
        let envelope = out.envelope();
        for attributes in self.attributes {
            let mut fields = Fields::new(attributes);
            let mut start = 0;
            while let Some(Ok((_, Value::Len(pair)))) = fields.next() {
                let name = text_field(pair, 1);
                if clashing.iter().any(|clashing| clashing == name) {
                    envelope.attr_of(&[self.prefix, name].concat(), text_field(pair, 2));
                } else {
                    envelope.encoded(attributes.get(start..fields.position()).unwrap_or_default());
                }
                start = fields.position();
            }
        }
    }
}

/// The names of a record's attributes, with what follows them.
#[inline]
fn names(record: &[u8]) -> impl Iterator<Item = Text<'_>> {
    let mut fields = Fields::new(record);
    std::iter::from_fn(move || {
        loop {
            let (6, Value::Len(pair)) = fields.next()?.ok()? else { continue };
            let start = fields.position() - pair.len();
            return Some(match pair {
                // As the writer lays it out.
                [0x0a, len @ ..0x80, ..] => Text::of(record, start + 2..start + 2 + usize::from(*len)),
                _ => Text::from(text_field(pair, 1)),
            });
        }
    })
}
