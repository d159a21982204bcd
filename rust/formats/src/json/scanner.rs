//! The walk over objects, arrays and values.

use logloom_record::{RejectReason, Text};

use super::{
    Str, hash,
    number::number,
    string::{only_string, string},
};
use crate::decoder::ObjectCutter;

/// What [`Scanner::value`] found.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A number with a fraction or an exponent, and minus zero.
    Double(f64),
    /// The digits of a number that is neither: an integer beyond `i64`, or one that a double would make infinite or zero.
    Digits(Text<'a>),
    /// A string.
    Str(Str<'a>),
    /// `{`: go on with [`Scanner::key`].
    Object,
    /// `[`: go on with [`Scanner::item`].
    Array,
}

/// The deepest nesting that is ever read, whatever the limit says: [`Scanner::skip`] calls itself once a level.
const DEPTH_MAX: u32 = 512;

/// Reads JSON from the bytes of a frame, which are UTF-8. See the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct Scanner<'a> {
    frame: Text<'a>,
    /// The frame's own bytes.
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    depth_max: u32,
    /// A value ended: before the next one stands a comma.
    comma: bool,
    /// An object that was passed over may have a key twice.
    suspect: bool,
}

impl<'a> Scanner<'a> {
    /// A reader of `frame`; objects and arrays nest at most `depth_max` deep (and never deeper than 512).
    #[inline(always)]
    pub fn new(frame: Text<'a>, depth_max: u32) -> Self {
        Self { frame, bytes: frame.bytes(), at: 0, depth: 0, depth_max: depth_max.min(DEPTH_MAX), comma: false, suspect: false }
    }

    /// The frame it reads.
    #[inline(always)]
    pub fn frame(&self) -> Text<'a> {
        self.frame
    }

    /// Where it stands in the frame, in bytes.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many objects and arrays are open.
    #[inline(always)]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether an object that [`skip`](Self::skip) passed over may have a key twice; never false when one has.
    #[inline(always)]
    pub fn suspects_duplicates(&self) -> bool {
        self.suspect
    }

    /// The same, suspecting: a kept place that is read again knows what the first reading found.
    #[must_use]
    pub fn suspecting(mut self) -> Self {
        self.suspect = true;
        self
    }

    /// Passes a byte order mark, which the first line of a file may have.
    #[inline(always)]
    pub fn byte_order_mark(&mut self) {
        if self.peek() == Some(0xef) && self.bytes.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
    }

    /// Passes the blanks before the next value; where it begins.
    #[inline(always)]
    pub fn start(&mut self) -> usize {
        self.blanks();
        self.at
    }

    /// What [`suspects_duplicates`](Self::suspects_duplicates) says; from here on it says no, until another is found.
    #[inline(always)]
    pub(crate) fn take_suspicion(&mut self) -> bool {
        std::mem::take(&mut self.suspect)
    }

    /// The same at another place, so many objects and arrays deep, where a value is next.
    #[inline(always)]
    #[must_use]
    pub(crate) fn moved(mut self, at: usize, depth: u32) -> Self {
        (self.at, self.depth, self.comma) = (at, depth, false);
        self
    }

    /// The same, where a value ended.
    #[inline(always)]
    #[must_use]
    pub(crate) fn behind_value(mut self) -> Self {
        self.comma = true;
        self
    }

    /// Reads the next value where it is a string and no blank stands before it.
    #[inline(always)]
    pub(crate) fn text(&mut self) -> Result<Option<Str<'a>>, RejectReason> {
        if self.peek() != Some(b'"') {
            return Ok(None);
        }
        let (text, at) = string(self.frame, self.at + 1)?;
        self.at = at;
        self.comma = true;
        Ok(Some(text))
    }

    /// Reads the next value; of an object or array only its bracket.
    #[inline(always)]
    pub fn value(&mut self) -> Result<Value<'a>, RejectReason> {
        self.blanks();
        let value = match self.peek() {
            Some(b'"') => {
                let (text, at) = string(self.frame, self.at + 1)?;
                self.at = at;
                Value::Str(text)
            }
            Some(b'-' | b'0'..=b'9') => {
                let (value, at) = number(self.frame, self.at)?;
                self.at = at;
                value
            }
            Some(open @ (b'{' | b'[')) => {
                if self.depth >= self.depth_max {
                    return Err(RejectReason::limit("objects and arrays nest deeper than depth_max", self.at));
                }
                self.at += 1;
                self.depth += 1;
                self.comma = false;
                return Ok(if open == b'{' { Value::Object } else { Value::Array });
            }
            Some(b't') => self.word(b"true", Value::Bool(true))?,
            Some(b'f') => self.word(b"false", Value::Bool(false))?,
            Some(b'n') => self.word(b"null", Value::Null)?,
            _ => return Err(self.unexpected("expected a value")),
        };
        self.comma = true;
        Ok(value)
    }

    /// Inside an object: the next key, behind which its [`value`](Self::value) is read; `None` at the object's end, which it passes.
    #[inline(always)]
    pub fn key(&mut self) -> Result<Option<Str<'a>>, RejectReason> {
        // Mostly no blank stands between two entries.
        if self.comma && self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) == Some(b",\"") {
            self.at += 1;
        } else {
            if !self.more(b'}')? {
                return Ok(None);
            }
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("expected a key in quotes"));
            }
        }
        let (key, at) = string(self.frame, self.at + 1)?;
        self.at = at;
        if self.peek() != Some(b':') {
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("expected ':' after the key"));
            }
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Inside an array: whether an item follows, which [`value`](Self::value) reads; false at the array's end, which it passes.
    #[inline(always)]
    pub fn item(&mut self) -> Result<bool, RejectReason> {
        self.more(b']')
    }

    /// Passes over the rest of `value`, which was just read: all of an object or array, nothing otherwise.
    #[inline]
    pub fn skip(&mut self, value: Value<'a>) -> Result<(), RejectReason> {
        if let Value::Object | Value::Array = value {
            *self = skip_container(*self, matches!(value, Value::Object))?;
        }
        Ok(())
    }

    /// Passes over the rest of an array, which was just read, where nothing is in it but one string without escapes. Inlined: a scanner that
    /// is handed over and comes back costs more than such an array.
    #[inline(always)]
    pub(crate) fn pass_only_string(&mut self, value: Value<'a>) -> bool {
        let Value::Array = value else { return false };
        let Some(end) = only_string(self.frame, self.at) else { return false };
        (self.at, self.depth, self.comma) = (end, self.depth.wrapping_sub(1), true);
        true
    }

    /// Passes these bytes, if they stand next.
    #[inline(always)]
    pub(crate) fn pass_equal(&mut self, bytes: &[u8]) -> bool {
        let is_equal = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(bytes));
        self.at += if is_equal { bytes.len() } else { 0 };
        is_equal
    }

    /// Passes over the rest of `value` without looking at more than its brackets and strings, at several times the speed of
    /// [`skip`](Self::skip): for what is read, and so checked, later.
    #[inline]
    pub(crate) fn pass(&mut self, value: Value<'a>) -> Result<(), RejectReason> {
        if let Value::Object | Value::Array = value {
            let inner = self.bytes.get(self.at.wrapping_sub(1)..).unwrap_or_default();
            let Some(len) = ObjectCutter::default().cut(inner) else {
                return Err(RejectReason::truncated("the object or array has no end", self.bytes.len()));
            };
            self.at += len - 1;
            self.depth = self.depth.wrapping_sub(1);
            self.comma = true;
        }
        Ok(())
    }

    /// Checks that only blanks follow.
    #[inline]
    pub fn end(&mut self) -> Result<(), RejectReason> {
        self.blanks();
        if self.at < self.frame.len() { Err(RejectReason::syntax("expected nothing after the value", self.at)) } else { Ok(()) }
    }

    /// Passes the comma, if one is due, or the closing bracket; whether something follows.
    #[inline(always)]
    fn more(&mut self, close: u8) -> Result<bool, RejectReason> {
        self.blanks();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth = self.depth.wrapping_sub(1);
                self.comma = true;
                Ok(false)
            }
            Some(b',') if self.comma => {
                self.at += 1;
                self.comma = false;
                self.blanks();
                Ok(true)
            }
            _ if self.comma => Err(self.unexpected(if close == b'}' { "expected ',' or '}'" } else { "expected ',' or ']'" })),
            Some(_) => Ok(true),
            None => Err(self.unexpected("expected a value")),
        }
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes blanks: mostly there are none, or one.
    #[inline(always)]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn word(&mut self, word: &'static [u8], value: Value<'a>) -> Result<Value<'a>, RejectReason> {
        if self.bytes.get(self.at..self.at + word.len()) == Some(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(broken_word(self.bytes, self.at, word))
    }

    /// By value: a scanner whose address was taken would live in memory, not in registers.
    #[inline(always)]
    fn unexpected(&self, what: &'static str) -> RejectReason {
        unexpected(self.frame.len(), self.at, what)
    }
}

