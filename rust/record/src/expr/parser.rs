//! From the text of a condition to its tree.

use super::{
    ConditionError,
    lexer::{Kind, Token, words},
    ottl,
    pattern::regex,
    tree::{Comparison, Expr, Field, Literal, Operand, Step, TextTest, Type},
};
use crate::nearest;

/// The longest condition, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 16 << 10;
/// The deepest nesting of parentheses and `not`.
const DEPTH_MAX: u32 = 64;
/// The most patterns in one condition.
const PATTERNS_MAX: usize = 64;

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];
const TEXT_TESTS: [(&str, TextTest); 3] =
    [("contains", TextTest::Contains), ("starts_with", TextTest::StartsWith), ("ends_with", TextTest::EndsWith)];
const OPERATORS: &str = "==, !=, <, <=, >, >=, =~, !~, in, contains, starts_with, ends_with";
const WORDS: [&str; 12] = ["and", "contains", "ends_with", "exists", "false", "has", "in", "matches", "not", "or", "starts_with", "true"];

/// Parses a whole condition.
pub(super) fn parse(text: &str) -> Result<Expr, ConditionError> {
    parse_as(text, Ok)
}

/// The same of one that is written in the Collector's language.
pub(super) fn parse_ottl(text: &str, context: super::Context) -> Result<Expr, ConditionError> {
    parse_as(text, |tokens| ottl::translated(tokens, context))
}

/// Parses one value of a record.
pub(super) fn parse_operand(text: &str) -> Result<Operand, ConditionError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ConditionError::new(TEXT_BYTES_MAX, format!("a field has at most {TEXT_BYTES_MAX} bytes")));
    }
    let mut parser = Parser { tokens: words(text)?, next: 0, depth: 0, patterns: 0 };
    match (parser.operand()?, parser.peek()) {
        (Operand::Literal(_), _) => Err(ConditionError::new(0, "a value that is the same for all records: name a field")),
        (operand, Kind::End) => Ok(operand),
        (_, other) => Err(parser.error(format!("expected the end, not {other}"))),
    }
}

fn parse_as(text: &str, translated: impl FnOnce(Vec<Token>) -> Result<Vec<Token>, ConditionError>) -> Result<Expr, ConditionError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ConditionError::new(TEXT_BYTES_MAX, format!("a condition has at most {TEXT_BYTES_MAX} bytes")));
    }
    let tokens = words(text)?;
    if tokens.len() == 1 {
        return Err(ConditionError::new(0, "the condition is empty: write 'true' for one that always holds"));
    }
    parse_tokens(translated(tokens)?)
}

