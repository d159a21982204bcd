//! Go's regular expressions in the syntax of the engine.

/// The same pattern: `\d`, `\w` and `\s` are ASCII, and a brace that begins no repetition is itself.
pub fn go_pattern(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut is_class = false;
    let mut at = 0;
    while let Some(c) = pattern.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = pattern.get(at..).unwrap_or_default();
        let mut len = c.len_utf8();
        match c {
            '\\' => {
                let escaped = rest.chars().nth(1);
                len += escaped.map_or(0, char::len_utf8);
                if matches!(escaped, Some('p' | 'P' | 'x')) && rest.get(len..).is_some_and(|rest| rest.starts_with('{')) {
                    len = rest.find('}').map_or(len, |end| end + 1);
                }
                let ascii = match escaped {
                    Some('d') => Some("0-9"),
                    Some('w') => Some("0-9A-Za-z_"),
                    Some('s') => Some(r"\t\n\f\r "),
                    _ => None,
                };
                match (ascii, escaped) {
                    (Some(ascii), _) if is_class => out.push_str(ascii),
                    (Some(ascii), _) => out.extend(["[", ascii, "]"]),
                    (_, Some('D')) => out.push_str("[^0-9]"),
                    (_, Some('W')) => out.push_str("[^0-9A-Za-z_]"),
                    (_, Some('S')) => out.push_str(r"[^\t\n\f\r ]"),
                    _ => out.push_str(rest.get(..len).unwrap_or_default()),
                }
            }
            '[' if is_class && rest.starts_with("[:") => {
                len = rest.find(":]").map_or(1, |end| end + 2);
                out.push_str(rest.get(..len).unwrap_or_default());
            }
            '[' if !is_class => {
                is_class = true;
                len = match rest.as_bytes() {
                    [b'[', b'^', b']', ..] => 3,
                    [b'[', b'^' | b']', ..] => 2,
                    _ => 1,
                };
                out.push_str(&rest.get(..len).unwrap_or_default().replace(']', r"\]"));
            }
            // What would begin a class, or join two, in one.
            '[' | '&' | '~' if is_class => out.extend(['\\', c]),
            ']' if is_class => {
                is_class = false;
                out.push(c);
            }
            '{' if !is_class && !is_repetition(rest) => out.push_str(r"\{"),
            '}' if !is_class && !ends_repetition(&out) => out.push_str(r"\}"),
            c => out.push(c),
        }
        at += len;
    }
    out
}

/// `{2}`, `{2,}`, `{2,5}`.
fn is_repetition(rest: &str) -> bool {
    let Some((inner, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return false };
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    !low.is_empty() && low.bytes().chain(high.bytes()).all(|byte| byte.is_ascii_digit())
}

/// Whether what stands before a closing brace opened a repetition.
fn ends_repetition(out: &str) -> bool {
    out.rfind('{')
        .is_some_and(|open| !out.get(..open).unwrap_or_default().ends_with('\\') && !out.get(open..).unwrap_or_default().contains('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_matched() {
        for (pattern, line, matches) in [
            (r"^{", "{\"a\"", true),
            (r"^\{.*}$", "{a}", true),
            (r"^a{2}$", "aa", true),
            (r"^a{,2}$", "a{,2}", true),
            (r"^\d+$", "12", true),
            (r"^\d+$", "\u{663}", false),
            (r"^[\d.]+$", "1.2", true),
            (r"^[^]a]$", "b", true),
            (r"^[[:alpha:]]+$", "ab", true),
            (r"^[a[]+$", "a[", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^\S+ \W$", "ab -", true),
            (r"^\p{Lu}\x{41}$", "ÄA", true),
        ] {
            let found = regex::bytes::Regex::new(&go_pattern(pattern)).map(|regex| regex.is_match(line.as_bytes()));
            assert_eq!(found.as_ref().ok(), Some(&matches), "{pattern} as {}: {found:?}", go_pattern(pattern));
        }
    }
}