#[cold]
#[inline(never)]
fn unexpected(len: usize, at: usize, what: &'static str) -> RejectReason {
    if at < len { RejectReason::syntax(what, at) } else { RejectReason::truncated(what, at) }
}

#[cold]
#[inline(never)]
fn broken_word(bytes: &[u8], at: usize, word: &[u8]) -> RejectReason {
    if word.starts_with(bytes.get(at..).unwrap_or_default()) {
        RejectReason::truncated("the value has no end", bytes.len())
    } else {
        RejectReason::syntax("expected a value", at)
    }
}

/// Passes over the object or array that was opened. Calls itself at most `DEPTH_MAX` deep.
#[inline(never)]
fn skip_container(mut scanner: Scanner<'_>, is_object: bool) -> Result<Scanner<'_>, RejectReason> {
    if is_object {
        let mut keys = Seen::default();
        while let Some(key) = scanner.key()? {
            scanner.suspect |= key.has_escapes() || keys.add(hash(key.text));
            let value = scanner.value()?;
            if let Value::Object | Value::Array = value
                && !scanner.pass_only_string(value)
            {
                scanner = skip_container(scanner, matches!(value, Value::Object))?;
            }
        }
    } else {
        while scanner.item()? {
            let value = scanner.value()?;
            if let Value::Object | Value::Array = value {
                scanner = skip_container(scanner, matches!(value, Value::Object))?;
            }
        }
    }
    Ok(scanner)
}

/// Whether a key may have been seen before: a Bloom filter of one hash.
#[derive(Debug, Default)]
pub(crate) struct Seen([u64; 16]);

impl Seen {
    /// Adds a key's hash; true where it may have been there already.
    #[inline(always)]
    pub(crate) fn add(&mut self, hash: u32) -> bool {
        // The hash tells keys apart mostly in its upper bits: one multiplication brings all of them to the ten that are used.
        let place = hash.wrapping_mul(0x9e37_79b1) >> 22;
        let bit = 1u64 << (place & 63);
        let word = &mut self.0[(place >> 6) as usize & 15];
        let seen = *word & bit != 0;
        *word |= bit;
        seen
    }

    /// Whether a key of this hash may have been there.
    pub(crate) fn has(&self, hash: u32) -> bool {
        let place = hash.wrapping_mul(0x9e37_79b1) >> 22;
        self.0[(place >> 6) as usize & 15] & 1u64 << (place & 63) != 0
    }
}
