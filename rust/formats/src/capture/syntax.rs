//! Regular expressions as users write them, in the one syntax that the engines share.
//!
//! Names of groups may have any character here (`http.status`, `[source][ip]`, `bytes:int`), so they become `g0`, `g1` …; groups without
//! a name capture nothing. `\d`, `\w` and `\s` are ASCII, as in Go and Ruby; a brace or bracket that can only be meant as itself is one.

use super::{Captured, Piece};

/// A pattern in the common syntax.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    /// The names of its groups, by their numbers.
    pub(super) names: Vec<Captured>,
    /// As they stand in the pattern.
    raw_names: Vec<String>,
    /// `(?m)` lets a dot match line ends, as grok's engine has it.
    ruby: bool,
    /// References by number count groups that have no name, too.
    keeps_groups: bool,
}

/// What is wrong with a pattern, and where.
pub(super) type Wrong = (String, usize);

impl Translated {
    /// Translates the pattern that `pieces` make, one behind the other. `ruby`: `(?m)` lets a dot match line ends, as grok's engine has it.
    pub(super) fn of(pieces: &[Piece], ruby: bool) -> Result<Self, Wrong> {
        let keeps_groups = pieces.iter().any(|piece| has_number_reference(piece.regex.as_bytes()));
        let mut translated = Self { text: String::new(), names: Vec::new(), raw_names: Vec::new(), ruby, keeps_groups };
        for piece in pieces {
            translated.push(&piece.regex).map_err(|(message, at)| (message, piece.at + at.min(piece.shown.len())))?;
        }
        Ok(translated)
    }

    /// The names of the groups as they stand in the pattern.
    pub(super) fn into_raw_names(self) -> Vec<String> {
        self.raw_names
    }

    fn push(&mut self, pattern: &str) -> Result<(), Wrong> {
        let bytes = pattern.as_bytes();
        let mut at = 0;
        // Where the class begins that is open.
        let mut class: Option<usize> = None;
        while let Some(&byte) = bytes.get(at) {
            let rest = pattern.get(at..).unwrap_or_default();
            at += match (byte, class) {
                (b'\\', _) => self.escape(rest, class.is_some()).map_err(|message| (message, at))?,
                (b'[', Some(_)) if rest.starts_with("[:") => {
                    let len = rest.find(":]").map_or(rest.len(), |end| end + 2);
                    self.text.push_str(rest.get(..len).unwrap_or_default());
                    len
                }
                (b']', Some(start)) if at > start => {
                    class = None;
                    self.copy(rest)
                }
                (b']' | b'[' | b'&' | b'~', Some(_)) => self.literal(rest),
                (b'[', None) => {
                    let len = if rest.starts_with("[^") { 2 } else { 1 };
                    self.text.push_str(rest.get(..len).unwrap_or_default());
                    class = Some(at + len);
                    len
                }
                (b'(', None) => self.group(rest).map_err(|message| (message, at))?,
                (b'{', None) if !is_quantifier(rest) || matches!(self.text.bytes().last(), None | Some(b'(' | b'|')) => self.literal(rest),
                _ => self.copy(rest),
            };
        }
        Ok(())
    }

    fn copy(&mut self, rest: &str) -> usize {
        let len = rest.chars().next().map_or(1, char::len_utf8);
        self.text.push_str(rest.get(..len).unwrap_or_default());
        len
    }

    fn literal(&mut self, rest: &str) -> usize {
        self.text.push('\\');
        self.copy(rest)
    }

