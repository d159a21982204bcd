//! Single values of an expression: constants, fields and what lies under them, functions.

use super::{
    super::{
        ConditionError,
        made::{Function, Made},
        tree::{Expr, Field, Literal, Operand, Step, TextTest},
    },
    MINUS, NOT, Parser, Part, Result, TESTS, holds, operand, tested,
    words::Kind,
};
use crate::nearest;

const NAMES: [&str; 5] = ["attributes", "body", "resource", "severity_number", "severity_text"];
const FUNCTIONS: [&str; 14] = [
    "env",
    "float",
    "hasPrefix",
    "hasSuffix",
    "int",
    "len",
    "lower",
    "replace",
    "string",
    "trim",
    "trimPrefix",
    "trimSuffix",
    "type",
    "upper",
];

impl Parser<'_> {
    /// A value with what stands before it.
    pub(super) fn first(&mut self) -> Result<Part> {
        let at = self.at();
        if matches!(self.kind(), Kind::Name(name) if name == "not") || matches!(self.kind(), Kind::Sign("!")) {
            self.next += 1;
            let inner_at = self.at();
            let inner = self.part(NOT)?;
            return Ok(Part::Condition(Expr::Not(Box::new(holds(inner, inner_at)?))));
        }
        if self.eat("-") {
            return Ok(Part::Value(match self.part(MINUS)? {
                Part::Value(Operand::Literal(Literal::Int(value))) => Operand::Literal(Literal::Int(value.wrapping_neg())),
                Part::Value(Operand::Literal(Literal::Double(value))) => Operand::Literal(Literal::Double(-value)),
                other => {
                    let other = operand(other, at)?;
                    Operand::Made(Box::new(Made::Math(Operand::Literal(Literal::Int(0)), '-', other)))
                }
            }));
        }
        if self.eat("+") {
            return self.part(MINUS);
        }
        match self.take() {
            Kind::Text(text) => Ok(Part::Value(Operand::Literal(Literal::Text(text.into_bytes())))),
            Kind::Int(value) => Ok(Part::Value(Operand::Literal(Literal::Int(value)))),
            Kind::Double(value) => Ok(Part::Value(Operand::Literal(Literal::Double(value)))),
            Kind::Sign("(") => {
                let inner = self.part(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Kind::Sign("[") => {
                let mut list = Vec::new();
                while !self.eat("]") {
                    if !list.is_empty() {
                        self.expect(",")?;
                    }
                    let at = self.at();
                    let item = self.part(0)?;
                    list.push(operand(item, at)?);
                }
                Ok(Part::List(list))
            }
            Kind::Name(name) => self.named(&name, at),
            other => Err(ConditionError::new(at, format!("expected a value, not {other}"))),
        }
    }

    fn named(&mut self, name: &str, at: usize) -> Result<Part> {
        let field = match name {
            "true" | "false" => return Ok(Part::Condition(Expr::Const(name == "true"))),
            "nil" => return Ok(Part::Nil),
            _ if self.eat("(") => return self.call(name, at),
            "body" | "$" => Field::Body,
            "attributes" => Field::Attributes,
            "resource" => Field::ResourceAttributes,
            "severity_number" => return Ok(Part::Value(Operand::Field(Field::Severity))),
            "severity_text" => return Ok(Part::Value(Operand::Field(Field::SeverityText))),
            _ => {
                let hint = match name.trim_start_matches('$') {
                    "timestamp" => "times are not compared here; 'when:' of a pipeline can, by time_unix_nano".to_owned(),
                    "record" | "$record" => "write body".to_owned(),
                    name => nearest(name, &NAMES)
                        .map_or_else(|| format!("there are {}", NAMES.join(", ")), |near| format!("did you mean '{near}'?")),
                };
                return Err(ConditionError::new(at, format!("unknown name '{name}': {hint}")));
            }
        };
        let steps = self.steps()?;
        Ok(match (field, steps.is_empty()) {
            (Field::Body, true) => Part::Value(Operand::Field(field)),
            (_, true) => Part::Map(field),
            _ => Part::Value(Operand::Path(field, steps)),
        })
    }

    fn steps(&mut self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            let optional = self.eat("?.");
            if self.eat("[") {
                let at = self.at();
                steps.push(match self.take() {
                    Kind::Text(key) => Step::Key(key.into_bytes()),
                    Kind::Int(index) if !steps.is_empty() => {
                        Step::Index(usize::try_from(index).map_err(|_| ConditionError::new(at, "an index counts from 0"))?)
                    }
                    other => return Err(ConditionError::new(at, format!("expected a key in quotes or an index, not {other}"))),
                });
                self.expect("]")?;
            } else if optional || self.eat(".") {
                match self.take() {
                    Kind::Name(name) => steps.push(Step::Key(name.into_bytes())),
                    other => return self.error(format!("expected a name behind '.', not {other}")),
                }
            } else {
                return Ok(steps);
            }
        }
    }

    /// A function; its bracket is open.
    fn call(&mut self, name: &str, at: usize) -> Result<Part> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            let at = self.at();
            let argument = self.part(0)?;
            arguments.push(match argument {
                Part::Map(_) => return Err(ConditionError::new(at, "name one of them: attributes[\"key\"]")),
                part => operand(part, at)?,
            });
        }
        let text = |operand: &Operand| if let Operand::Literal(Literal::Text(text)) = operand { Some(text.clone()) } else { None };
        let made = match (name, &mut arguments[..]) {
            ("env", [key]) if text(key).is_some() => {
                let key = text(key).unwrap_or_default();
                let value = (self.environment)(&String::from_utf8_lossy(&key));
                return Ok(Part::Value(Operand::Literal(Literal::Text(value.into_bytes()))));
            }
            ("hasPrefix" | "hasSuffix", [one, part]) => {
                let test = TESTS.into_iter().find(|row| row.0 == name).map_or(TextTest::StartsWith, |row| row.1);
                return Ok(Part::Condition(tested(one.clone(), test, part.clone())));
            }
            ("replace", [one, from, to]) => Made::Replace(one.clone(), from.clone(), to.clone()),
            ("trimPrefix" | "trimSuffix", [one, part]) if text(part).is_some() => {
                Made::Without(one.clone(), text(part).unwrap_or_default(), name == "trimSuffix")
            }
            (_, [one]) if let Some(function) = Function::named(name) => Made::Of(function, one.clone()),
            _ if FUNCTIONS.contains(&name) => {
                return Err(ConditionError::new(at, format!("'{name}' does not take these {} arguments", arguments.len())));
            }
            _ => {
                let hint = nearest(name, &FUNCTIONS)
                    .map_or_else(|| format!("there are {}", FUNCTIONS.join(", ")), |near| format!("did you mean '{near}'?"));
                return Err(ConditionError::new(at, format!("the function '{name}' is not here: {hint}")));
            }
        };
        let value = Operand::Made(Box::new(made));
        if matches!(self.kind(), Kind::Sign("." | "[" | "?.")) {
            return self.error("nothing is taken of what a function gives");
        }
        Ok(Part::Value(value))
    }
}
