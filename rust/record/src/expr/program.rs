//! Expressions of the Collector's operators, compiled: the tree of all conditions, asked of records that are in no Batch yet.

use super::{
    ConditionError,
    eval::Subject,
    expr_lang,
    tree::{Expr, Field, Operand, Step},
};
use crate::{Entry, Origin};

/// An expression in [expr](https://expr-lang.org/docs/language-definition), as the Collector's `filelog` has them in `if`, `expr`, `is_first_entry` and
/// `EXPR(…)`: immutable, and shared by threads.
#[derive(Clone, Debug)]
pub struct Program {
    node: Node,
    reads: Reads,
}

#[derive(Clone, Debug)]
enum Node {
    Condition(Expr),
    Value(Operand),
}

/// What of a record an expression reads: no more must be shown to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The body.
    pub body: bool,
    /// Attributes with these keys.
    pub attributes: Vec<Vec<u8>>,
    /// Attributes of the resource with these keys.
    pub resource: Vec<Vec<u8>>,
    /// Anything else: severity, its text, the time, ids.
    pub others: bool,
}

impl Reads {
    fn take(&mut self, operand: &Operand) {
        match operand {
            Operand::Field(Field::Body) | Operand::Path(Field::Body, _) => self.body = true,
            Operand::Path(Field::Attributes, steps) => Self::key(&mut self.attributes, steps),
            Operand::Path(Field::ResourceAttributes, steps) => Self::key(&mut self.resource, steps),
            Operand::Literal(_) | Operand::Given(_) => {}
            _ => self.others = true,
        }
    }

    fn key(keys: &mut Vec<Vec<u8>>, steps: &[Step]) {
        if let Some(Step::Key(key)) = steps.first()
            && !keys.contains(key)
        {
            keys.push(key.clone());
        }
    }
}

impl Program {
    /// An expression of at most 16 KiB that is true or false. `environment` answers `env("NAME")`.
    pub fn condition(text: &str, environment: &dyn Fn(&str) -> String) -> Result<Self, ConditionError> {
        Ok(Self::of(Node::Condition(expr_lang::condition(text, environment)?)))
    }

    /// One that is any value.
    pub fn value(text: &str, environment: &dyn Fn(&str) -> String) -> Result<Self, ConditionError> {
        Ok(Self::of(Node::Value(expr_lang::value(text, environment)?)))
    }

    fn of(node: Node) -> Self {
        let mut reads = Reads::default();
        let mut take = |operand: &Operand| {
            reads.take(operand);
            true
        };
        match &node {
            Node::Condition(expr) => expr.all_operands(&mut take),
            Node::Value(operand) => operand.all(&mut take),
        };
        Self { node, reads }
    }

    /// What of a record must be shown to it.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Whether it holds for a `LogRecord` message with this `Resource`.
    pub fn holds(&self, record: &[u8], resource: &[u8], origin: &Origin) -> bool {
        let entry = self.entry(record);
        let subject = Subject::alone(record, resource, &entry, origin);
        match &self.node {
            Node::Condition(expr) => expr.holds(subject),
            Node::Value(operand) => Expr::True(operand.clone()).holds(subject),
        }
    }

    /// Appends its value as an `AnyValue` message; false, and nothing, where it is nil.
    pub fn compute(&self, record: &[u8], resource: &[u8], origin: &Origin, out: &mut Vec<u8>) -> bool {
        let entry = self.entry(record);
        let subject = Subject::alone(record, resource, &entry, origin);
        match &self.node {
            Node::Condition(expr) => {
                crate::overlay::push_bool(out, expr.holds(subject));
                true
            }
            Node::Value(operand) => operand.append(subject, out),
        }
    }

    fn entry(&self, record: &[u8]) -> Entry {
        if self.reads.others { Entry::default().of(record) } else { Entry::default() }
    }
}
