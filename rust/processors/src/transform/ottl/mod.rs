//! The Collector's statements (OTTL), one after another over the same record; conditions are asked by the one evaluator there is.

mod asked;
mod converters;
mod editors;
mod functions;
mod further;
mod replace;

use logloom_record::{
    Batch,
    expr::{Computed, Condition, ConditionError, Context, Path as Written, Statement, Step},
};
use vrl::{
    compiler::Target,
    path::{OwnedSegment, OwnedTargetPath, OwnedValuePath},
    value::{ObjectMap, Value},
};

use super::{
    fields::{Edits, Source},
    values,
    view::{Places, View},
};
pub use asked::Asked;
use converters::Term;
use editors::Editor;

/// The most statements of one processor: each may begin the record anew.
const STATEMENTS_MAX: usize = 512;

/// What is wrong with a statement, and where in it, in bytes.
pub type StatementError = ConditionError;

fn wrong(at: usize, message: impl Into<String>) -> StatementError {
    StatementError { at, message: message.into() }
}

/// A condition and what is computed for it.
type Guard = (Condition, Vec<Term>);

/// One statement, ready to run.
#[derive(Debug)]
struct Ready {
    /// The conditions of its group, any of which must hold; then its own.
    any: std::sync::Arc<Vec<Guard>>,
    own: Option<Guard>,
    editor: Editor,
    text: String,
    /// A failure ends the record's run.
    propagates: bool,
}

/// All statements of a processor.
#[derive(Debug, Default)]
pub(super) struct Statements {
    all: Vec<Ready>,
    places: Places,
}

/// Statements that have a context and conditions in common.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What their paths begin at.
    pub context: Context,
    /// They run where any of these holds, or where there are none.
    pub conditions: Vec<String>,
    /// The statements.
    pub statements: Vec<String>,
    /// Whether a statement that fails ends the run, or is passed over.
    pub propagates: bool,
}

/// Which statement of which group is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupError {
    /// The group, from 0.
    pub group: usize,
    /// The statement in it, from 0; `None`: one of its conditions.
    pub statement: Option<usize>,
    /// What is wrong.
    pub error: StatementError,
}

impl std::fmt::Display for GroupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {}: {}", self.error.at + 1, self.error.message)
    }
}

impl std::error::Error for GroupError {}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// A part of the record; whether a time is its nanoseconds.
    Record(OwnedTargetPath, bool),
    /// What statements keep for those behind them.
    Cache(Vec<OwnedSegment>),
}

/// Where statements read and write.
pub(super) struct Room<'v, 'a> {
    view: &'v mut View<'a>,
    cache: &'v mut Value,
}

impl Path {
    fn of(written: &Written, context: Context) -> Result<Self, StatementError> {
        let mut names: Vec<&str> = written.names.iter().map(String::as_str).collect();
        if names.first() == Some(&"log") {
            names.remove(0);
        }
        let steps = written.steps.iter().map(|step| match step {
            Step::Key(key) => OwnedSegment::field(&String::from_utf8_lossy(key)),
            Step::Index(index) => OwnedSegment::index(*index as isize),
        });
        if names == ["cache"] {
            return Ok(Self::Cache(steps.collect()));
        }
        if let [first, ..] = names.as_slice()
            && let Some(above) = context.above(first)
        {
            names.insert(0, above);
        }
        let is_nanos = matches!(names.as_slice(), ["time_unix_nano" | "observed_time_unix_nano"]);
        let fields: &[&str] = match names.as_slice() {
            ["body", "string"] => &["body"],
            ["time" | "time_unix_nano"] => &["timestamp"],
            ["observed_time" | "observed_time_unix_nano"] => &["observed_timestamp"],
            ["trace_id", "string"] => &["trace_id"],
            ["span_id", "string"] => &["span_id"],
            ["instrumentation_scope", "name"] => &["scope", "name"],
            ["instrumentation_scope", "version"] => &["scope", "version"],
            ["instrumentation_scope", "attributes"] => &["scope", "attributes"],
            known @ (["body" | "attributes" | "severity_number" | "severity_text" | "trace_id" | "span_id" | "flags" | "event_name"]
            | ["resource", "attributes"]
            | ["scope", "name" | "version" | "attributes"]) => known,
            _ => {
                let told = format!("the path '{}' has no counterpart here", written.names.join("."));
                return Err(wrong(written.at, told));
            }
        };
        let segments: Vec<_> = fields.iter().map(|name| OwnedSegment::field(name)).chain(steps).collect();
        super::fields::Place::of(&segments).map_err(|message| wrong(written.at, message))?;
        Ok(Self::Record(OwnedTargetPath::event(OwnedValuePath::from(segments)), is_nanos))
    }

