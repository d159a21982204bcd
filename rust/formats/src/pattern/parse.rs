//! From the text of a pattern to its parts.

use super::{Part, field};
use crate::template::TemplateError;

/// The most optional parts of one pattern: each doubles the number of alternatives.
const OPTIONAL_MAX: usize = 6;

/// The alternatives of a pattern, those with more of its optional parts first.
pub(crate) fn alternatives(pattern: &str) -> Result<Vec<Vec<Part>>, TemplateError> {
    let mut sections = sections(pattern)?;
    let optional = sections.iter().filter(|(is_optional, _)| *is_optional).count();
    if optional > OPTIONAL_MAX {
        return Err(TemplateError { message: format!("at most {OPTIONAL_MAX} optional parts"), at: 0 });
    }
    // A bit for each optional part: whether it is left out. Fewer first; of equal ones, the later parts first.
    let mut masks: Vec<u32> = (0..1u32 << optional).collect();
    masks.sort_by_key(|mask| (mask.count_ones(), std::cmp::Reverse(*mask)));
    let pick = |mask: u32| {
        let mut bit = 0;
        let mut parts = Vec::new();
        for (is_optional, section) in &mut sections {
            let left_out = *is_optional && mask >> bit & 1 == 1;
            bit += u32::from(*is_optional);
            if !left_out {
                parts.extend(section.iter().cloned());
            }
        }
        parts
    };
    Ok(masks.into_iter().map(pick).collect())
}

type Section = (bool, Vec<Part>);

fn sections(pattern: &str) -> Result<Vec<Section>, TemplateError> {
    let error = |message: &str, at: usize| TemplateError { message: message.into(), at };
    let mut sections: Vec<Section> = vec![(false, Vec::new())];
    let mut at = 0;
    while let Some(rest) = pattern.get(at..).filter(|rest| !rest.is_empty()) {
        let is_optional = sections.last().is_some_and(|(is_optional, _)| *is_optional);
        let len = rest.find(['{', '}', '?']).unwrap_or(rest.len());
        let (part, len) = if rest.starts_with("{{") || rest.starts_with("}}") {
            (Part::Literal(rest.get(..1).unwrap_or_default().into()), 2)
        } else if rest.starts_with("{?") {
            if is_optional {
                return Err(error("an optional part inside another one", at));
            }
            sections.push((true, Vec::new()));
            at += 2;
            continue;
        } else if rest.starts_with("?}") && is_optional {
            sections.push((false, Vec::new()));
            at += 2;
            continue;
        } else if rest.starts_with('{') {
            let end = rest.find('}').ok_or_else(|| error("a field without its closing brace; `{{` is a brace itself", at))?;
            let inner = rest.get(1..end).unwrap_or_default();
            let part = match inner {
                " " => Part::Blanks,
                "~" => Part::Padding,
                _ => field::parse(inner, at + 1)?,
            };
            (part, end + 1)
        } else if rest.starts_with('}') {
            return Err(error("a closing brace without an opening one; `}}` is a brace itself", at));
        } else if len == 0 {
            (Part::Literal("?".into()), 1)
        } else {
            (Part::Literal(rest.get(..len).unwrap_or_default().into()), len)
        };
        if let Some((_, parts)) = sections.last_mut() {
            parts.push(part);
        }
        at += len;
    }
    if sections.last().is_some_and(|(is_optional, _)| *is_optional) {
        return Err(error("an optional part without its end, `?}`", pattern.len()));
    }
    Ok(sections)
}
