//! The Collector's statements (OTTL): `set(attributes["a"], Concat([body, "b"], "-")) where severity_number > 9`, read into a tree.
//!
//! What editors and converters do stands where statements are run; the condition behind `where` is one of ours.

use super::{
    Condition, ConditionError,
    lexer::{Kind, Token, statement_words},
    ottl,
    parser::{TEXT_BYTES_MAX, parse_tokens},
    tree::Step,
};

/// The deepest nesting of arguments.
const DEPTH_MAX: u32 = 32;

/// What a statement's paths begin at, where they do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Context {
    /// The record.
    #[default]
    Log,
    /// Its resource.
    Resource,
    /// Its scope.
    Scope,
}

impl Context {
    /// What a field of this context lies under.
    pub fn above(self, field: &str) -> Option<&'static str> {
        match (self, field) {
            (Self::Resource, "attributes") => Some("resource"),
            (Self::Scope, "attributes" | "name" | "version") => Some("scope"),
            _ => None,
        }
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The editor with its arguments.
    pub editor: Call,
    /// When it is done, and what must be computed to ask that.
    pub condition: Option<(Condition, Vec<Computed>)>,
}

/// A function with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Where it stands, in bytes.
    pub at: usize,
    /// Its arguments, with their names where they are given.
    pub arguments: Vec<(Option<String>, Computed)>,
    /// What is taken of its result.
    pub steps: Vec<Step>,
}

/// A field, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Where it stands, in bytes.
    pub at: usize,
    /// The names with dots between them.
    pub names: Vec<String>,
    /// What stands in brackets behind.
    pub steps: Vec<Step>,
}

/// What an argument is.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // they say it
pub enum Computed {
    Nil,
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    Path(Path),
    Call(Call),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// `+ - * /` between two.
    Math(Box<Self>, char, Box<Self>),
}

impl Statement {
    /// Reads a statement of at most 16 KiB.
    pub fn parse(text: &str, context: Context) -> Result<Self, ConditionError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ConditionError::new(TEXT_BYTES_MAX, format!("a statement has at most {TEXT_BYTES_MAX} bytes")));
        }
        let tokens = statement_words(text)?;
        let mut arguments = Arguments { tokens: &tokens, next: 0, depth: 0 };
        let at = arguments.at();
        let Computed::Call(editor) = arguments.one()? else {
            return Err(ConditionError::new(at, "expected an editor: set(attributes[\"a\"], \"b\")"));
        };
        let next = arguments.next;
        match arguments.kind() {
            Kind::End => Ok(Self { editor, condition: None }),
            Kind::Word(word) if word == "where" => {
                let at = tokens.get(next).map_or(0, |token| token.at + "where".len());
                let rest = tokens.get(next + 1..).unwrap_or_default().to_vec();
                Ok(Self { editor, condition: Some(condition(rest, text.get(at..).unwrap_or_default(), context)?) })
            }
            other => Err(arguments.error(format!("expected 'where' or the end, not {other}"))),
        }
    }

    /// Reads a condition that stands alone.
    pub fn condition(text: &str, context: Context) -> Result<(Condition, Vec<Computed>), ConditionError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ConditionError::new(TEXT_BYTES_MAX, format!("a condition has at most {TEXT_BYTES_MAX} bytes")));
        }
        condition(statement_words(text)?, text, context)
    }
}

fn condition(tokens: Vec<Token>, text: &str, context: Context) -> Result<(Condition, Vec<Computed>), ConditionError> {
    let (tokens, computed) = ottl::translated_in(tokens, context)?;
    Ok((Condition { text: text.trim().into(), expr: parse_tokens(tokens)? }, computed))
}

/// Reads arguments from words.
pub(super) struct Arguments<'t> {
    pub(super) tokens: &'t [Token],
    pub(super) next: usize,
    pub(super) depth: u32,
}

