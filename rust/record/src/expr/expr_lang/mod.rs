//! Expressions of the Collector's operators, in [expr](https://expr-lang.org/docs/language-definition), as the tree of our conditions.
//!
//! What is read: `body`, `attributes`, `resource` with `.key`, `?.key`, `["key"]` and `[0]` behind them, `severity_number`, `severity_text`; texts,
//! numbers, `true`, `false`, `nil` and lists; all comparisons, `and or not && || !`, `in`, `matches`, `contains`, `startsWith`, `endsWith`, `+ - * / %`,
//! `a ? b : c`, `a ?? b`; the functions of [`Function`] and `env`, `hasPrefix`, `hasSuffix`, `replace`, `trimPrefix`, `trimSuffix`. All else is refused.
//! Where expr raises an error (a text compared with a number), a comparison does not hold.

mod pattern;
#[cfg(test)]
mod tests;
mod values;
mod words;

use super::{
    ConditionError,
    made::{Function, Made},
    parser::TEXT_BYTES_MAX,
    pattern::regex,
    tree::{Comparison, Expr, Field, Literal, Operand, Step, TextTest},
};
pub use pattern::go_pattern;
use words::{Kind, Word, words};

/// The deepest nesting.
const DEPTH_MAX: u32 = 64;
/// The most patterns in one expression.
const PATTERNS_MAX: usize = 64;

/// An expression that is true or false.
pub(super) fn condition(text: &str, environment: &dyn Fn(&str) -> String) -> Result<Expr> {
    let mut parser = Parser::of(text, environment)?;
    let part = parser.whole()?;
    holds(part, 0)
}

/// An expression that is any value.
pub(super) fn value(text: &str, environment: &dyn Fn(&str) -> String) -> Result<Operand> {
    let mut parser = Parser::of(text, environment)?;
    let part = parser.whole()?;
    operand(part, 0)
}

/// What a part of an expression is.
enum Part {
    Condition(Expr),
    Value(Operand),
    Nil,
    List(Vec<Operand>),
    /// `attributes` or `resource` as a whole.
    Map(Field),
}

struct Parser<'e> {
    words: Vec<Word>,
    next: usize,
    depth: u32,
    patterns: usize,
    environment: &'e dyn Fn(&str) -> String,
}

/// The operators between two values, by how strongly they bind.
const BINDINGS: [(&str, u32); 24] = [
    ("or", 10),
    ("||", 10),
    ("and", 15),
    ("&&", 15),
    ("==", 20),
    ("!=", 20),
    ("<", 20),
    (">", 20),
    ("<=", 20),
    (">=", 20),
    ("in", 20),
    ("not", 20),
    ("matches", 20),
    ("contains", 20),
    ("startsWith", 20),
    ("endsWith", 20),
    ("+", 30),
    ("-", 30),
    ("*", 60),
    ("/", 60),
    ("%", 60),
    ("**", 100),
    ("^", 100),
    ("??", 500),
];
/// How strongly `not` and a sign before a value bind.
const NOT: u32 = 50;
const MINUS: u32 = 90;

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];
const TESTS: [(&str, TextTest); 5] = [
    ("contains", TextTest::Contains),
    ("startsWith", TextTest::StartsWith),
    ("hasPrefix", TextTest::StartsWith),
    ("endsWith", TextTest::EndsWith),
    ("hasSuffix", TextTest::EndsWith),
];

type Result<T> = std::result::Result<T, ConditionError>;

