//! The named groups of a regular expression, as they stand in it: for who reads them otherwise than a format does.

use logloom_record::Text;

use super::{
    engine::{Engine, Failed},
    pieces::Piece,
    syntax::Translated,
};

/// A pattern and the names of its groups.
pub(crate) struct Groups {
    engine: Engine,
    names: Vec<String>,
}

impl std::fmt::Debug for Groups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Groups").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Groups {
    /// Compiles a pattern; what is wrong with it, and where.
    pub(crate) fn compile(pattern: &str) -> Result<Self, (String, usize)> {
        let piece = Piece { shown: pattern.to_owned(), at: 0, regex: pattern.to_owned() };
        let translated = Translated::of(&[piece], false)?;
        let engine = Engine::compile(&translated.text, translated.names.len(), false)?;
        Ok(Self { engine, names: translated.into_raw_names() })
    }

    /// The names, in the order of the groups.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Hands over what each group captured of `text`, by its place among the names; what is wrong where it does not match.
    #[inline]
    pub(crate) fn read<'a>(&self, text: Text<'a>, mut take: impl FnMut(usize, Option<Text<'a>>)) -> Result<(), &'static str> {
        let read = self.engine.captures(text, |span| {
            for slot in 0..self.names.len() {
                take(slot, span(slot).map(|(start, end)| text.slice(start..end)));
            }
        });
        read.map_err(|failed| match failed {
            Failed::NoMatch => "the text does not match the pattern",
            Failed::TooManySteps => "the pattern takes too many steps back on this text",
        })
    }
}
