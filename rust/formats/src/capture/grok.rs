//! Grok: named patterns that may hold others, `%{NAME}`, `%{NAME:field}` and `%{NAME:field:type}`, made one regular expression.

use std::{collections::HashMap, fs, path::Path};

use logloom_record::nearest;

use super::{Pattern, Piece, library, pieces::split};
use crate::{OptionDoc, OptionError, Options};

/// Definitions of the user's.
pub(crate) const DEFINITIONS: OptionDoc = OptionDoc {
    name: "pattern_definitions",
    doc: "map: patterns of your own, name to regular expression, which may hold other patterns; they go before the library's",
};
pub(crate) const FOLDER: OptionDoc = OptionDoc {
    name: "patterns_dir",
    doc: "string: a folder whose files hold patterns, one a line: a name, a blank, a regular expression; read once, when the format is compiled",
};
pub(crate) const FIELD_NAMES: OptionDoc = OptionDoc {
    name: "field_names",
    doc: "string: `otel`, as is the default: the library's own fields, and fields of ECS (`[source][ip]`), are called as the semantic conventions \
          have them; `as_written`: the library's as Logstash had them before ECS (`clientip`, `verb`), all others as they stand",
};

/// The deepest that patterns may hold each other.
const DEPTH_MAX: usize = 40;
/// The most pieces that a pattern is taken apart into.
const PIECES_MAX: usize = 200;
/// The longest regular expression that a pattern may become.
const EXPANDED_BYTES_MAX: usize = 1 << 19;
/// The most that a folder of patterns may hold.
const FOLDER_BYTES_MAX: u64 = 4 << 20;
const FOLDER_FILES_MAX: usize = 1000;

/// All definitions that a pattern may use.
pub(crate) struct Definitions {
    own: HashMap<String, String>,
    library: &'static HashMap<String, String>,
    /// Whether fields of ECS get the names of the conventions.
    renames: bool,
}

impl Definitions {
    /// The library's, with the user's before them.
    pub(crate) fn of(options: &Options) -> Result<Self, OptionError> {
        let (library, renames) = match options.str(FIELD_NAMES.name)? {
            None | Some("otel") => (library::otel(), true),
            Some("as_written") => (library::legacy(), false),
            Some(other) => return Err(OptionError::new(FIELD_NAMES.name, format!("'{other}' is none: write 'otel' or 'as_written'"))),
        };
        let mut own = HashMap::new();
        if let Some(folder) = options.str(FOLDER.name)? {
            read_folder(Path::new(folder), &mut own).map_err(|error| OptionError::new(FOLDER.name, format!("{folder}: {error}")))?;
        }
        for (name, definition) in options.map(DEFINITIONS.name)?.unwrap_or_default() {
            own.insert(name.clone(), definition.clone());
        }
        Ok(Self { own, library, renames })
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.own.get(name).or_else(|| self.library.get(name)).map(String::as_str)
    }

    /// Compiles one pattern.
    pub(crate) fn compile(&self, pattern: &str, options: &Options) -> Result<Pattern, OptionError> {
        let mut pieces = Vec::new();
        self.pieces(pattern, 0, 0, &mut pieces).map_err(|(message, at)| OptionError::new("pattern", message).at(at))?;
        Pattern::compile(
            pieces,
            true,
            |captured| {
                if self.renames {
                    library::rename(captured);
                }
            },
            options,
        )
    }

    /// The pieces of `pattern`, which stands at byte `base` of the user's. A pattern without a field that is a row of pieces itself is
    /// taken apart, so that what stops a line can be told.
    fn pieces(&self, pattern: &str, base: usize, depth: usize, pieces: &mut Vec<Piece>) -> Result<(), (String, usize)> {
        for (at, shown) in split(pattern, true) {
            let at = if depth == 0 { at } else { base };
            let whole = shown.strip_prefix("%{").and_then(|rest| rest.strip_suffix('}'));
            let inner = whole.filter(|name| !name.contains([':', '}'])).and_then(|name| self.find(name));
            match inner {
                Some(definition) if depth < DEPTH_MAX && pieces.len() < PIECES_MAX && is_row(definition) => {
                    self.pieces(definition, at, depth + 1, pieces)?;
                }
                _ => {
                    let mut regex = String::new();
                    self.expand(shown, &mut regex, 0).map_err(|message| (message, at))?;
                    pieces.push(Piece { shown: shown.to_owned(), at, regex });
                }
            }
        }
        Ok(())
    }

    fn expand(&self, pattern: &str, out: &mut String, depth: usize) -> Result<(), String> {
        let mut rest = pattern;
        while let Some(at) = rest.find("%{") {
            out.push_str(rest.get(..at).unwrap_or_default());
            let (inner, behind) = rest.get(at + 2..).and_then(|rest| rest.split_once('}')).ok_or("the '%{' is not closed")?;
            rest = behind;
            let (name, field) = inner.split_once(':').map_or((inner, None), |(name, field)| (name, Some(field)));
            let definition = self.find(name).ok_or_else(|| self.unknown(name))?;
            if depth >= DEPTH_MAX {
                return Err(format!("'{name}' holds itself, or patterns hold each other more than {DEPTH_MAX} deep"));
            }
            match field {
                Some(field) => out.extend(["(?<", field, ">"]),
                None => out.push_str("(?:"),
            }
            self.expand(definition, out, depth + 1)?;
            out.push(')');
            if out.len() > EXPANDED_BYTES_MAX {
                return Err(format!("the pattern becomes a regular expression of over {EXPANDED_BYTES_MAX} bytes"));
            }
        }
        out.push_str(rest);
        Ok(())
    }

    #[cold]
    fn unknown(&self, name: &str) -> String {
        let known: Vec<&str> = self.own.keys().chain(self.library.keys()).map(String::as_str).collect();
        let hint =
            nearest(name, &known).map_or_else(|| "define it in 'pattern_definitions'".into(), |near| format!("did you mean '{near}'?"));
        format!("there is no pattern '{name}', {hint}")
    }
}

/// Whether a definition is a row of pieces with fields in it, not a choice; or another's name.
fn is_row(definition: &str) -> bool {
    match split(definition, true).as_slice() {
        [(_, only)] => only.starts_with("%{") && only.ends_with('}') && !only.contains(':'),
        pieces => !pieces.is_empty() && definition.contains(':') && definition.contains("%{"),
    }
}

/// The patterns of a folder's files: `NAME definition`, one a line; `#` begins a comment.
fn read_folder(folder: &Path, own: &mut HashMap<String, String>) -> Result<(), String> {
    let mut files: Vec<_> =
        fs::read_dir(folder).map_err(|error| error.to_string())?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    if files.len() > FOLDER_FILES_MAX {
        return Err(format!("at most {FOLDER_FILES_MAX} files"));
    }
    let mut bytes = 0;
    for path in files {
        bytes += fs::metadata(&path).map_or(0, |known| known.len());
        if bytes > FOLDER_BYTES_MAX {
            return Err(format!("at most {FOLDER_BYTES_MAX} bytes of patterns"));
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        library::read(&text, |name, definition| {
            own.insert(name.to_owned(), definition.to_owned());
        });
    }
    Ok(())
}
