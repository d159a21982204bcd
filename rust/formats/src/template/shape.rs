//! What the text of a value looks like.

use super::class::Class;

/// What the text of a value looks like. `-` and nothing, which mean absent, always fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A time: its pattern says what it looks like.
    Time,
    /// Digits.
    Unsigned,
    /// Digits, perhaps behind a sign.
    Signed,
    /// A decimal number, perhaps with a sign, a fraction and an exponent.
    Double,
    /// Text between quotes, which are a part of it; a backslash inside takes the byte behind it along.
    Quoted,
    /// Capitals and digits.
    SqlState,
    /// What a class or module is named with: letters, digits and `._$-/`.
    ClassName,
    /// No brackets: what stands between them.
    Unbracketed,
    /// The same without `@`: a thread's name, where `thread:class@line` may stand as well.
    Thread,
    /// Letters, digits, dashes and underscores.
    Channel,
    /// The same and colons: a path of modules.
    RustPath,
    /// What stands between two quotes that the pattern has as text; a backslash takes the byte behind it along.
    Escaped,
    /// A list of addresses and names.
    Addresses,
    /// A host, perhaps with its port.
    Host,
    /// No bytes.
    Nothing,
    /// No blank; usually letters, digits, commas and underscores.
    Flags,
    /// No blank; usually `HTTP/1.1`.
    Protocol,
    /// No blank, usually no quote: what the program itself made or checked.
    Word,
    /// No blank, usually no quote: what a client sent as its method.
    Token,
    /// Anything; usually an address list.
    AddressList,
    /// Anything; usually no blank and no quote: paths, ids, names.
    Identifier,
    /// Anything; usually digits.
    Number,
    /// Anything; usually no quote.
    Any,
}

const NO_BLANK: Class = Class::except(b" \t\r\n");
const NO_BLANK_OR_QUOTE: Class = Class::except(b" \t\r\n\"");
const ADDRESSES: Class = Class::alphanumeric_and(b".:, -_[]%");
const HOST: Class = Class::alphanumeric_and(b".:-_*[]");
const NO_QUOTE: Class = Class::except(b"\"");

impl Shape {
    /// Whether its values are known by their bytes: one ends where another byte stands.
    pub(super) fn is_run(self) -> bool {
        matches!(self, Self::Nothing | Self::SqlState | Self::Unbracketed | Self::Thread | Self::Channel | Self::RustPath | Self::ClassName)
    }

    /// The bytes that a value may have; a line in which one has others is not of the template.
    pub(super) fn possible(self) -> Class {
        match self {
            Self::Unsigned => Class::DIGITS,
            Self::Signed => Class::SIGNED,
            Self::Double => Class::DECIMAL,
            Self::Nothing => Class::NONE,
            Self::SqlState => Class::CODE,
            Self::Channel => Class::CHANNEL,
            Self::RustPath => Class::PATH,
            Self::Unbracketed => Class::UNBRACKETED,
            Self::Thread => Class::THREAD,
            Self::ClassName => Class::NAME,
            Self::Addresses => ADDRESSES,
            Self::Host => HOST,
            Self::Flags | Self::Protocol | Self::Word | Self::Token => NO_BLANK,
            Self::Time | Self::AddressList | Self::Identifier | Self::Number | Self::Any | Self::Quoted | Self::Escaped => Class::ALL,
        }
    }

    /// The bytes that a value may begin with.
    pub(super) fn first(self) -> Class {
        match self {
            Self::Protocol => Class::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            Self::Quoted => Class::of(b"\"-"),
            shape => shape.possible(),
        }
    }

    /// The bytes that a value usually has.
    pub(super) fn usual(self) -> Class {
        match self {
            Self::Unsigned | Self::Number => Class::DIGITS,
            Self::Signed => Class::SIGNED,
            Self::Double => Class::DECIMAL,
            Self::Nothing => Class::NONE,
            Self::SqlState => Class::CODE,
            Self::Channel => Class::CHANNEL,
            Self::RustPath => Class::PATH,
            Self::Unbracketed => Class::UNBRACKETED,
            Self::Thread => Class::THREAD,
            Self::ClassName => Class::NAME,
            Self::Quoted => Class::ALL,
            Self::Flags => Class::alphanumeric_and(b",_"),
            Self::Protocol => Class::alphanumeric_and(b"/."),
            Self::Word | Self::Token | Self::Identifier => NO_BLANK_OR_QUOTE,
            Self::AddressList => Class::alphanumeric_and(b".:, []%_-"),
            Self::Addresses => ADDRESSES,
            Self::Host => HOST,
            Self::Time | Self::Any | Self::Escaped => NO_QUOTE,
        }
    }

    /// How much it weighs against a division of a line that a value of this shape is unusual: the most where the program itself makes
    /// the value, the least where anybody may send anything.
    pub(super) fn weight(self) -> u32 {
        match self {
            Self::Any | Self::Escaped => 1,
            Self::Identifier | Self::AddressList | Self::Token => 3,
            _ => 8,
        }
    }
}