impl<'e> Parser<'e> {
    fn of(text: &str, environment: &'e dyn Fn(&str) -> String) -> Result<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ConditionError::new(TEXT_BYTES_MAX, format!("an expression has at most {TEXT_BYTES_MAX} bytes")));
        }
        Ok(Self { words: words(text)?, next: 0, depth: 0, patterns: 0, environment })
    }

    fn kind(&self) -> &Kind {
        self.words.get(self.next).map_or(&Kind::End, |word| &word.kind)
    }

    fn at(&self) -> usize {
        self.words.get(self.next).or(self.words.last()).map_or(0, |word| word.at)
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ConditionError::new(self.at(), message))
    }

    fn take(&mut self) -> Kind {
        let kind = self.kind().clone();
        self.next += usize::from(kind != Kind::End);
        kind
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = matches!(self.kind(), Kind::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.eat(sign) { Ok(()) } else { self.error(format!("expected '{sign}', not {}", self.kind())) }
    }

    fn whole(&mut self) -> Result<Part> {
        if *self.kind() == Kind::End {
            return self.error("the expression is empty");
        }
        let part = self.part(0)?;
        match self.kind() {
            Kind::End => Ok(part),
            Kind::Sign("|") => self.error("pipes are not here: write function(value)"),
            other => self.error(format!("expected an operator or the end, not {other}")),
        }
    }

    /// A part whose operators bind at least so strongly.
    fn part(&mut self, least: u32) -> Result<Part> {
        if self.depth >= DEPTH_MAX {
            return self.error(format!("nested more than {DEPTH_MAX} deep"));
        }
        self.depth += 1;
        let part = self.deeper(least);
        self.depth -= 1;
        part
    }

    fn deeper(&mut self, least: u32) -> Result<Part> {
        let at = self.at();
        let mut left = self.first()?;
        let mut links = 0;
        while let Some((operator, strength)) = self.operator().filter(|row| row.1 >= least) {
            links += 1;
            if links > PATTERNS_MAX * 8 {
                return self.error("the expression is too long: part it");
            }
            self.next += 1;
            let negated = operator == "not";
            let operator = if negated { self.tested()? } else { operator };
            let right_at = self.at();
            let right = self.part(if operator == "**" { strength } else { strength + 1 })?;
            left = self.joined((left, at), operator, (right, right_at))?;
            if negated {
                left = Part::Condition(Expr::Not(Box::new(holds(left, at)?)));
            }
        }
        if least == 0 && self.eat("?") {
            let condition = holds(left, at)?;
            let one_at = self.at();
            let one = self.part(0)?;
            self.expect(":")?;
            let other_at = self.at();
            let other = self.part(0)?;
            if let (Part::Condition(_), _) | (_, Part::Condition(_)) = (&one, &other) {
                let (one, other) = (holds(one, one_at)?, holds(other, other_at)?);
                let not = Expr::Not(Box::new(condition.clone()));
                return Ok(Part::Condition(Expr::any(vec![Expr::all(vec![condition, one]), Expr::all(vec![not, other])])));
            }
            let made = Made::Choice(condition, operand(one, one_at)?, operand(other, other_at)?);
            return Ok(Part::Value(Operand::Made(Box::new(made))));
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(&'static str, u32)> {
        let word: &str = match self.kind() {
            Kind::Name(name) => name,
            Kind::Sign(sign) => sign,
            _ => return None,
        };
        BINDINGS.into_iter().find(|row| row.0 == word)
    }

    /// What is negated behind a value: `not in`, `not contains`.
    fn tested(&mut self) -> Result<&'static str> {
        match self.operator() {
            Some((operator @ ("in" | "matches" | "contains" | "startsWith" | "endsWith"), _)) => {
                self.next += 1;
                Ok(operator)
            }
            _ => self.error("expected in, matches, contains, startsWith or endsWith behind 'not'"),
        }
    }

    fn joined(&mut self, (left, at): (Part, usize), operator: &str, (right, right_at): (Part, usize)) -> Result<Part> {
        if let Some((_, comparison)) = COMPARISONS.into_iter().find(|row| row.0 == operator) {
            return Self::compared((left, at), comparison, (right, right_at)).map(Part::Condition);
        }
        if let Some((_, test)) = TESTS.into_iter().find(|row| row.0 == operator) {
            let (left, right) = (operand(left, at)?, operand(right, right_at)?);
            return Ok(Part::Condition(tested(left, test, right)));
        }
        match operator {
            "and" | "&&" => Ok(Part::Condition(Expr::all(vec![holds(left, at)?, holds(right, right_at)?]))),
            "or" | "||" => Ok(Part::Condition(Expr::any(vec![holds(left, at)?, holds(right, right_at)?]))),
            "matches" => {
                let left = operand(left, at)?;
                let Part::Value(Operand::Literal(Literal::Text(pattern))) = right else {
                    return Err(ConditionError::new(right_at, "expected a pattern in quotes"));
                };
                self.patterns += 1;
                if self.patterns > PATTERNS_MAX {
                    return Err(ConditionError::new(right_at, format!("at most {PATTERNS_MAX} patterns: join some with '|'")));
                }
                let pattern = go_pattern(&String::from_utf8_lossy(&pattern));
                Ok(Part::Condition(Expr::Matches(left, regex(&pattern, right_at)?)))
            }
            "in" => Self::within(left, at, right, right_at),
            "??" => match left {
                Part::Nil => Ok(right),
                left => {
                    let (one, other) = (operand(left, at)?, operand(right, right_at)?);
                    Ok(Part::Value(Operand::Made(Box::new(Made::First(one, other)))))
                }
            },
            _ => {
                let sign = if matches!(operator, "**" | "^") { '^' } else { operator.chars().next().unwrap_or('+') };
                let (one, other) = (operand(left, at)?, operand(right, right_at)?);
                Ok(Part::Value(Operand::Made(Box::new(Made::Math(one, sign, other)))))
            }
        }
    }

    fn compared((left, at): (Part, usize), comparison: Comparison, (right, right_at): (Part, usize)) -> Result<Expr> {
        let (left, right) = match (left, right) {
            (Part::Nil, other) | (other, Part::Nil) => {
                let is_equal = match comparison {
                    Comparison::Equal => true,
                    Comparison::NotEqual => false,
                    _ => return Err(ConditionError::new(at, "nil is neither less nor greater")),
                };
                let has = match other {
                    Part::Nil => return Ok(Expr::Const(is_equal)),
                    other => Expr::Has(operand(other, at)?),
                };
                return Ok(if is_equal { Expr::Not(Box::new(has)) } else { has });
            }
            parts => parts,
        };
        let (left, right) = (operand(left, at)?, operand(right, right_at)?);
        if let (Operand::Literal(one), Operand::Literal(other)) = (&left, &right)
            && one == other
        {
            return Ok(Expr::Const(matches!(comparison, Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual)));
        }
        Ok(Expr::Compare(left, comparison, right))
    }

    /// In a list of constants; a key in a map; an item in a list that the record has.
    fn within(left: Part, at: usize, right: Part, right_at: usize) -> Result<Part> {
        let left = operand(left, at)?;
        Ok(Part::Condition(match right {
            Part::List(list) => {
                let constants: Option<Vec<_>> =
                    list.into_iter().map(|item| if let Operand::Literal(literal) = item { Some(literal) } else { None }).collect();
                let wrong = || ConditionError::new(right_at, "a list behind 'in' holds constants only: compare with == instead");
                Expr::In(left, constants.ok_or_else(wrong)?)
            }
            Part::Map(field) => match left {
                Operand::Literal(Literal::Text(key)) => Expr::Has(Operand::Path(field, vec![Step::Key(key)])),
                _ => return Err(ConditionError::new(at, "expected a key in quotes before 'in'")),
            },
            Part::Value(operand) => match (left, operand) {
                (Operand::Literal(Literal::Text(key)), operand @ (Operand::Field(Field::Body) | Operand::Path(..))) => {
                    // A key of a map, or an item of a list: the record knows.
                    let (field, mut steps) = match operand.clone() {
                        Operand::Path(field, steps) => (field, steps),
                        _ => (Field::Body, Vec::new()),
                    };
                    steps.push(Step::Key(key.clone()));
                    let is_item = Expr::Compare(
                        Operand::Made(Box::new(Made::Of(Function::Type, operand.clone()))),
                        Comparison::Equal,
                        Operand::Literal(Literal::Text(b"array".to_vec())),
                    );
                    let item = Expr::all(vec![is_item, Expr::Text(operand, TextTest::Contains, key)]);
                    Expr::any(vec![Expr::Has(Operand::Path(field, steps)), item])
                }
                _ => return Err(ConditionError::new(right_at, "expected a list behind 'in'")),
            },
            _ => return Err(ConditionError::new(right_at, "expected a list behind 'in'")),
        }))
    }
}

/// The part as something that holds or does not.
fn holds(part: Part, at: usize) -> Result<Expr> {
    match part {
        Part::Condition(expr) => Ok(expr),
        Part::Value(operand @ (Operand::Field(Field::Body) | Operand::Path(..) | Operand::Made(_))) => Ok(Expr::True(operand)),
        Part::Value(_) | Part::Nil | Part::List(_) => Err(ConditionError::new(at, "expected something that is true or false")),
        Part::Map(_) => Err(ConditionError::new(at, "name one of them: attributes[\"key\"]")),
    }
}

fn operand(part: Part, at: usize) -> Result<Operand> {
    match part {
        Part::Value(operand) => Ok(operand),
        Part::Condition(Expr::Const(value)) => Ok(Operand::Literal(Literal::Bool(value))),
        Part::Condition(expr) => Ok(Operand::Made(Box::new(Made::Holds(expr)))),
        Part::List(list) => Ok(Operand::Made(Box::new(Made::List(list)))),
        Part::Nil => Err(ConditionError::new(at, "nil is compared with == and != only")),
        Part::Map(_) => Err(ConditionError::new(at, "name one of them: attributes[\"key\"]")),
    }
}

fn tested(left: Operand, test: TextTest, right: Operand) -> Expr {
    match right {
        Operand::Literal(Literal::Text(text)) => Expr::Text(left, test, text),
        right => Expr::Within(left, test, right),
    }
}
