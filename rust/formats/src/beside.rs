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
        out.end_envelope();
        for attributes in self.attributes {
            out.envelope().encoded(attributes);
        }
        prepare(out);
        let enveloped = names(out.envelope().attributes()).count();
        let mut clashing = Vec::new();
        let result = out.attempt(|out| {
            format.parse(text, out)?;
            clashing = self.clashing(out.last_record(), enveloped);
            if clashing.is_empty() { Ok(()) } else { Err(RejectReason::value("a name is one of the record's own", 0)) }
        });
        if clashing.is_empty() {
            return result;
        }
        self.rename(&clashing, out);
        prepare(out);
        out.attempt(|out| format.parse(text, out))
    }

    /// The names of a record's own attributes that others have, too. Its own stand before those of the envelope.
    fn clashing(&self, record: &[u8], enveloped: usize) -> Vec<Vec<u8>> {
        let mut seen = Seen::default();
        let beside = || self.attributes.into_iter().flat_map(names);
        for name in beside() {
            seen.add(hash(Text::from(name)));
        }
        let own = names(record).count().saturating_sub(enveloped);
        let is_taken = |name: &&[u8]| seen.has(hash(Text::from(*name))) && beside().any(|other| other == *name);
        names(record).take(own).filter(is_taken).map(<[u8]>::to_vec).collect()
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

/// The names of a record's attributes.
fn names(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields::new(record).flatten().filter_map(|field| if let (6, Value::Len(pair)) = field { Some(text_field(pair, 1)) } else { None })
}
