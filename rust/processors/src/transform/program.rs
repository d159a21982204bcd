//! A program in VRL: compiled and type-checked when it starts.

use std::ops::ControlFlow;

use vrl::{
    compiler::{
        CompileConfig, Function, Program as Compiled, TimeZone, compile_with_external,
        runtime::{Runtime, Terminate},
        state::ExternalEnv,
    },
    path::{OwnedSegment, OwnedTargetPath, OwnedValuePath, PathPrefix},
    value::{Kind, kind::Collection},
};

use super::{
    fields::Place,
    view::{Places, View},
};

/// The longest program, in bytes.
pub const SOURCE_BYTES_MAX: usize = 64 << 10;
/// The deepest nesting of brackets in a program, as it is compiled and run by recursion.
const DEPTH_MAX: usize = 64;
/// The most expressions that are evaluated for one record, counting each pass of a closure.
const STEPS_MAX: u32 = 100_000;

/// Functions that are not there: they read files, write logs, unpack what may become a thousand times its size, compile patterns that a record
/// brings or that backtrack, or go as deep as a record says.
pub const LEFT_OUT: [&str; 13] = [
    "decode_gzip",
    "decode_lz4",
    "decode_snappy",
    "decode_zlib",
    "decode_zstd",
    "log",
    "parse_grok",
    "parse_groks",
    "parse_ruby_hash",
    "parse_xml",
    "parse_yaml",
    "to_regex",
    "unflatten",
];

/// Why a program is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ProgramError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ProgramError {}

impl ProgramError {
    fn at(source: &str, at: usize, message: impl Into<String>) -> Self {
        let before = source.get(..at.min(source.len())).unwrap_or(source);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1, message: message.into() }
    }
}

/// A compiled program: immutable, and shared by threads.
#[derive(Clone, Debug)]
pub(super) struct Program {
    compiled: Compiled,
    /// What texts without a zone are read in.
    zone: TimeZone,
    pub(super) places: Places,
}

/// The functions of a program.
pub fn functions() -> Vec<Box<dyn Function>> {
    vrl::stdlib::all().into_iter().filter(|function| !LEFT_OUT.contains(&function.identifier())).collect()
}

impl Program {
    pub(super) fn compile(source: &str) -> Result<Self, ProgramError> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(ProgramError::at(source, SOURCE_BYTES_MAX, format!("a program has at most {SOURCE_BYTES_MAX} bytes")));
        }
        if let Some(at) = too_deep(source) {
            return Err(ProgramError::at(source, at, format!("nested more than {DEPTH_MAX} deep")));
        }
        let external = ExternalEnv::new_with_kind(kind(&Place::Root), Kind::object(Collection::empty()));
        let mut config = CompileConfig::default();
        config.set_read_only_path(OwnedTargetPath::metadata_root(), true);
        let result = compile_with_external(source, &functions(), &external, config).map_err(|diagnostics| {
            let first = diagnostics.first();
            // What is wrong comes first; then, often, the way out.
            let labels = first.map(|error| error.labels.as_slice()).unwrap_or_default();
            let at = labels.iter().find(|label| label.primary).or(labels.first()).map_or(0, |label| label.span.start());
            let told = labels.iter().map(|label| label.message.trim_end_matches(':')).filter(|told| !told.is_empty());
            let told = first.map(|error| error.message.as_str()).into_iter().chain(told).collect::<Vec<_>>().join("; ");
            let word = source.get(at..).unwrap_or_default();
            let word = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            match (told.starts_with("call to undefined function"), LEFT_OUT.contains(&word)) {
                (true, true) => ProgramError::at(source, at, format!("the function '{word}' is left out: docs/transform.md says why")),
                (true, false) => ProgramError::at(source, at, format!("'{word}': {told}")),
                _ => ProgramError::at(source, at, told),
            }
        })?;
        let compiled = result.program;
        let info = compiled.info();
        let paths = info.target_queries.iter().chain(&info.target_assignments);
        if let Some(path) = paths.clone().find(|path| path.prefix == PathPrefix::Metadata) {
            let at = source.find('%').unwrap_or_default();
            return Err(ProgramError::at(source, at, format!("'{path}': a record has no metadata")));
        }
        let wrong_path = |path: &OwnedValuePath, message: String| ProgramError::at(source, place_in(source, &path.segments), message);
        for path in paths.clone() {
            Place::of(&path.path.segments).map_err(|message| wrong_path(&path.path, message))?;
        }
        let places = Places::of(paths.map(|path| path.path.segments.as_slice())).map_err(|message| ProgramError::at(source, 0, message))?;
        // What is assigned must be able to fit the field at all.
        let ends_as = compiled.final_type_info().state.external.target_kind().clone();
        for path in &info.target_assignments {
            let (place, taken) = Place::of(&path.path.segments).map_err(|message| wrong_path(&path.path, message))?;
            let segments = path.path.segments.get(..taken).unwrap_or_default();
            let (given, wanted) = (ends_as.at_path(segments), settable(&place));
            if !given.intersects(&wanted) {
                let told = format!("{} takes {wanted}, not {given}", place.name());
                return Err(wrong_path(&path.path, told));
            }
        }
        Ok(Self { compiled, zone: TimeZone::parse("UTC").unwrap_or_default(), places })
    }

    /// Runs it over what the view shows. An error's message is for people.
    pub(super) fn run(&self, view: &mut View<'_>, runtime: &mut Runtime) -> Result<(), String> {
        let mut steps = 0;
        let mut control = || {
            steps += 1;
            if steps > STEPS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let ended = runtime.resolve_with_control(view, &self.compiled, &self.zone, &mut control);
        runtime.clear();
        match ended {
            Ok(_) => Ok(()),
            Err(Terminate::Interrupted) => Err(format!("more than {STEPS_MAX} expressions for one record")),
            Err(Terminate::Abort(error) | Terminate::Error(error)) => Err(error.to_string()),
        }
    }
}

/// What a place holds, for the type checker.
fn kind(place: &Place) -> Kind {
    match place {
        Place::Root | Place::Resource | Place::Scope => {
            let known = place.parts().iter().map(|(name, part)| ((*name).into(), kind(part))).collect();
            Kind::object(Collection::from_parts(known, Kind::undefined()))
        }
        Place::Attributes(_) => Kind::object(Collection::any()),
        Place::Attribute(..) | Place::Body => Kind::any(),
        Place::Text(..) | Place::Id(..) => Kind::bytes(),
        Place::SeverityNumber | Place::Flags => Kind::integer(),
        Place::Time(_) => Kind::timestamp().or_undefined(),
    }
}

/// What may be assigned to it.
fn settable(place: &Place) -> Kind {
    match place {
        Place::Time(_) => Kind::timestamp().or_integer().or_null().or_undefined(),
        Place::Root | Place::Resource | Place::Scope | Place::Attributes(_) => Kind::any_object().or_null().or_undefined(),
        _ => kind(place).or_null().or_undefined(),
    }
}

/// About where a path stands in the source: VRL does not tell where its paths are.
fn place_in(source: &str, path: &[OwnedSegment]) -> usize {
    let mut at = 0;
    for segment in path {
        let OwnedSegment::Field(name) = segment else { break };
        let Some(found) = source.get(at..).and_then(|rest| rest.find(name.as_str())) else { break };
        at += found;
    }
    at
}

/// Where brackets nest too deep, texts and comments apart as far as that is told without reading the program.
fn too_deep(source: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0usize, None);
    let mut bytes = source.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Some(at);
        }
    }
    None
}