impl Arguments<'_> {
    fn kind(&self) -> Kind {
        self.tokens.get(self.next).map_or(Kind::End, |token| token.kind.clone())
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |token| token.at)
    }

    fn error(&self, message: impl Into<String>) -> ConditionError {
        ConditionError::new(self.at(), message)
    }

    fn take(&mut self) -> Kind {
        let kind = self.kind();
        self.next += usize::from(kind != Kind::End);
        kind
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.kind(), Kind::Symbol(found) if found == symbol);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), ConditionError> {
        if self.eat(symbol) { Ok(()) } else { Err(self.error(format!("expected '{symbol}', not {}", self.kind()))) }
    }

    /// A value that may be computed of several: `*` and `/` bind before `+` and `-`.
    fn sum(&mut self) -> Result<Computed, ConditionError> {
        self.chain(&["+", "-"], |arguments| arguments.chain(&["*", "/"], Self::one))
    }

    fn chain(
        &mut self,
        signs: &[&'static str],
        mut part: impl FnMut(&mut Self) -> Result<Computed, ConditionError>,
    ) -> Result<Computed, ConditionError> {
        let mut left = part(self)?;
        let mut count = 0;
        while let Some(sign) = signs.iter().find(|sign| self.eat(sign)) {
            count += 1;
            if count > DEPTH_MAX {
                return Err(self.error(format!("more than {DEPTH_MAX} signs in one sum")));
            }
            let right = part(self)?;
            left = Computed::Math(Box::new(left), sign.chars().next().unwrap_or('+'), Box::new(right));
        }
        Ok(left)
    }

    /// One value.
    pub(super) fn one(&mut self) -> Result<Computed, ConditionError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.error(format!("nested more than {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        let one = self.deeper();
        self.depth -= 1;
        one
    }

    fn deeper(&mut self) -> Result<Computed, ConditionError> {
        let at = self.at();
        Ok(match self.take() {
            Kind::Text(text) => Computed::Text(text),
            Kind::Int(value) => Computed::Int(value),
            Kind::Double(value) => Computed::Double(value),
            Kind::Symbol("(") => {
                let inner = self.sum()?;
                self.expect(")")?;
                inner
            }
            Kind::Symbol("[") => Computed::List(self.listed("]", Self::sum)?),
            Kind::Symbol("{") => Computed::Map(self.listed("}", |arguments| {
                let Kind::Text(key) = arguments.take() else { return Err(arguments.error("expected a key in quotes")) };
                arguments.expect(":")?;
                Ok((key, arguments.sum()?))
            })?),
            Kind::Word(word) => match &*word {
                "nil" => Computed::Nil,
                "true" => Computed::Bool(true),
                "false" => Computed::Bool(false),
                _ if self.eat("(") => {
                    let arguments = self.listed(")", |arguments| {
                        let name = match (arguments.kind(), arguments.tokens.get(arguments.next + 1).map(|token| &token.kind)) {
                            (Kind::Word(name), Some(Kind::Symbol("="))) => {
                                arguments.next += 2;
                                Some(name)
                            }
                            _ => None,
                        };
                        Ok((name, arguments.sum()?))
                    })?;
                    Computed::Call(Call { name: word, at, arguments, steps: self.steps()? })
                }
                _ => {
                    let mut names = vec![word];
                    while self.eat(".") {
                        let Kind::Word(name) = self.take() else { return Err(ConditionError::new(at, "expected a name after '.'")) };
                        names.push(name);
                    }
                    let steps = self.steps()?;
                    // `.string` behind brackets says of what type the value is.
                    while !steps.is_empty() && self.eat(".") {
                        self.take();
                    }
                    Computed::Path(Path { at, names, steps })
                }
            },
            other => return Err(ConditionError::new(at, format!("expected a value, not {other}"))),
        })
    }

    fn listed<T>(
        &mut self,
        end: &'static str,
        mut one: impl FnMut(&mut Self) -> Result<T, ConditionError>,
    ) -> Result<Vec<T>, ConditionError> {
        let mut all = Vec::new();
        while !self.eat(end) {
            if !all.is_empty() {
                self.expect(",")?;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn steps(&mut self) -> Result<Vec<Step>, ConditionError> {
        let mut steps = Vec::new();
        while self.eat("[") {
            let at = self.at();
            steps.push(match self.take() {
                Kind::Text(key) => Step::Key(key.into_bytes()),
                Kind::Int(index) => Step::Index(usize::try_from(index).map_err(|_| ConditionError::new(at, "an index counts from 0"))?),
                other => return Err(ConditionError::new(at, format!("expected a key in quotes or an index, not {other}"))),
            });
            self.expect("]")?;
        }
        Ok(steps)
    }
}
