//! The Collector's conditions (OTTL) as ours: word by word, so that every error says where in the text it is.
//!
//! [OTTL](https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/pkg/ottl) calls most fields as we do. What is written
//! otherwise there is translated here; what has no counterpart is refused.

use super::{
    ConditionError,
    lexer::{Kind, Token},
    statement::{Arguments, Computed, Context},
};

/// Functions of two arguments, a value and a text, and the operators that do the same.
const TESTS: [(&str, &str); 4] =
    [("IsMatch", "matches"), ("HasPrefix", "starts_with"), ("HasSuffix", "ends_with"), ("ContainsValue", "contains")];

/// What a resource has not: its conditions must not ask for it.
const OF_RECORDS: [&str; 13] = [
    "body",
    "event_name",
    "flags",
    "instrumentation_scope",
    "log",
    "observed_time",
    "scope",
    "severity_number",
    "severity_text",
    "span_id",
    "time",
    "time_unix_nano",
    "trace_id",
];

/// Where, in the text of a route, its condition begins: behind `route() where`. `None`: there is none.
pub(super) fn after_route(text: &str) -> Result<Option<usize>, ConditionError> {
    let start = text.len() - text.trim_start().len();
    let Some(rest) = text.trim_start().strip_prefix("route") else { return Ok(Some(start)) };
    let rest = rest.trim_start();
    let Some(rest) = rest.strip_prefix('(').map(str::trim_start).and_then(|rest| rest.strip_prefix(')')) else {
        return Err(ConditionError::new(start, "expected 'route() where', and a condition"));
    };
    let rest = rest.trim_start();
    match rest.strip_prefix("where") {
        Some(condition) => Ok(Some(text.len() - condition.len())),
        None if rest.is_empty() => Ok(None),
        None => Err(ConditionError::new(text.len() - rest.len(), "expected 'where', and a condition")),
    }
}

/// Translates the words of a condition.
pub(super) fn translated(tokens: Vec<Token>, context: Context) -> Result<Vec<Token>, ConditionError> {
    let mut translator = Translator { from: tokens, next: 0, to: Vec::new(), context, computed: None };
    while translator.step()? {}
    Ok(translator.to)
}

/// The same of the condition of a statement: what it computes stands beside it.
pub(super) fn translated_in(tokens: Vec<Token>, context: Context) -> Result<(Vec<Token>, Vec<Computed>), ConditionError> {
    let mut translator = Translator { from: tokens, next: 0, to: Vec::new(), context, computed: Some(Vec::new()) };
    while translator.step()? {}
    Ok((translator.to, translator.computed.unwrap_or_default()))
}

struct Translator {
    from: Vec<Token>,
    next: usize,
    to: Vec<Token>,
    context: Context,
    /// Where values may be computed: those that are.
    computed: Option<Vec<Computed>>,
}

fn word(text: &str) -> Kind {
    Kind::Word(text.into())
}

impl Translator {
    fn kind(&self, ahead: usize) -> &Kind {
        self.from.get(self.next + ahead).map_or(&Kind::End, |token| &token.kind)
    }

    fn at(&self) -> usize {
        self.from.get(self.next).or(self.from.last()).map_or(0, |token| token.at)
    }

    fn push(&mut self, kind: Kind) {
        let at = self.at();
        self.to.push(Token { kind, at });
    }

    /// Whether there is more.
    fn step(&mut self) -> Result<bool, ConditionError> {
        match (self.kind(0).clone(), self.kind(1).clone()) {
            (Kind::End, _) => {
                self.push(Kind::End);
                return Ok(false);
            }
            (Kind::Word(name), next) if self.computed.is_none() && self.context == Context::Resource && self.begins_a_field() => {
                self.of_resource(&name, &next)?;
            }
            (Kind::Word(name), Kind::Symbol("(")) if !matches!(&*name, "and" | "or" | "not") => {
                if self.computed.is_none() || self.is_test(&name) { self.call(&name)? } else { self.compute()? }
            }
            (Kind::Word(name), Kind::Symbol("[")) if name == "cache" && self.computed.is_some() => self.compute()?,
            // In their own contexts, resource and scope are not written out.
            (Kind::Word(field), _) if !self.is_inner() && self.context.above(&field).is_some() => {
                self.push(word(self.context.above(&field).unwrap_or_default()));
                self.push(Kind::Symbol("."));
                self.push(Kind::Word(field));
                self.next += 1;
            }
            // The context of a log record, which newer ones write out.
            (Kind::Word(context), Kind::Symbol(".")) if context == "log" => self.next += 2,
            (Kind::Word(context), Kind::Symbol(".")) if context == "instrumentation_scope" => {
                self.push(word("scope"));
                self.next += 1;
            }
            (Kind::Symbol(comparison @ ("==" | "!=")), Kind::Word(nil)) if nil == "nil" => self.nil(comparison)?,
            // `trace_id.string`, `body.string`: texts are what we compare anyway.
            (Kind::Symbol("."), Kind::Word(string)) if string == "string" => self.next += 2,
            (kind, _) => {
                self.push(kind);
                self.next += 1;
            }
        }
        Ok(true)
    }

