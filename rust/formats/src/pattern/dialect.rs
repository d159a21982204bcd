//! What users write as a pattern of their own: `log_format`, `LogFormat`, layouts.

use super::{Part, Use, field};
use crate::{envoy::Role, template::TemplateError};

/// One row: a directive as users write it, and the [field](super::field) that it is.
pub(crate) type Directive = (&'static str, &'static str);

/// A dialect: its table of directives, and how the others are named.
pub(crate) struct Dialect {
    /// Directives, sorted or not; the first of a name counts.
    pub(crate) directives: &'static [Directive],
    /// The field of a directive that no row has, such as a header's; `None` where there is no such directive.
    pub(crate) by_rule: fn(&str) -> Option<String>,
}

impl Dialect {
    /// The part of a directive that stands at byte `at` of the user's pattern.
    pub(crate) fn part(&self, directive: &str, at: usize) -> Result<Part, TemplateError> {
        let row = self.directives.iter().find(|(name, _)| *name == directive).map(|(_, text)| (*text).to_owned());
        let Some(text) = row.or_else(|| (self.by_rule)(directive)) else {
            let known: Vec<_> = self.directives.iter().map(|(name, _)| *name).collect();
            let hint = logloom_record::nearest(directive, &known).map_or(String::new(), |near| format!(", did you mean '{near}'?"));
            return Err(TemplateError { message: format!("unknown '{directive}'{hint}"), at });
        };
        Self::field(&text, at)
    }

    /// The part of a field of this text.
    pub(super) fn field(text: &str, at: usize) -> Result<Part, TemplateError> {
        let mut part = field::parse(text, 0).map_err(|e| TemplateError { message: e.message, at })?;
        if let Part::Field(spec, _) = &mut part {
            spec.at = at;
        }
        Ok(part)
    }
}

/// The parts with each attribute once: a further field of one that is there already is read and left out, as users write `$remote_addr`
/// twice where they like. Who the client is, `x-forwarded-for` says only where no other field does.
pub(crate) fn once(mut parts: Vec<Part>) -> Vec<Part> {
    let names = |used: &Use| used.names().into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
    let is_forwarded = |used: &Use| matches!(used, Use::Target(target) if target.role == Role::ForwardedFor);
    let mut known: Vec<Vec<u8>> = Vec::new();
    for part in &parts {
        if let Part::Field(_, used) = part
            && !is_forwarded(used)
        {
            known.extend(names(used));
        }
    }
    let mut taken: Vec<Vec<u8>> = Vec::new();
    for part in &mut parts {
        let Part::Field(_, used) = part else { continue };
        if let Use::Target(target) = used
            && target.role == Role::ForwardedFor
            && known.contains(&target.second.bytes().to_vec())
        {
            target.role = Role::Header;
        }
        let names = names(used);
        if names.iter().any(|name| taken.contains(name)) {
            *used = Use::Skip;
        }
        taken.extend(names);
    }
    parts
}
