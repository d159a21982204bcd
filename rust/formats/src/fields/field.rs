//! One field of a line.

use logloom_record::{RejectReason, Text};

use crate::json::{Scanner, Str, Value};

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A later field has the same name.
    Gone,
    #[default]
    Null,
    Bool,
    Int,
    Double,
    /// Text as it stands in the frame.
    Text,
    /// Text with escapes.
    Escaped,
    /// An object or array of JSON, from its bracket on.
    Nested,
    /// The same; an object in it may have a key twice.
    NestedTwice,
    /// Text that the conventions have as a list.
    List,
    /// Text that does not stand in the frame: it lies in `Fields::names`.
    Made,
    /// A list whose items lie in `Fields::names`, each ended by NUL.
    MadeItems,
    /// Text with escapes that is a list without them: items ended by NUL, or, where there is none, with blanks between them.
    Items,
    /// The same, with escapes.
    EscapedList,
    /// A list of texts that are the lines of one.
    Lines,
}

/// Where the name of a field lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// In the frame. What the table has every name begin with stands before it.
    #[default]
    Frame,
    /// In `Fields::names`; the same.
    Names,
    /// There, as a whole.
    Whole,
    /// Among the names of the lines that were learned, with what the table has every name begin with.
    Learned,
    /// There, as a whole.
    LearnedWhole,
    /// Among the keys of the lines before, as a whole.
    Kept,
}

/// One field: where its name and value lie in the frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field {
    pub(super) name_at: u32,
    pub(super) name_len: u32,
    pub(super) at: u32,
    pub(super) len: u32,
    /// The value of a `Bool`, `Int` or `Double`, as bits.
    pub(super) number: u64,
    /// The position of the key's entry in the dialect, counted from 1.
    pub(super) entry: u16,
    pub(super) kind: Kind,
    pub(super) place: Place,
    /// What stands before the name in `names`: the path of a container whose name is left out.
    pub(super) path_len: u16,
    /// Which container it stands in, counted in the line from 1; 0 for none.
    pub(super) container: u16,
}

impl Field {
    /// One without a name or a value.
    pub(super) const NONE: Self = Self {
        name_at: 0,
        name_len: 0,
        at: 0,
        len: 0,
        number: 0,
        entry: 0,
        kind: Kind::Null,
        place: Place::Frame,
        path_len: 0,
        container: 0,
    };

    #[inline(always)]
    pub(crate) fn new(name_at: usize, name_len: usize, entry: Option<u32>) -> Self {
        let entry = entry.map_or(0, |position| position as u16 + 1);
        Self { name_at: name_at as u32, name_len: name_len as u32, entry, ..Self::NONE }
    }

    /// A field whose value is a string that was just read, up to `end`.
    #[inline(always)]
    pub(super) fn text(name_at: usize, name_len: usize, entry: Option<u32>, end: usize, text: Str<'_>) -> Self {
        let len = text.text.len();
        let kind = if text.has_escapes() { Kind::Escaped } else { Kind::Text };
        Self { at: (end - 1 - len) as u32, len: len as u32, kind, ..Self::new(name_at, name_len, entry) }
    }

    /// The position of what the table knows of its name.
    #[inline(always)]
    pub(crate) fn entry(&self) -> Option<usize> {
        usize::from(self.entry).checked_sub(1)
    }

    /// What kind of value it has.
    #[inline(always)]
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it stands in an object inside the line's own.
    #[inline(always)]
    pub(crate) fn is_inside(&self) -> bool {
        self.container != 0
    }

    /// Its value as it stands in JSON, quotes and all.
    pub(crate) fn source<'a>(&self, frame: Text<'a>) -> Option<&'a [u8]> {
        let (at, end) = (self.at as usize, self.at as usize + self.len as usize);
        let is_quoted = at > 0 && frame.bytes().get(at - 1) == Some(&b'"');
        frame.bytes().get(at - usize::from(is_quoted)..end + usize::from(is_quoted))
    }

    /// Whether it is text, of which nothing is there.
    pub(crate) fn is_empty_text(&self) -> bool {
        self.kind == Kind::Text && self.len == 0
    }

    /// The value of an `Int`.
    #[inline(always)]
    pub(crate) fn integer(&self) -> i64 {
        self.number as i64
    }

    /// Takes in `value`, which was just read and began at `at`; passes over what is nested.
    #[inline(always)]
    pub(super) fn read<'a>(&mut self, json: &mut Scanner<'a>, at: usize, value: Value<'a>) -> Result<(), RejectReason> {
        self.at = at as u32;
        self.len = (json.position() - at) as u32;
        match value {
            Value::Null => self.kind = Kind::Null,
            Value::Bool(value) => {
                self.kind = Kind::Bool;
                self.number = u64::from(value);
            }
            Value::Int(value) => {
                self.kind = Kind::Int;
                self.number = value as u64;
            }
            Value::Double(value) => {
                self.kind = Kind::Double;
                self.number = value.to_bits();
            }
            Value::Digits(_) => self.kind = Kind::Text,
            Value::Str(text) => {
                self.kind = if text.has_escapes() { Kind::Escaped } else { Kind::Text };
                self.at += 1;
                self.len -= 2;
            }
            Value::Object | Value::Array => {
                if !json.pass_only_string(value) {
                    json.skip(value)?;
                }
                self.kind = if json.take_suspicion() { Kind::NestedTwice } else { Kind::Nested };
                self.len = (json.position() - at) as u32;
            }
        }
        Ok(())
    }

    /// A later field has the same name, and so this one is gone; how many values are lost by that: what is said twice is not.
    #[inline]
    pub(super) fn supersede(&mut self, later: &Self, frame: Text<'_>) -> u32 {
        let is_loss = (self.kind, self.number) != (later.kind, later.number) || self.span(frame).bytes() != later.span(frame).bytes();
        self.kind = Kind::Gone;
        u32::from(is_loss)
    }

    /// Takes the whole path as the name. A key of another name has no part in the table.
    pub(super) fn unhide(&mut self) {
        self.name_at -= u32::from(self.path_len);
        self.name_len += u32::from(self.path_len);
        self.path_len = 0;
        self.entry = 0;
    }
}
