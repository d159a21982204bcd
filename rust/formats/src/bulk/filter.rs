//! What of an answer is asked for: Elasticsearch's
//! [`filter_path`](https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#common-options-response-filtering).

/// The most patterns that are looked at; a longer list asks for everything.
const PATTERNS_MAX: usize = 64;

/// The most steps of a path; no answer is half as deep.
const STEPS_MAX: usize = 8;

/// Which paths are asked for.
#[derive(Debug, Default)]
pub(super) struct Filter<'q> {
    wanted: Vec<Vec<&'q str>>,
    unwanted: Vec<Vec<&'q str>>,
}

impl<'q> Filter<'q> {
    /// Reads a list of paths, `errors,items.*.status,-took`; an empty one asks for everything.
    pub(super) fn read(list: &'q str) -> Self {
        let mut filter = Self::default();
        if list.split(',').count() > PATTERNS_MAX {
            return filter;
        }
        for path in list.split(',').map(str::trim).filter(|path| !path.is_empty()) {
            match path.strip_prefix('-') {
                Some(path) => filter.unwanted.push(steps(path)),
                None => filter.wanted.push(steps(path)),
            }
        }
        filter
    }

    /// Whether what stands at this path is asked for.
    pub(super) fn wants(&self, path: &[&str]) -> bool {
        let matches = |patterns: &[Vec<&str>]| patterns.iter().any(|pattern| holds(pattern, path));
        (self.wanted.is_empty() || matches(&self.wanted)) && !matches(&self.unwanted)
    }
}

/// The steps of a path; of one that has too many, one that nothing is called.
fn steps(path: &str) -> Vec<&str> {
    let mut steps: Vec<_> = path.split('.').take(STEPS_MAX + 1).collect();
    // It says no more than one of them, and would be tried at every step.
    steps.dedup_by(|step, before| *step == "**" && *before == "**");
    if steps.len() > STEPS_MAX || path.split('.').nth(STEPS_MAX).is_some() { vec![""] } else { steps }
}

/// Whether the path, or an object that it leads through, is the pattern's. Paths have at most four steps.
fn holds(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((&"**", rest)), _) if holds(rest, path) => true,
        (_, None) => false,
        (Some((&"**", _)), Some((_, deeper))) => holds(pattern, deeper),
        (Some((step, rest)), Some((name, deeper))) => is_like(step.as_bytes(), name.as_bytes()) && holds(rest, deeper),
    }
}

/// Whether a name is a pattern's, in which `*` stands for any text.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = memchr::memmem::find(rest, piece) else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_asked_for_as_elasticsearch_has_it() {
        for (list, path, wanted) in [
            ("", "items.create.status", true),
            ("errors,items.*.error,items.*.status", "errors", true),
            ("errors,items.*.error,items.*.status", "took", false),
            ("errors,items.*.error,items.*.status", "items.index.status", true),
            ("errors,items.*.error,items.*.status", "items.index.error.type", true),
            ("errors,items.*.error,items.*.status", "items.index._id", false),
            ("items", "items.create._index", true),
            ("items.*.er*", "items.create.error.type", true),
            ("**.status", "items.create.status", true),
            ("**.status", "items.create.result", false),
            ("-took", "took", false),
            ("-took", "errors", true),
            ("items,-items.*._id", "items.create._id", false),
            ("*", "took", true),
            ("items.create.status.deeper", "items.create.status", false),
            ("t*k", "took", true),
            ("t*x", "took", false),
            ("**.**.status", "items.create.status", true),
            ("**.**.**.**.**.**.**.**.**", "took", false),
        ] {
            let steps: Vec<_> = path.split('.').collect();
            assert_eq!(Filter::read(list).wants(&steps), wanted, "{list}: {path}");
        }
    }
}
