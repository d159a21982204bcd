//! OpenTelemetry's attributes have each name once; tags may not. Of equal names the last counts.

use std::collections::HashMap;

use super::Tag;
use crate::json::Seen;

/// The positions of tags that a later one of the same name takes the place of, in order.
pub(super) type Superseded = Option<Vec<usize>>;

/// Whether the tag at `position` has no place.
#[inline(always)]
pub(super) fn is_superseded(superseded: &Superseded, position: usize) -> bool {
    superseded.as_ref().is_some_and(|positions| positions.binary_search(&position).is_ok())
}

/// Looks for equal names: by a filter first, which says seldom that there might be some.
#[inline]
pub(super) fn superseded(tags: &[Tag<'_>]) -> Superseded {
    if tags.len() < 2 {
        return None;
    }
    superseded_beside(tags, &mut Seen::default())
}

/// The same; the names go into `seen`.
#[inline(always)]
pub(super) fn superseded_beside(tags: &[Tag<'_>], seen: &mut Seen) -> Superseded {
    let mut suspect = false;
    for tag in tags {
        suspect |= (tag.name_escaped != 0) | seen.add(tag.hash);
    }
    if suspect { exactly(tags) } else { None }
}

#[cold]
fn exactly(tags: &[Tag<'_>]) -> Superseded {
    let mut last: HashMap<Vec<u8>, usize> = HashMap::with_capacity(tags.len());
    let mut gone = Vec::new();
    for (position, tag) in tags.iter().enumerate() {
        let mut name = Vec::with_capacity(tag.name.len());
        tag.name().unescape_into(&mut name);
        gone.extend(last.insert(name, position));
    }
    gone.sort_unstable();
    (!gone.is_empty()).then_some(gone)
}