/// Of words that are our own.
pub(super) fn parse_tokens(tokens: Vec<Token>) -> Result<Expr, ConditionError> {
    let mut parser = Parser { tokens, next: 0, depth: 0, patterns: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        Kind::End => Ok(expr),
        Kind::Symbol(")") => Err(parser.error("this ')' closes nothing")),
        other => Err(parser.error(format!("expected 'and', 'or' or the end, not {other}"))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: u32,
    patterns: usize,
}

impl Parser {
    fn peek(&self) -> &Kind {
        self.tokens.get(self.next).map_or(&Kind::End, |token| &token.kind)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |token| token.at)
    }

    fn error(&self, message: impl Into<String>) -> ConditionError {
        ConditionError::new(self.at(), message)
    }

    fn take(&mut self) -> Kind {
        let kind = self.peek().clone();
        self.next += usize::from(kind != Kind::End);
        kind
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Kind::Symbol(s) if *s == symbol)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(w) if w.eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str, why: &str) -> Result<(), ConditionError> {
        if self.is_symbol(symbol) {
            self.next += 1;
            return Ok(());
        }
        Err(self.error(format!("expected '{symbol}' {why}, not {}", self.peek())))
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ConditionError>) -> Result<T, ConditionError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.error(format!("nested more than {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn any(&mut self) -> Result<Expr, ConditionError> {
        let mut parts = vec![self.all()?];
        while self.eat_word("or") || self.eat_symbol("||") {
            parts.push(self.all()?);
        }
        Ok(Expr::any(parts))
    }

    fn all(&mut self) -> Result<Expr, ConditionError> {
        let mut parts = vec![self.one()?];
        while self.eat_word("and") || self.eat_symbol("&&") {
            parts.push(self.one()?);
        }
        Ok(Expr::all(parts))
    }

    fn one(&mut self) -> Result<Expr, ConditionError> {
        if self.eat_word("not") || self.eat_symbol("!") {
            return self.deeper(|p| Ok(Expr::Not(Box::new(p.one()?))));
        }
        if self.is_symbol("(") {
            let opened = self.at();
            self.next += 1;
            let inner = self.deeper(Self::any)?;
            if *self.peek() == Kind::End {
                return Err(ConditionError::new(opened, "this '(' is never closed"));
            }
            self.expect(")", "or an operator")?;
            return Ok(inner);
        }
        if self.eat_word("has") || self.eat_word("exists") {
            let parenthesis = self.is_symbol("(");
            self.next += usize::from(parenthesis);
            let at = self.at();
            let operand = self.operand()?;
            if matches!(operand, Operand::Literal(_)) {
                return Err(ConditionError::new(at, "expected a field: has attributes[\"key\"]"));
            }
            if parenthesis {
                self.expect(")", "after the field")?;
            }
            return Ok(Expr::Has(operand));
        }
        self.test()
    }

    /// An operand and what is asked of it.
    fn test(&mut self) -> Result<Expr, ConditionError> {
        let start = self.next;
        let at = self.at();
        let left = self.operand()?;
        let negated = self.is_word("not") && matches!(self.tokens.get(self.next + 1), Some(Token { kind: Kind::Word(_), .. }));
        self.next += usize::from(negated);
        let expr = if let Some(comparison) = self.comparison() {
            let right_at = self.at();
            let right = self.operand()?;
            comparable(&left, &right, at, right_at)?;
            Expr::Compare(folded(&right, left.clone()), comparison, folded(&left, right.clone()))
        } else if let Some(negated) = self.pattern_operator() {
            textual(&left, at)?;
            let regex = self.pattern()?;
            let matches = Expr::Matches(left, regex);
            if negated { Expr::Not(Box::new(matches)) } else { matches }
        } else if let Some(test) = self.text_test() {
            textual(&left, at)?;
            let Kind::Text(text) = self.peek().clone() else {
                return Err(self.error(format!("expected a text in quotes, not {}", self.peek())));
            };
            self.next += 1;
            let Operand::Literal(Literal::Text(text)) = folded(&left, Operand::Literal(Literal::Text(text.into_bytes()))) else {
                return Err(self.error("expected a text in quotes"));
            };
            Expr::Text(left, test, text)
        } else if self.eat_word("in") {
            self.list(left, at)?
        } else {
            return self.bare(left, start, negated);
        };
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    /// An operand with nothing asked of it: only one that is true or false.
    fn bare(&mut self, left: Operand, start: usize, negated: bool) -> Result<Expr, ConditionError> {
        match (&left, left.kind()) {
            (Operand::Literal(Literal::Bool(value)), _) if !negated => Ok(Expr::Const(*value)),
            (Operand::Field(_), Type::Bool) | (Operand::Given(_), _) if !negated => Ok(Expr::True(left)),
            _ => {
                let found = self.peek().clone();
                if let Kind::Word(word) = &found
                    && let Some(near) = nearest(word, &WORDS)
                {
                    return Err(self.error(format!("'{word}' is no operator, did you mean '{near}'?")));
                }
                let hint = if self.tokens.get(start).is_some_and(|t| matches!(&t.kind, Kind::Word(w) if w != "true")) {
                    "; 'has' before a field asks whether it is there"
                } else {
                    ""
                };
                Err(self.error(format!("expected an operator ({OPERATORS}), not {found}{hint}")))
            }
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let Kind::Symbol(symbol) = self.peek() else { return None };
        let found = COMPARISONS.into_iter().find(|(name, _)| name == symbol).map(|row| row.1);
        self.next += usize::from(found.is_some());
        found
    }

    /// Whether the pattern must not match; `None` where no pattern operator stands here.
    fn pattern_operator(&mut self) -> Option<bool> {
        if self.eat_word("matches") || self.eat_symbol("=~") {
            return Some(false);
        }
        self.eat_symbol("!~").then_some(true)
    }

    fn text_test(&mut self) -> Option<TextTest> {
        let Kind::Word(word) = self.peek() else { return None };
        let found = TEXT_TESTS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|row| row.1);
        self.next += usize::from(found.is_some());
        found
    }

    fn pattern(&mut self) -> Result<regex::bytes::Regex, ConditionError> {
        let at = self.at();
        let Kind::Text(pattern) = self.peek().clone() else {
            return Err(self.error(format!("expected a pattern in quotes, not {}", self.peek())));
        };
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            return Err(self.error(format!("a condition has at most {PATTERNS_MAX} patterns: join some with '|'")));
        }
        self.next += 1;
        regex(&pattern, at)
    }

    fn list(&mut self, left: Operand, at: usize) -> Result<Expr, ConditionError> {
        self.expect("[", "before the list")?;
        let mut list = Vec::new();
        loop {
            let item_at = self.at();
            let Operand::Literal(item) = self.operand()? else {
                return Err(ConditionError::new(item_at, "a list holds constants only"));
            };
            let item = Operand::Literal(item);
            comparable(&left, &item, at, item_at)?;
            if let Operand::Literal(item) = folded(&left, item) {
                list.push(item);
            }
            if !self.eat_symbol(",") {
                break;
            }
        }
        self.expect("]", "or ',' in the list")?;
        Ok(Expr::In(left, list))
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        let at = self.at();
        let literal = match self.take() {
            Kind::Text(text) => Literal::Text(text.into_bytes()),
            Kind::Int(value) => Literal::Int(value),
            Kind::Double(value) => Literal::Double(value),
            Kind::Word(word) => return self.named(word, at),
            Kind::Given(place) => return Ok(Operand::Given(place)),
            other => return Err(ConditionError::new(at, format!("expected a field or a value, not {other}"))),
        };
        Ok(Operand::Literal(literal))
    }

    /// A field, a severity, `true` or `false`.
    fn named(&mut self, mut name: String, at: usize) -> Result<Operand, ConditionError> {
        if let Some(value) = match name.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "null" | "nil" | "none" => {
                return Err(ConditionError::new(at, format!("'{name}' is no value: 'has field' asks whether a field is there")));
            }
            _ => None,
        } {
            return Ok(Operand::Literal(Literal::Bool(value)));
        }
        if let Some(number) = severity(&name) {
            return Ok(Operand::Literal(Literal::Int(number)));
        }
        let mut dotted = Vec::new();
        while self.is_symbol(".") {
            self.next += 1;
            match self.take() {
                Kind::Word(part) => dotted.push(part),
                other => return Err(ConditionError::new(at, format!("expected a name after '{name}.', not {other}"))),
            }
        }
        let base = name.clone();
        for part in &dotted {
            name = format!("{name}.{part}");
        }
        let Some((_, field, kind)) = Field::ALL.into_iter().find(|row| row.0 == name) else {
            let names: Vec<_> = Field::ALL.iter().map(|row| row.0).collect();
            let hint = match (base.as_str(), nearest(&name, &names)) {
                ("attributes" | "resource" | "scope" | "body", _) if !dotted.is_empty() => {
                    format!("write {base}[\"{}\"]", dotted.join("."))
                }
                (_, Some(near)) => format!("did you mean '{near}'?"),
                _ => "texts stand in quotes, attributes as attributes[\"key\"]".into(),
            };
            return Err(ConditionError::new(at, format!("unknown field '{name}': {hint}")));
        };
        let mut steps = Vec::new();
        while self.is_symbol("[") {
            if !matches!(kind, Type::Map | Type::Any) {
                return Err(self.error(format!("'{name}' holds one value: nothing lies under it")));
            }
            self.next += 1;
            steps.push(match self.take() {
                Kind::Text(key) => Step::Key(key.into_bytes()),
                Kind::Int(index) if !steps.is_empty() || kind == Type::Any => {
                    Step::Index(usize::try_from(index).map_err(|_| self.error("an index counts from 0"))?)
                }
                _ => return Err(ConditionError::new(at, format!("expected a key in quotes: {name}[\"key\"]"))),
            });
            self.expect("]", "after the key")?;
        }
        match (kind, steps.is_empty()) {
            (Type::Map, true) => Err(ConditionError::new(at, format!("'{name}' are many: name one, {name}[\"key\"]"))),
            (_, true) => Ok(Operand::Field(field)),
            _ => Ok(Operand::Path(field, steps)),
        }
    }
}

