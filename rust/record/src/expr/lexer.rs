//! The words of a condition.

use super::ConditionError;

/// One word, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A bare word: a field, an operator such as `contains`, a severity such as `WARN`.
    Word(String),
    /// A text in single or double quotes, unescaped.
    Text(String),
    Int(i64),
    Double(f64),
    /// `==`, `(`, …: one of [`SYMBOLS`], in statements also of [`STATEMENT_SYMBOLS`].
    Symbol(&'static str),
    /// What a statement computes beforehand, by its place.
    Given(usize),
    End,
}

/// Longer ones first: `<=` is not `<` and `=`.
const SYMBOLS: [&str; 17] = ["==", "!=", "<=", ">=", "=~", "!~", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ",", "."];

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) => write!(f, "'{word}'"),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::Int(value) => write!(f, "the number {value}"),
            Self::Double(value) => write!(f, "the number {value}"),
            Self::Symbol(symbol) => write!(f, "'{symbol}'"),
            Self::Given(_) => f.write_str("a value"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// What only statements have.
const STATEMENT_SYMBOLS: [&str; 8] = ["+", "-", "*", "/", "{", "}", ":", "="];

/// Cuts `text` into words; the last is [`Kind::End`].
pub(super) fn words(text: &str) -> Result<Vec<Token>, ConditionError> {
    words_of(text, &[])
}

/// The same of a statement, which also computes.
pub(super) fn statement_words(text: &str) -> Result<Vec<Token>, ConditionError> {
    words_of(text, &STATEMENT_SYMBOLS)
}

fn words_of(text: &str, more: &[&'static str]) -> Result<Vec<Token>, ConditionError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        let (kind, len) = match first {
            ' ' | '\t' | '\r' | '\n' => {
                at += 1;
                continue;
            }
            '"' | '\'' => quoted(rest, at)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Kind::Word(rest.get(..len).unwrap_or_default().into()), len)
            }
            // After a value, a sign computes.
            '-' | '+'
                if !more.is_empty()
                    && (is_value(tokens.last()) || !rest.get(1..).unwrap_or_default().starts_with(|c: char| c.is_ascii_digit())) =>
            {
                (Kind::Symbol(if first == '-' { "-" } else { "+" }), 1)
            }
            '0'..='9' | '-' | '+' => number(rest, at)?,
            _ => match more.iter().find(|symbol| rest.starts_with(**symbol) && !rest.starts_with("==") && !rest.starts_with("=~")) {
                Some(symbol) => (Kind::Symbol(symbol), 1),
                None => symbol(rest, first, at)?,
            },
        };
        tokens.push(Token { kind, at });
        at += len;
    }
    tokens.push(Token { kind: Kind::End, at: text.len() });
    Ok(tokens)
}

fn is_value(token: Option<&Token>) -> bool {
    matches!(token.map(|token| &token.kind), Some(Kind::Word(_) | Kind::Int(_) | Kind::Double(_) | Kind::Symbol(")" | "]")))
}

fn symbol(rest: &str, first: char, at: usize) -> Result<(Kind, usize), ConditionError> {
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        return Ok((Kind::Symbol(symbol), symbol.len()));
    }
    Err(ConditionError::new(
        at,
        match first {
            '=' => "'=' compares nothing: write '=='".into(),
            '&' => "write 'and', or '&&'".into(),
            '|' => "write 'or', or '||'".into(),
            '“' | '”' | '‘' | '’' => format!("{first} is no quote here: write '\"'"),
            _ => format!("{first:?} means nothing here: texts stand in quotes"),
        },
    ))
}

/// A number: digits with a sign before and a fraction and an exponent behind, as JSON has them.
fn number(rest: &str, at: usize) -> Result<(Kind, usize), ConditionError> {
    let bytes = rest.as_bytes();
    let mut len = 1;
    while let Some(&byte) = bytes.get(len) {
        let signs = matches!(byte, b'+' | b'-') && matches!(bytes.get(len - 1), Some(b'e' | b'E'));
        if !(byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_' || signs) {
            break;
        }
        len += 1;
    }
    let digits = rest.get(..len).unwrap_or_default();
    if let Ok(value) = digits.parse::<i64>() {
        return Ok((Kind::Int(value), len));
    }
    let unsigned = digits.trim_start_matches(['-', '+']);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let message = format!("{digits} does not fit 64 bits with a sign: such integers are kept as texts, write \"{digits}\"");
        return Err(ConditionError::new(at, message));
    }
    // Rust also reads "inf" and "nan", which begin with no digit.
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() && unsigned.starts_with(|c: char| c.is_ascii_digit()) => Ok((Kind::Double(value), len)),
        _ => Err(ConditionError::new(at, format!("'{digits}' is no number: texts stand in quotes"))),
    }
}

/// A text with the escapes `\\ \" \' \n \r \t \u{…}`.
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
        match chars.next() {
            Some((_, 'n')) => text.push('\n'),
            Some((_, 'r')) => text.push('\r'),
            Some((_, 't')) => text.push('\t'),
            Some((_, c @ ('\\' | '"' | '\''))) => text.push(c),
            Some((_, 'u')) => {
                let inside = rest.get(i + 2..).and_then(|r| r.strip_prefix('{')).and_then(|r| r.split_once('}')).map(|(code, _)| code);
                let code = inside.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                let (Some(inside), Some(code)) = (inside, code) else {
                    return Err(ConditionError::new(at + i, "expected a character's number after '\\u', as in '\\u{e9}'"));
                };
                text.push(code);
                // Past the braces and what is between them, all ASCII.
                chars.nth(inside.len() + 1);
            }
            Some((_, other)) => {
                let message = format!("'\\{other}' is no escape: write '\\\\' for a backslash, also in a pattern");
                return Err(ConditionError::new(at + i, message));
            }
            None => break,
        }
    }
    Err(ConditionError::new(at, format!("this text has no end: close it with {quote}")))
}