    /// The same, one key further in.
    fn with(&self, key: &str) -> Self {
        let mut path = self.clone();
        match &mut path {
            Self::Record(path, _) => path.path.push_field(key),
            Self::Cache(segments) => segments.push(OwnedSegment::field(key)),
        }
        path
    }
}

impl Room<'_, '_> {
    /// What stands there; null where nothing does.
    fn get(&self, path: &Path) -> Value {
        let found = match path {
            Path::Record(path, _) => self.view.target_get(path).ok().flatten().cloned(),
            Path::Cache(segments) => self.cache.get(segments).cloned(),
        };
        match (path, found) {
            (Path::Record(_, true), Some(time)) => values::nanos(&time).map_or(Value::Integer(0), |nanos| Value::Integer(nanos as i64)),
            (Path::Record(_, true), None) => Value::Integer(0),
            (_, found) => found.unwrap_or(Value::Null),
        }
    }

    fn set(&mut self, path: &Path, value: Value) -> Result<(), String> {
        match path {
            Path::Record(path, _) => {
                self.view.fits(path, &value)?;
                self.view.target_insert(path, value)
            }
            Path::Cache(segments) if segments.is_empty() => {
                *self.cache = value;
                Ok(())
            }
            Path::Cache(segments) => {
                self.cache.insert(segments, value);
                Ok(())
            }
        }
    }

    fn remove(&mut self, path: &Path) {
        match path {
            Path::Record(path, _) => drop(self.view.target_remove(path, false)),
            Path::Cache(segments) => drop(self.cache.remove(segments, false)),
        }
    }
}

/// What became of a record.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// The three messages, where they were written anew on the way.
    pub(super) record: Option<Vec<u8>>,
    pub(super) resource: Option<Vec<u8>>,
    pub(super) scope: Option<Vec<u8>>,
    /// A statement failed and was passed over.
    pub(super) has_failed: bool,
}

impl Statements {
    pub(super) fn compile(groups: &[Group]) -> Result<Self, GroupError> {
        let mut statements = Self::default();
        let mut paths = Vec::new();
        for (group, given) in groups.iter().enumerate() {
            let mut any = Vec::new();
            for condition in &given.conditions {
                let guard = Statement::condition(condition, given.context).and_then(|read| guard(&read, given.context, &mut paths));
                any.push(guard.map_err(|error| GroupError { group, statement: None, error })?);
            }
            let any = std::sync::Arc::new(any);
            for (at, text) in given.statements.iter().enumerate() {
                let ready = Statement::parse(text, given.context).and_then(|read| {
                    let own = read.condition.as_ref().map(|own| guard(own, given.context, &mut paths)).transpose()?;
                    let editor = Editor::of(&read.editor, given.context, &mut paths)?;
                    Ok(Ready { any: std::sync::Arc::clone(&any), own, editor, text: text.clone(), propagates: given.propagates })
                });
                statements.all.push(ready.map_err(|error| GroupError { group, statement: Some(at), error })?);
                if statements.all.len() > STATEMENTS_MAX {
                    let error = wrong(0, format!("a processor has at most {STATEMENTS_MAX} statements"));
                    return Err(GroupError { group, statement: Some(at), error });
                }
            }
        }
        statements.places = places_of(&paths);
        Ok(statements)
    }