/// The number of a severity's name: `TRACE` to `FATAL4`, also with the specification's `SEVERITY_NUMBER_` before.
fn severity(name: &str) -> Option<i64> {
    let name = name.strip_prefix("SEVERITY_NUMBER_").unwrap_or(name);
    let (name, step) = match name.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (name.get(..name.len() - 1)?, i64::from(digit - b'1')),
        _ => (name, 0),
    };
    let base = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].iter().position(|base| *base == name)?;
    Some(base as i64 * 4 + 1 + step)
}

/// Ids are kept in lower case: so is what they are compared with.
fn folded(with: &Operand, operand: Operand) -> Operand {
    match (with, operand) {
        (Operand::Field(Field::TraceId | Field::SpanId), Operand::Literal(Literal::Text(mut text))) => {
            text.make_ascii_lowercase();
            Operand::Literal(Literal::Text(text))
        }
        (_, operand) => operand,
    }
}

/// Refuses a comparison that no record can pass.
fn comparable(left: &Operand, right: &Operand, left_at: usize, right_at: usize) -> Result<(), ConditionError> {
    let (l, r) = (left.kind(), right.kind());
    if l == r || l == Type::Any || r == Type::Any {
        return Ok(());
    }
    let (field, at) = if matches!(left, Operand::Literal(_)) { (right, left_at) } else { (left, right_at) };
    let message = match (field, field.kind()) {
        (Operand::Field(Field::Severity), _) => "severity is a number, or a name without quotes: severity >= WARN",
        (_, Type::Text) => "this field is a text: compare it with one in quotes",
        (_, Type::Number) => "this field is a number: compare it with one, without quotes",
        (_, Type::Bool) => "this field is true or false: compare it with one of them",
        _ => "these two are of different types: they are never equal",
    };
    Err(ConditionError::new(at, message))
}

fn textual(operand: &Operand, at: usize) -> Result<(), ConditionError> {
    match operand.kind() {
        Type::Number | Type::Bool => Err(ConditionError::new(at, "this is no text: compare it with ==, <, >= and the like")),
        _ => Ok(()),
    }
}
