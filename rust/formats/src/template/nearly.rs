//! Lines of which one value is unusual, and one that anybody may send: a user agent with quotes in it. Nearly all lines that have to be weighed
//! are such, and where each usual value can end in one place only, there is little to weigh.

use std::ops::Range;

use logloom_record::Text;

use super::{Shape, Template, compile::Step};
use crate::{scan, time::Context};

/// The least that an unusual value weighs.
const WEIGHT_MIN: u32 = 1;
/// How many ends of unusual values are looked at; a line with more is weighed.
const ENDS_MAX: usize = 16;

/// Where a usual value ends.
enum End {
    At(usize),
    /// Nowhere.
    None,
    /// In more places than one, or it is not known.
    Unsure,
}

/// How far a line could be read with nothing but usual values.
enum Walk {
    Whole,
    /// Up to the value that begins here.
    Stuck(usize),
    Unsure,
}

/// A line, and what reading it from the left found: where its fields begin.
pub(super) struct Nearly<'s> {
    pub(super) template: &'s Template,
    pub(super) line: Text<'s>,
    pub(super) starts: &'s [u32],
    pub(super) context: &'s Context,
}

impl Nearly<'_> {
    /// Adds the values of the fields behind those that are in `values`, of which the next begins at `begin`: the division that
    /// [`search`](Template::search) would find, and what it costs. `None`, and `values` as they were, where that is not sure.
    pub(super) fn divide(&self, begin: usize, values: &mut Vec<Range<usize>>) -> Option<u32> {
        let known = values.len();
        let found = match self.walk(begin, values) {
            Walk::Whole => Some(0),
            Walk::Stuck(at) => self.with_one(known, at, values),
            Walk::Unsure => None,
        };
        if found.is_none() {
            values.truncate(known);
        }
        found
    }

    /// Lets one value more be unusual, where nothing but usual ones got stuck at `stuck`. Of several divisions that fit, the one counts in which
    /// earlier values are shorter: so the later values are tried first.
    fn with_one(&self, known: usize, stuck: usize, values: &mut Vec<Range<usize>>) -> Option<u32> {
        let mut ends = 0;
        for i in (known..=values.len()).rev() {
            let start = values.get(i).map_or(stuck, |value| value.start);
            values.truncate(i);
            let Some(step) = self.template.steps.get(i) else { continue };
            if step.spec.shape.weight() > WEIGHT_MIN || step.spec.time.is_some() {
                continue;
            }
            let mut from = self.usual(step, start)? + 1;
            while let Some(end) = self.next_end(i, step, from) {
                ends += 1;
                if ends > ENDS_MAX {
                    return None;
                }
                values.truncate(i);
                values.push(start..end);
                match self.walk(step.literal.behind(self.line, end), values) {
                    Walk::Whole => return Some(WEIGHT_MIN),
                    Walk::Stuck(_) => from = end + 1,
                    Walk::Unsure => return None,
                }
            }
        }
        None
    }

    /// Where the text behind the value of field `i` stands next.
    fn next_end(&self, i: usize, step: &Step, from: usize) -> Option<usize> {
        if i + 1 == self.template.steps.len() {
            let end = self.line.len().checked_sub(step.literal.bytes.len())?;
            return (end >= from && step.literal.stands(self.line, end)).then_some(end);
        }
        if step.literal.bytes.is_empty() { None } else { step.literal.find(self.line, from) }
    }

    /// Adds usual values up to the end of the line.
    fn walk(&self, mut at: usize, values: &mut Vec<Range<usize>>) -> Walk {
        for (i, step) in self.template.steps.iter().enumerate().skip(values.len()) {
            match self.usual_end(i, step, at) {
                End::At(end) => {
                    values.push(at..end);
                    at = step.literal.behind(self.line, end);
                }
                End::None => return Walk::Stuck(at),
                End::Unsure => return Walk::Unsure,
            }
        }
        // A value before the last one ended too early for the line to end here.
        if at == self.line.len() { Walk::Whole } else { Walk::Unsure }
    }

    fn usual_end(&self, i: usize, step: &Step, at: usize) -> End {
        let is_last = i + 1 == self.template.steps.len();
        let literal = &step.literal.bytes;
        let usual = step.spec.shape.usual();
        if step.spec.time.is_some() || step.spec.shape == Shape::Quoted {
            let told = || step.end(self.line, at, self.context).ok().map(|(end, _)| end);
            let end = self.told(i, step, at).or_else(told);
            return end.filter(|end| step.literal.stands(self.line, *end)).map_or(End::None, End::At);
        }
        let is_one = is_last || literal.first().is_none_or(|first| !usual.has(*first) && *first != b'-');
        if !is_one || step.spec.cut_bytes.is_some() {
            return End::Unsure;
        }
        let Some(to) = self.usual(step, at) else { return End::Unsure };
        let end = if is_last {
            self.line.len().checked_sub(literal.len()).filter(|end| *end >= at && step.literal.stands(self.line, *end))
        } else if literal.is_empty() {
            Some(to)
        } else {
            step.literal.find(self.line, at)
        };
        end.filter(|end| *end <= to).map_or(End::None, End::At)
    }

    /// Where a time or a value in quotes ends, of which reading from the left has told it.
    fn told(&self, i: usize, step: &Step, at: usize) -> Option<usize> {
        let [start, next] = *self.starts.get(i..i + 2)? else { return None };
        (start as usize == at && !step.literal.blanks).then(|| (next as usize).saturating_sub(step.literal.bytes.len()))
    }

    /// Up to where a value that begins at `start` is usual.
    fn usual(&self, step: &Step, start: usize) -> Option<usize> {
        let bytes = self.line.bytes();
        let rest = bytes.get(start..)?;
        let absent = usize::from(rest.first() == Some(&b'-'));
        let len = match step.spec.shape {
            Shape::Any | Shape::Escaped => scan::find(self.line.after(start), b'"').unwrap_or(rest.len()),
            shape => shape.usual().run(bytes, start, bytes.len()),
        };
        Some(start + len.max(absent))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::template::{FieldSpec, FoundTime, Piece, Visit, search::COST_MAX};

    /// As Traefik's lines are, but for the time: what stands before each value.
    const LITERALS: [&str; 8] = ["", " - ", " [", "] \"", "\" ", " \"", "\" \"", "\" "];
    const SHAPES: [Shape; 8] =
        [Shape::Word, Shape::Identifier, Shape::Unbracketed, Shape::Any, Shape::Number, Shape::Escaped, Shape::Escaped, Shape::Unsigned];

    fn template() -> Template {
        let mut pieces = Vec::new();
        for (at, (literal, shape)) in LITERALS.iter().zip(SHAPES).enumerate() {
            pieces.push(Piece::Literal((*literal).into()));
            pieces.push(Piece::Field(FieldSpec { shape, time: None, cut_bytes: None, at }));
        }
        pieces.push(Piece::Literal("ms".into()));
        Template::compile(pieces).unwrap()
    }

    /// Where reading from the left got stuck.
    #[derive(Default)]
    struct Starts(Vec<u32>);

    impl Visit for &mut Starts {
        fn text(self, _: usize, _: Text<'_>) -> Self {
            self
        }

        fn number(self, _: usize, _: i64) -> Self {
            self
        }

        fn begins(&mut self, i: usize, at: usize) {
            self.0.truncate(i);
            self.0.push(at as u32);
        }
    }

    /// What the search finds, and what it finds where all divisions are weighed.
    fn both(line: &str) -> [Option<(u32, Vec<Range<usize>>)>; 2] {
        let (template, line, context) = (template(), Text::from(line), Context::default());
        let mut starts = Starts::default();
        let _ = template.read(line, &context, &FoundTime::NONE, &mut starts).is_ok();
        let weighed = template.weigh(COST_MAX as u32, line, (0, 0), &context, (0, Vec::new()));
        [template.search_up_to(COST_MAX as u32, line, &starts.0, &context), weighed]
    }

    #[test]
    fn an_agent_with_quotes_is_told_without_weighing() {
        for line in [
            r#"a - b [t] "GET / HTTP/1.1" 200 "-" "an "odd" agent" 7ms"#,
            r#"a - b [t] "GET /" 200" - "-" "x" 7ms"#,
            r#"a - b [t] "GET "x" 200 "r" "x" y" 7ms"#,
        ] {
            let [found, weighed] = both(line);
            assert!(found.is_some(), "{line}");
            assert_eq!(found, weighed, "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn one_unusual_value_is_told_as_weighing_tells_it(
            values in proptest::collection::vec("[ab1]{1,2}|-|[ab1 \"-]{0,7}|a\" \"b|a\" 1", 7),
            number in "[0-9]{1,2}|-",
            change in 0usize..60, letter in "[ab1 \"-]", is_changed in 0usize..3,
        ) {
            let mut line: String = LITERALS.iter().zip(values.iter().chain([&number])).flat_map(|(literal, value)| [*literal, value]).collect();
            line.push_str("ms");
            if is_changed == 0 && let Some((at, old)) = line.char_indices().nth(change) {
                line.replace_range(at..at + old.len_utf8(), &letter);
            }
            let [found, weighed] = both(&line);
            prop_assert_eq!(found, weighed, "{}", line);
        }
    }
}