    /// Runs them over a record.
    pub(super) fn run(&self, batch: &Batch, position: usize, source: Source<'_>, ran: &mut Ran) -> Result<(), String> {
        let mut cache = Value::Object(ObjectMap::new());
        self.run_from(&self.all, batch, position, source, &mut cache, ran)
    }

    fn run_from(
        &self,
        all: &[Ready],
        batch: &Batch,
        position: usize,
        source: Source<'_>,
        cache: &mut Value,
        ran: &mut Ran,
    ) -> Result<(), String> {
        let mut view = View::new(&self.places);
        view.show(source);
        for (at, ready) in all.iter().enumerate() {
            let is_asked = !ready.any.is_empty() || ready.own.is_some();
            // Conditions read bytes: what was changed is written before one is asked.
            if is_asked && view.is_changed() {
                let rest = all.get(at..).unwrap_or_default();
                return written(&view, source, ran, |source, ran| self.run_from(rest, batch, position, source, cache, ran));
            }
            let mut room = Room { view: &mut view, cache };
            let done = (|| {
                let mut wanted = ready.any.is_empty();
                for guard in ready.any.iter() {
                    wanted = wanted || holds(guard, &room, batch, position, source)?;
                }
                if let Some(own) = &ready.own {
                    wanted = wanted && holds(own, &room, batch, position, source)?;
                }
                if wanted { ready.editor.run(&mut room) } else { Ok(()) }
            })();
            if let Err(why) = done {
                if ready.propagates {
                    return Err(format!("{}: {why}", ready.text));
                }
                ran.has_failed = true;
            }
        }
        if view.is_changed() { written(&view, source, ran, |_, _| Ok(())) } else { Ok(()) }
    }
}

/// Whether a condition holds for a record as it is now; what is wrong where that cannot be computed.
fn holds(guard: &Guard, room: &Room<'_, '_>, batch: &Batch, position: usize, source: Source<'_>) -> Result<bool, String> {
    let mut given = Vec::with_capacity(guard.1.len());
    for value in &guard.1 {
        let mut message = Vec::new();
        values::write(&value.eval(room)?, &mut message)?;
        given.push(message);
    }
    Ok(guard.0.matches_now(batch, position, [source.record, source.resource, source.scope], &given))
}

/// Which parts of a record paths lead to; each was checked where it stands.
fn places_of(paths: &[Path]) -> Places {
    let paths = paths.iter().filter_map(|path| match path {
        Path::Record(path, _) => Some(path.path.segments.as_slice()),
        Path::Cache(_) => None,
    });
    Places::of(paths).unwrap_or_default()
}

/// Writes what was changed, and goes on with what it is now.
fn written(
    view: &View<'_>,
    source: Source<'_>,
    ran: &mut Ran,
    on: impl FnOnce(Source<'_>, &mut Ran) -> Result<(), String>,
) -> Result<(), String> {
    let mut edits = Edits::default();
    view.edits(&mut edits)?;
    let anew = |overlay: &logloom_record::Overlay, old: &[u8]| {
        if overlay.is_empty() {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(old.len() + 64);
        overlay.write(old, &mut out);
        super::bounded(old.len(), out.len())?;
        Ok::<_, String>(Some(out))
    };
    let record = anew(&edits.record, source.record)?;
    let resource = anew(&edits.resource, source.resource)?;
    let scope = anew(&edits.scope, source.scope)?;
    let now = Source {
        record: record.as_deref().unwrap_or(source.record),
        resource: resource.as_deref().unwrap_or(source.resource),
        scope: scope.as_deref().unwrap_or(source.scope),
        owner: source.owner,
    };
    on(now, ran)?;
    // What came later stands.
    ran.record = ran.record.take().or(record);
    ran.resource = ran.resource.take().or(resource);
    ran.scope = ran.scope.take().or(scope);
    Ok(())
}

fn guard(read: &(Condition, Vec<Computed>), context: Context, paths: &mut Vec<Path>) -> Result<Guard, StatementError> {
    let given = read.1.iter().map(|computed| Term::of(computed, context, paths)).collect::<Result<_, _>>()?;
    Ok((read.0.clone(), given))
}
