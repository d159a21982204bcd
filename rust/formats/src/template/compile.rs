//! From pieces to a matcher.

use logloom_record::Text;

use super::{Shape, TimeShape, class::Class};
use crate::scan;

/// The most fields that one template may have.
const FIELDS_MAX: usize = 256;

/// A field of a pattern.
#[derive(Clone, Debug)]
pub struct FieldSpec {
    /// What its values look like.
    pub shape: Shape,
    /// How a time is written; `None` for what is no time.
    pub time: Option<TimeShape>,
    /// To how many bytes its values are cut.
    pub cut_bytes: Option<usize>,
    /// Where in the pattern it stands, in bytes.
    pub at: usize,
}

impl FieldSpec {
    /// A value of no bytes, to stand between blanks and a text that follows them.
    pub fn nothing() -> Self {
        Self { shape: Shape::Nothing, time: None, cut_bytes: None, at: 0 }
    }
}

/// A part of a pattern.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text that stands as it is in every line.
    Literal(String),
    /// A value.
    Field(FieldSpec),
    /// Blanks and tabs, one at least.
    Blanks,
    /// Blanks and tabs, or nothing: what pads the value that follows.
    Padding,
}

/// Why a pattern cannot be compiled, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong and the way out.
    pub message: String,
    /// Where in the pattern, in bytes.
    pub at: usize,
}

/// Literal text, its first bytes as a number to compare at once.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) bytes: Vec<u8>,
    pub(super) word: u64,
    pub(super) mask: u64,
    /// Whether more blanks may follow it.
    pub(super) blanks: bool,
}

impl Literal {
    fn new(bytes: Vec<u8>, blanks: bool) -> Self {
        let mut first = [0; 8];
        let mut mask = [0; 8];
        for ((to, mask), from) in first.iter_mut().zip(&mut mask).zip(&bytes) {
            (*to, *mask) = (*from, 0xff);
        }
        Self { bytes, word: u64::from_le_bytes(first), mask: u64::from_le_bytes(mask), blanks }
    }

    /// Where what stands at `at` ends.
    #[inline(always)]
    pub(super) fn behind(&self, line: Text<'_>, at: usize) -> usize {
        let end = at + self.bytes.len();
        if self.blanks { end + blanks(line, end) } else { end }
    }

    /// Whether it stands at `at`, as far as the buffer goes: it may go on behind the line.
    #[inline(always)]
    pub(super) fn stands(&self, line: Text<'_>, at: usize) -> bool {
        let Some(tail) = line.tail().get(at..) else { return false };
        match tail.first_chunk::<8>() {
            Some(first) => {
                u64::from_le_bytes(*first) & self.mask == self.word
                    && self.bytes.get(8..).is_none_or(|rest| tail.get(8..).is_some_and(|tail| tail.starts_with(rest)))
            }
            None => tail.starts_with(&self.bytes),
        }
    }
}

/// How many blanks and tabs stand at `at`.
#[inline(always)]
fn blanks(line: Text<'_>, at: usize) -> usize {
    line.bytes().get(at..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

impl Literal {
    /// Where it first stands from `from` on, as a whole.
    pub(super) fn find(&self, line: Text<'_>, mut from: usize) -> Option<usize> {
        let Some(first) = self.bytes.first() else { return Some(from) };
        while from <= line.len() {
            let at = from + scan::find(line.after(from), *first)?;
            if self.stands(line, at) {
                return (at + self.bytes.len() <= line.len()).then_some(at);
            }
            from = at + 1;
        }
        None
    }
}

/// How the end of a field is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `2026-11-21T10:40:59.509Z`.
    MillisZ,
    /// Where the time's pattern ends.
    Pattern,
    /// Where digits end.
    Digits,
    /// Where digits, perhaps behind a sign, end.
    Signed,
    /// Where digits end, if the literal stands there; else where it first stands.
    DigitsOr(u8),
    /// Where the next literal, which begins with this byte, first stands.
    Before(u8),
    /// Where the class's run ends.
    Run,
    /// Before a quote that no backslash stands before.
    Escaped,
    /// Where the quotes end that it begins with.
    Quoted,
    /// Where the last literal begins.
    Last,
}

/// A pattern, ready to read what it wrote.
#[derive(Clone, Debug)]
pub struct Template {
    /// What stands before the first field.
    pub(super) prefix: Literal,
    /// Each field, with what stands behind it.
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) end: End,
    pub(super) literal: Literal,
    pub(super) spec: FieldSpec,
    pub(super) possible: Class,
    /// Whether a blank must be looked for in the value: there, the line may have to be divided otherwise.
    pub(super) check_blank: bool,
    /// Whether the first blank ends the value, or nothing does.
    pub(super) first_blank: bool,
    /// Whether each byte of the value must be looked at.
    pub(super) check_class: bool,
}

