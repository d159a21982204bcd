//! The words of an expression.

use super::super::ConditionError;

/// One word, and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Name(String),
    Text(String),
    Int(i64),
    Double(f64),
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 30] = [
    "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "**", "..", "<", ">", "!", "(", ")", "[", "]", ",", ".", "?", ":", "+", "-", "*", "/",
    "%", "^", "{", "}", "|",
];

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "'{name}'"),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::Int(value) => write!(f, "the number {value}"),
            Self::Double(value) => write!(f, "the number {value}"),
            Self::Sign(sign) => write!(f, "'{sign}'"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// Cuts `text` into words; the last is [`Kind::End`].
pub(super) fn words(text: &str) -> Result<Vec<Word>, ConditionError> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        let (kind, len) = match first {
            ' ' | '\t' | '\r' | '\n' => {
                at += 1;
                continue;
            }
            '"' | '\'' => quoted(rest, at)?,
            '`' => match rest.get(1..).and_then(|inside| inside.split_once('`')) {
                Some((inside, _)) => (Kind::Text(inside.to_owned()), inside.len() + 2),
                None => return Err(ConditionError::new(at, "this text has no end: close it with `")),
            },
            'a'..='z' | 'A'..='Z' | '_' | '$' => {
                let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '$')).unwrap_or(rest.len());
                (Kind::Name(rest.get(..len).unwrap_or_default().to_owned()), len)
            }
            '0'..='9' => number(rest, at)?,
            _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some(sign) => (Kind::Sign(sign), sign.len()),
                None => return Err(ConditionError::new(at, format!("{first:?} means nothing here: texts stand in quotes"))),
            },
        };
        words.push(Word { kind, at });
        at += len;
    }
    words.push(Word { kind: Kind::End, at: text.len() });
    Ok(words)
}

fn number(rest: &str, at: usize) -> Result<(Kind, usize), ConditionError> {
    let bytes = rest.as_bytes();
    let mut len = 1;
    while let Some(&byte) = bytes.get(len) {
        // Two points make a range, and a point before a name leads to a part.
        let is_point = byte == b'.' && bytes.get(len + 1).is_some_and(u8::is_ascii_digit);
        let is_sign = matches!(byte, b'+' | b'-') && matches!(bytes.get(len - 1), Some(b'e' | b'E')) && !rest.starts_with("0x");
        if !(byte.is_ascii_alphanumeric() || byte == b'_' || is_point || is_sign) {
            break;
        }
        len += 1;
    }
    let digits: String = rest.chars().take(len).filter(|c| *c != '_').collect();
    let value = match digits.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok().map(Kind::Int),
        None => digits.parse().map(Kind::Int).ok().or_else(|| digits.parse::<f64>().ok().filter(|v| v.is_finite()).map(Kind::Double)),
    };
    value.map(|value| (value, len)).ok_or_else(|| ConditionError::new(at, format!("'{digits}' is no number: texts stand in quotes")))
}

/// A text with Go's escapes.
fn quoted(rest: &str, at: usize) -> Result<(Kind, usize), ConditionError> {
    let quote = rest.chars().next().unwrap_or('"');
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        if c == quote {
            return Ok((Kind::Text(text), i + 1));
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        let Some((_, escape)) = chars.next() else { break };
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        text.push(match escape {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '"' | '\'' => escape,
            'x' | 'u' | 'U' => {
                let code = rest.get(i + 2..i + 2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                let wrong = || ConditionError::new(at + i, format!("expected {digits} digits of a character behind '\\{escape}'"));
                let code = code.ok_or_else(wrong)?;
                chars.nth(digits - 1);
                code
            }
            other => {
                let message = format!("'\\{other}' is no escape: write '\\\\' for a backslash, also in a pattern");
                return Err(ConditionError::new(at + i, message));
            }
        });
    }
    Err(ConditionError::new(at, format!("this text has no end: close it with {quote}")))
}
