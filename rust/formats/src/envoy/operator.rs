//! Command operators, as a format string has them between its percent signs.

/// `REQ(X-ENVOY-ORIGINAL-PATH?:PATH):10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator<'a> {
    /// `REQ`.
    pub name: &'a str,
    /// What stands in the parentheses; `None` without any.
    pub argument: Option<&'a str>,
    /// To how many bytes the value is cut.
    pub cut_bytes: Option<usize>,
}

/// Why a text is no operator, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorSyntax {
    /// What is wrong.
    pub what: &'static str,
    /// Where in the text, in bytes.
    pub at: usize,
}

impl<'a> Operator<'a> {
    /// The operator that `text` begins with, right behind its opening `%`, and its length with the closing one. An argument ends with
    /// the first `)` behind which `%` or a length and `%` stand, so it may hold parentheses and percent signs of its own.
    pub fn prefix(text: &'a str) -> Result<(Self, usize), OperatorSyntax> {
        let wrong = |what, at| Err(OperatorSyntax { what, at });
        let bytes = text.as_bytes();
        let n = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let name = text.get(..n).unwrap_or_default();
        if n == 0 {
            return wrong("expected the name of an operator behind '%'; a percent sign itself is written '%%'", 0);
        }
        let rest = text.get(n..).unwrap_or_default();
        if let Some((cut_bytes, len)) = ending(rest) {
            return Ok((Self { name, argument: None, cut_bytes }, n + len));
        }
        if !rest.starts_with('(') {
            return wrong("expected '(', ':' and a length, or '%' behind the operator", n);
        }
        for (at, _) in rest.match_indices(')') {
            if let Some((cut_bytes, len)) = rest.get(at + 1..).and_then(ending) {
                return Ok((Self { name, argument: rest.get(1..at), cut_bytes }, n + at + 1 + len));
            }
        }
        wrong("the operator has no ')' with '%' (or ':', a length and '%') behind it", n)
    }

    /// The whole text as an operator, with or without its percent signs.
    pub fn parse(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).unwrap_or(text);
        let name_len = inner.find(['(', ':']).unwrap_or(inner.len());
        let (name, rest) = (inner.get(..name_len)?, inner.get(name_len..)?);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let (argument, rest) = match rest.strip_prefix('(') {
            Some(rest) => {
                let end = rest.rfind(')')?;
                (rest.get(..end), rest.get(end + 1..)?)
            }
            None => (None, rest),
        };
        let cut_bytes = match rest.strip_prefix(':') {
            Some(digits) => Some(digits.parse().ok()?),
            None if rest.is_empty() => None,
            None => return None,
        };
        Some(Self { name, argument, cut_bytes })
    }
}

/// `%` or `:10%`: the length, and how many bytes that is.
fn ending(rest: &str) -> Option<(Option<usize>, usize)> {
    if rest.starts_with('%') {
        return Some((None, 1));
    }
    let digits = rest.strip_prefix(':')?;
    let end = digits.find('%')?;
    Some((Some(digits.get(..end)?.parse().ok()?), end + 2))
}
