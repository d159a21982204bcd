//! `transform`: records are rewritten by a program in VRL, or by the Collector's statements (OTTL).
//!
//! Neither builds the whole record: what their paths name is read from the wire form when it is asked for, and what they set is written over a copy
//! of all other bytes.

mod fields;
mod ottl;
mod program;
mod values;
mod view;

use logloom_record::{Anew, Batch, Edit, Overlay, Record};
use vrl::compiler::runtime::Runtime;

pub use crate::OnError;
use crate::{Outcome, Processor};
use fields::{Edits, Source};
pub use ottl::{Asked, Group, GroupError};
use ottl::{Ran, Statements};
use program::Program;
pub use program::{LEFT_OUT, ProgramError, SOURCE_BYTES_MAX, functions};
use view::{Places, View};

/// The attribute that tells why a record passed on unchanged.
pub const ERROR: &str = "logloom.processor.error";
/// The longest reason that is told, in bytes.
const REASON_BYTES_MAX: usize = 512;
/// The largest message that is written, in bytes, unless it was larger before.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// The processor.
#[derive(Debug)]
pub struct Transform {
    machine: Machine,
    on_error: OnError,
}

#[derive(Debug)]
enum Machine {
    Program(Box<Program>),
    Statements(Statements),
}

impl Transform {
    /// Compiles a program in VRL.
    pub fn vrl(source: &str, on_error: OnError) -> Result<Self, ProgramError> {
        Ok(Self { machine: Machine::Program(Box::new(Program::compile(source)?)), on_error })
    }

    /// Compiles statements of the Collector's.
    pub fn ottl(groups: &[Group], on_error: OnError) -> Result<Self, GroupError> {
        Ok(Self { machine: Machine::Statements(Statements::compile(groups)?), on_error })
    }
}

/// What is used for one record after another.
struct Tools<'t> {
    runtime: Runtime,
    edits: Edits,
    view: View<'t>,
}

impl Transform {
    /// What the machine makes of a record; whether it takes it away.
    fn one<'t>(
        &'t self,
        batch: &Batch,
        at: usize,
        source: Source<'t>,
        tools: &mut Tools<'t>,
        anew: &mut Anew<'_>,
        outcome: &mut Outcome,
    ) -> Result<Edit, String> {
        match &self.machine {
            Machine::Program(program) => {
                tools.view.show(source);
                tools.edits.clear();
                program.run(&mut tools.view, &mut tools.runtime)?;
                if tools.view.is_removed {
                    outcome.dropped += 1;
                    return Ok(Edit::Drop);
                }
                tools.view.edits(&mut tools.edits)?;
                write(source, &tools.edits, anew)
            }
            Machine::Statements(statements) => {
                let mut ran = Ran::default();
                statements.run(batch, at, source, &mut ran)?;
                outcome.failed += u64::from(ran.has_failed);
                (anew.resource, anew.scope) = (ran.resource, ran.scope);
                if ran.record.is_none() && anew.resource.is_none() && anew.scope.is_none() {
                    return Ok(Edit::Keep);
                }
                anew.record.extend_from_slice(ran.record.as_deref().unwrap_or(source.record));
                Ok(Edit::Write)
            }
        }
    }
}

impl Processor for Transform {
    fn apply(&self, batch: Batch, outcome: &mut Outcome) -> Batch {
        let mut letters: Vec<(usize, String)> = Vec::new();
        let mut at = 0;
        let records: Vec<Record<'_>> = batch.records().collect();
        let nowhere = Places::default();
        let places = if let Machine::Program(program) = &self.machine { &program.places } else { &nowhere };
        let mut tools = Tools { runtime: Runtime::default(), edits: Edits::default(), view: View::new(places) };
        let edited = batch.edit_each(|_, anew| {
            let Some(record) = records.get(at) else { return Edit::Keep };
            at += 1;
            let source = Source { record: record.bytes(), resource: record.resource(), scope: record.scope(), owner: Some(record) };
            let start = anew.record.len();
            match self.one(&batch, at - 1, source, &mut tools, anew, outcome) {
                Ok(edit) => edit,
                Err(why) => {
                    outcome.failed += 1;
                    anew.record.truncate(start);
                    (anew.resource, anew.scope) = (None, None);
                    let why = reason(&why);
                    match self.on_error {
                        OnError::Ignore => Edit::Keep,
                        OnError::Pass => {
                            let mut mark = Overlay::record();
                            mark.set_text(ERROR.as_bytes(), why.as_bytes());
                            mark.write(source.record, anew.record);
                            Edit::Write
                        }
                        OnError::Drop => {
                            outcome.dropped += 1;
                            Edit::Drop
                        }
                        OnError::DeadLetter => {
                            letters.push((at - 1, why.to_owned()));
                            Edit::Drop
                        }
                    }
                }
            }
        });
        outcome.dead_letters(&batch, &letters);
        edited
    }
}

/// Writes the edits.
fn write(source: Source<'_>, edits: &Edits, anew: &mut Anew<'_>) -> Result<Edit, String> {
    let shared = |overlay: &Overlay, message: &[u8]| {
        let mut out = Vec::new();
        if !overlay.is_empty() {
            overlay.write(message, &mut out);
            bounded(message.len(), out.len())?;
        }
        Ok::<_, String>((!overlay.is_empty()).then_some(out))
    };
    anew.resource = shared(&edits.resource, source.resource)?;
    anew.scope = shared(&edits.scope, source.scope)?;
    if edits.record.is_empty() && anew.resource.is_none() && anew.scope.is_none() {
        return Ok(Edit::Keep);
    }
    let start = anew.record.len();
    edits.record.write(source.record, anew.record);
    bounded(source.record.len(), anew.record.len() - start)?;
    Ok(Edit::Write)
}

fn bounded(before: usize, now: usize) -> Result<(), String> {
    if now > MESSAGE_BYTES_MAX.max(before) {
        return Err(format!("the record would have {now} bytes, more than {MESSAGE_BYTES_MAX}"));
    }
    Ok(())
}

/// Its beginning, where it is long.
fn reason(why: &str) -> &str {
    let mut end = why.len().min(REASON_BYTES_MAX);
    while !why.is_char_boundary(end) {
        end -= 1;
    }
    why.get(..end).unwrap_or_default()
}
