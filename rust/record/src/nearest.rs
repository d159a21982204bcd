//! "Did you mean": for every place where a user names something.

/// The name nearest to `word`, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let near = names.iter().map(|name| (distance(word.as_bytes(), name.as_bytes()), *name)).min()?;
    (near.0 * 3 <= word.len().max(3)).then_some(near.1)
}

/// Levenshtein's distance; names are short.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let up = row.get(j + 1).copied().unwrap_or_default();
            let next = (diagonal + usize::from(x != y)).min(left + 1).min(up + 1);
            diagonal = up;
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            left = next;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(nearest("envoi", &["envoy", "json"]), Some("envoy"));
        assert_eq!(nearest("zzz", &["envoy", "json"]), None);
    }
}