    /// What begins with a backslash; answers its length.
    fn escape(&mut self, rest: &str, in_class: bool) -> Result<usize, String> {
        let Some(letter) = rest.chars().nth(1) else { return Err("the pattern ends inside an escape".into()) };
        let class = match letter {
            'd' | 'D' => "0-9",
            'w' | 'W' => "0-9A-Za-z_",
            's' | 'S' => " \\t\\r\\n\\x0b\\x0c",
            'h' | 'H' => "0-9A-Fa-f",
            _ => "",
        };
        match letter {
            'd' | 'w' | 's' | 'h' if in_class => self.text.push_str(class),
            'd' | 'w' | 's' | 'h' => self.text.extend(["[", class, "]"]),
            'D' | 'W' | 'S' | 'H' if !in_class => self.text.extend(["[^", class, "]"]),
            'k' => return self.reference(rest, 2),
            'Z' => self.text.push_str("\\z"),
            'e' => self.text.push_str("\\x1b"),
            '<' | '>' => self.text.push(letter),
            _ if letter.is_ascii() => self.text.push_str(rest.get(..2).unwrap_or_default()),
            _ => self.text.push(letter),
        }
        Ok(1 + letter.len_utf8())
    }

    /// `\k<name>`, of which `skip` bytes were seen; answers the length of all.
    fn reference(&mut self, rest: &str, skip: usize) -> Result<usize, String> {
        let end = match rest.as_bytes().get(skip) {
            Some(b'<') => '>',
            Some(b'\'') => '\'',
            Some(b'{') => '}',
            _ => return Err("a name in angle brackets must follow '\\k'".into()),
        };
        let name = rest.get(skip + 1..).and_then(|rest| rest.split(end).next()).unwrap_or_default();
        let group =
            self.raw_names.iter().rposition(|known| known == name).ok_or_else(|| format!("there is no group '{name}' before this"))?;
        self.text.extend(["\\k<g", &group.to_string(), ">"]);
        Ok(skip + 2 + name.len())
    }

    /// The beginning of a group; answers its length.
    fn group(&mut self, rest: &str) -> Result<usize, String> {
        let named = [("(?P<", '>'), ("(?<", '>'), ("(?'", '\'')].into_iter().find(|(open, _)| rest.starts_with(open));
        if let Some((open, close)) = named
            && !rest.starts_with("(?<=")
            && !rest.starts_with("(?<!")
        {
            let name = rest.get(open.len()..).and_then(|rest| rest.split_once(close)).ok_or("the name of the group is not closed")?.0;
            if name.is_empty() {
                return Err("the group's name is empty".into());
            }
            self.text.extend(["(?P<g", &self.names.len().to_string(), ">"]);
            self.names.push(Captured::parse(name)?);
            self.raw_names.push(name.to_owned());
            return Ok(open.len() + name.len() + 1);
        }
        if let Some(comment) = rest.strip_prefix("(?#") {
            return Ok(3 + comment.find(')').ok_or("the comment is not closed")? + 1);
        }
        if rest.starts_with("(?P=") {
            let name = rest.get(4..).and_then(|rest| rest.split(')').next()).unwrap_or_default();
            let group =
                self.raw_names.iter().rposition(|known| known == name).ok_or_else(|| format!("there is no group '{name}' before this"))?;
            self.text.extend(["\\k<g", &group.to_string(), ">"]);
            return Ok(5 + name.len());
        }
        let flags = rest.strip_prefix("(?").map(|rest| rest.bytes().take_while(|b| b.is_ascii_lowercase() || *b == b'-').count());
        if let Some(len) = flags.filter(|len| *len > 0 && matches!(rest.as_bytes().get(2 + len), Some(b')' | b':'))) {
            let flags = rest.get(..2 + len).unwrap_or_default();
            self.text.push_str(&if self.ruby { flags.replace('m', "s") } else { flags.to_owned() });
            return Ok(2 + len);
        }
        self.text.push('(');
        if !rest.starts_with("(?") && !self.keeps_groups {
            self.text.push_str("?:");
        }
        Ok(1)
    }
}

/// `{2}`, `{2,}`, `{2,5}`, `{,5}`.
fn is_quantifier(rest: &str) -> bool {
    let Some((inner, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return false };
    let (low, high) = inner.split_once(',').unwrap_or((inner, "0"));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    digits(low) && digits(high) && !low.is_empty()
}

fn has_number_reference(bytes: &[u8]) -> bool {
    let mut escaped = false;
    bytes.iter().any(|byte| {
        let is_reference = escaped && (b'1'..=b'9').contains(byte);
        escaped = !escaped && *byte == b'\\';
        is_reference
    })
}