    fn begins_a_field(&self) -> bool {
        !matches!(self.to.last().map(|token| &token.kind), Some(Kind::Symbol(".")))
    }

    /// A field in the context of a resource: its attributes, or what is known of where it came from.
    fn of_resource(&mut self, name: &str, next: &Kind) -> Result<(), ConditionError> {
        if OF_RECORDS.contains(&name) {
            return Err(ConditionError::new(
                self.at(),
                format!("'{name}' is of a log record, not of a resource: write 'context: log' beside this"),
            ));
        }
        let is_its_own = name == "attributes" && *next == Kind::Symbol("[");
        self.push(word(if is_its_own { "resource" } else { name }));
        self.next += 1;
        Ok(())
    }

    /// Whether what comes next is a part of a path.
    fn is_inner(&self) -> bool {
        self.next.checked_sub(1).and_then(|before| self.from.get(before)).is_some_and(|token| token.kind == Kind::Symbol("."))
    }

    /// Whether the function becomes an operator: its second argument is a text, and nothing else follows.
    fn is_test(&self, name: &str) -> bool {
        let mut depth = 0;
        let mut ahead = 1;
        loop {
            match self.kind(ahead) {
                Kind::Symbol("(" | "[") => depth += 1,
                Kind::Symbol(")" | "]") => depth -= 1,
                Kind::Symbol(",") if depth == 1 => break,
                Kind::End => return false,
                _ => {}
            }
            ahead += 1;
        }
        let is_last = matches!((self.kind(ahead + 1), self.kind(ahead + 2)), (Kind::Text(_), Kind::Symbol(")")));
        is_last && TESTS.iter().any(|(test, _)| *test == name)
    }

    /// A value that the statement computes before the condition is asked.
    fn compute(&mut self) -> Result<(), ConditionError> {
        let mut arguments = Arguments { tokens: &self.from, next: self.next, depth: 0 };
        let computed = arguments.one()?;
        let next = arguments.next;
        if let Some(all) = &mut self.computed {
            all.push(computed);
        }
        self.push(Kind::Given(self.computed.as_ref().map_or(0, Vec::len).saturating_sub(1)));
        self.next = next;
        Ok(())
    }

    /// `IsMatch(body, "…")` is `(body matches "…")`.
    fn call(&mut self, name: &str) -> Result<(), ConditionError> {
        let Some((_, operator)) = TESTS.iter().find(|(test, _)| *test == name) else {
            let known: Vec<_> = TESTS.iter().map(|(test, _)| *test).collect();
            return Err(ConditionError::new(
                self.at(),
                format!("the function '{name}' has no counterpart here; {} have", known.join(", ")),
            ));
        };
        self.push(Kind::Symbol("("));
        self.next += 2;
        while !matches!(self.kind(0), Kind::Symbol("," | ")") | Kind::End) {
            self.step()?;
        }
        if *self.kind(0) != Kind::Symbol(",") {
            return Err(ConditionError::new(self.at(), format!("expected ',' and a text: {name}(body, \"…\")")));
        }
        self.push(word(operator));
        self.next += 1;
        let Kind::Text(text) = self.kind(0).clone() else {
            return Err(ConditionError::new(self.at(), format!("expected a text in quotes, not {}", self.kind(0))));
        };
        self.push(Kind::Text(text));
        self.next += 1;
        if *self.kind(0) != Kind::Symbol(")") {
            return Err(ConditionError::new(self.at(), format!("expected ')', not {}", self.kind(0))));
        }
        self.push(Kind::Symbol(")"));
        self.next += 1;
        Ok(())
    }

    /// `attributes["a"] == nil` is `not has attributes["a"]`.
    fn nil(&mut self, comparison: &str) -> Result<(), ConditionError> {
        let mut start = self.to.len();
        // Back over what the field is written of: words with dots between them, and what stands in brackets.
        let mut is_open = false;
        while let Some(token) = start.checked_sub(1).and_then(|before| self.to.get(before)) {
            let is_part = match &token.kind {
                Kind::Symbol("]") => {
                    is_open = true;
                    true
                }
                Kind::Symbol("[") => {
                    is_open = false;
                    true
                }
                Kind::Symbol(".") | Kind::Given(_) => true,
                Kind::Word(name) => !matches!(&**name, "and" | "or" | "not"),
                Kind::Text(_) | Kind::Int(_) => is_open,
                _ => false,
            };
            if !is_part {
                break;
            }
            start -= 1;
        }
        if start == self.to.len() {
            return Err(ConditionError::new(self.at(), "expected a field before this: only fields can be nil"));
        }
        let at = self.at();
        self.to.insert(start, Token { kind: word("has"), at });
        if comparison == "==" {
            self.to.insert(start, Token { kind: word("not"), at });
        }
        self.next += 2;
        Ok(())
    }
}