impl Template {
    /// Compiles the pieces of a pattern.
    pub fn compile(pieces: Vec<Piece>) -> Result<Self, TemplateError> {
        let mut prefix = (Vec::new(), false);
        let mut fields: Vec<(FieldSpec, (Vec<u8>, bool))> = Vec::new();
        for piece in pieces {
            let (literal, blanks) = fields.last_mut().map_or(&mut prefix, |(_, literal)| literal);
            match piece {
                // Text right behind blanks that may be many: an empty value stands between, see `FieldSpec::nothing`.
                Piece::Literal(text) if *blanks => {
                    return Err(TemplateError { message: "text behind blanks needs an empty field between".into(), at: text.len() });
                }
                Piece::Literal(text) => literal.extend_from_slice(text.as_bytes()),
                Piece::Blanks => {
                    if literal.last() != Some(&b' ') {
                        literal.push(b' ');
                    }
                    *blanks = true;
                }
                Piece::Padding => *blanks = true,
                Piece::Field(field) => fields.push((field, (Vec::new(), false))),
            }
        }
        if let Some((field, _)) = fields.get(FIELDS_MAX) {
            return Err(TemplateError { message: format!("more than {FIELDS_MAX} fields"), at: field.at });
        }
        let shapes: Vec<_> = fields.iter().map(|(field, _)| field.clone()).collect();
        let count = fields.len();
        let steps = fields.into_iter().enumerate().map(|(i, (spec, (literal, blanks)))| {
            let end = match shapes.get(i + 1) {
                Some(next) if literal.is_empty() => adjacent(&spec, next)?,
                _ => end_of(&spec, &literal, i + 1 == count),
            };
            let possible = spec.shape.possible();
            let lacks_blank = if end == End::Last { !spec.shape.usual().has(b' ') } else { !possible.has(b' ') };
            let check_blank = lacks_blank && literal.first() != Some(&b' ') && matches!(end, End::Before(_) | End::Last);
            let first_blank = lacks_blank && literal.first() == Some(&b' ');
            let check_class = matches!(spec.shape, Shape::Addresses | Shape::Host);
            Ok(Step { end, literal: Literal::new(literal, blanks), possible, check_blank, first_blank, check_class, spec })
        });
        Ok(Self { prefix: Literal::new(prefix.0, prefix.1), steps: steps.collect::<Result<_, _>>()? })
    }

    /// The fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        self.steps.iter().map(|step| &step.spec)
    }
}

/// How the end of a field with text behind it, or of the last one, is found.
fn end_of(spec: &FieldSpec, literal: &[u8], is_last: bool) -> End {
    let first = literal.first().copied();
    match (spec.shape, first) {
        _ if spec.time.as_ref().is_some_and(TimeShape::is_millis_z) => End::MillisZ,
        _ if spec.time.is_some() => End::Pattern,
        (Shape::Quoted, _) => End::Quoted,
        (shape, _) if shape.is_run() && !first.is_some_and(|b| shape.possible().has(b)) => End::Run,
        (Shape::Escaped, Some(b'"')) => End::Escaped,
        (Shape::Double, _) if !first.is_some_and(|b| Class::DECIMAL.has(b)) => End::Run,
        // A literal that may itself begin with a digit is looked for.
        (Shape::Unsigned, _) if !first.is_some_and(|b| Class::DIGITS.has(b)) => End::Digits,
        (Shape::Signed, _) if !first.is_some_and(|b| Class::SIGNED.has(b)) => End::Signed,
        (Shape::Number, Some(byte)) if !is_last && !Class::SIGNED.has(byte) => End::DigitsOr(byte),
        // The last value goes up to the end of the line. One that has no quote inside is looked for from the left all the same: what
        // was taken wrongly before it then shows.
        (shape, Some(byte)) if is_last && shape.usual().has(byte) => End::Last,
        (Shape::Any | Shape::AddressList | Shape::Number, _) if is_last => End::Last,
        (_, None) => End::Last,
        (_, Some(byte)) => End::Before(byte),
    }
}

/// How the end of a field is found right behind which `next` begins.
fn adjacent(spec: &FieldSpec, next: &FieldSpec) -> Result<End, TemplateError> {
    if spec.time.as_ref().is_some_and(TimeShape::is_millis_z) {
        return Ok(End::MillisZ);
    }
    let follows = match &next.time {
        Some(time) if time.starts_with_digit() => Class::DIGITS,
        _ => next.shape.first(),
    };
    match &spec.time {
        Some(time) if Class::of(time.may_go_on_with()).is_apart_from(follows) => return Ok(End::Pattern),
        None if spec.shape == Shape::Quoted => return Ok(End::Quoted),
        None if spec.shape.possible().is_apart_from(follows) => {
            return Ok(if spec.shape == Shape::Unsigned { End::Digits } else { End::Run });
        }
        _ => {}
    }
    let message =
        "nothing stands between this field and the one before it, so that nobody can tell where one ends: put a text between them";
    Err(TemplateError { message: message.into(), at: next.at })
}
