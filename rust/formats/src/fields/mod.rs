//! A line's fields, gathered before they are written: time, severity and body stand before the attributes in a record, but anywhere in a
//! line. Used by the formats whose lines are keys and values.

mod dialect;
mod field;
mod keys;
mod labels;
mod made;
mod memory;
mod names;
mod packed;
mod packed_shapes;
mod pairs;
mod roles;
mod rows;
mod shapes;
mod slots;
mod split;
mod table;
mod target;
mod values;
mod write;

use std::cell::Cell;

use logloom_record::{RejectReason, Text};

pub(crate) use dialect::{Container, Dialect, RANK_USER, Role};
use field::Place;
pub(crate) use field::{Field, Kind};
use made::Made;
use memory::Memory;
pub(crate) use packed::PackedKeys;
pub(crate) use pairs::unescape_pair;
pub(crate) use rows::{Known, Put, Rows};
use shapes::Shapes;
pub(crate) use table::{Keys, Table};
pub(crate) use target::Target;
pub(crate) use write::Unescape;

use crate::json::{Scanner, Seen, Str, Value, hash};

/// Keys below this rank take a role only with a value that leaves no doubt: a severity word, a full time.
pub(crate) const WEAK: u8 = 20;

/// The fields of one line; the memory is kept from line to line.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// The fields, and behind `len` room for more: a field is written in its place, piece by piece.
    list: Vec<Field>,
    len: usize,
    /// Names that do not stand in the frame as they are: paths and unescaped ones.
    names: Made,
    /// Fields that were left out: those over the bound, and earlier ones of a name that came again.
    dropped: u32,
    containers: u16,
    count_max: usize,
    depth_max: u32,
    /// What the format itself found, where its fields do not say it alone; 0 for nothing.
    given_time_unix_nano: u64,
    given_severity: u8,
    /// Where its text lies in `names`.
    given_severity_text: (u32, u32),
    /// Room for a name and what the table has every name begin with.
    own: Vec<u8>,
    is_prefixed: bool,
    shapes: Shapes,
    labels: labels::Labels,
    memory: Memory,
}

thread_local! {
    /// The memory of this thread's last line.
    static KEPT: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
}

/// What is kept from line to line, at most: a line with more fields gives its memory back.
const KEPT_FIELDS_MAX: usize = 4096;
const KEPT_NAMES_BYTES_MAX: usize = 1 << 18;
/// The longest path of containers in containers, in bytes: it is written once for each of their entries.
const PATH_LEN_MAX: usize = 256;
/// Fields that are no attributes in the end are not counted against `attributes_max`.
const ROLES_MAX: usize = 16;
/// The most fields that are told apart by their names, however many attributes a record may have.
const FIELDS_MAX: usize = 1 << 14;

impl Fields {
    /// Runs `read` on empty fields.
    #[inline(always)]
    pub(crate) fn with<T>(attributes_max: u32, depth_max: u32, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut fields = KEPT.take().unwrap_or_default();
        fields.count_max = (attributes_max as usize).min(FIELDS_MAX) + ROLES_MAX;
        fields.depth_max = depth_max;
        fields.clear();
        let result = read(&mut fields);
        if fields.list.len() <= KEPT_FIELDS_MAX && fields.names.capacity() <= KEPT_NAMES_BYTES_MAX {
            KEPT.set(Some(fields));
        }
        result
    }

    /// Empties them for the next line.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.names.truncate(0);
        self.dropped = 0;
        self.containers = 0;
        self.shapes.is_learning = false;
        self.memory.begin();
        self.given_time_unix_nano = 0;
        self.given_severity = 0;
        self.given_severity_text = (0, 0);
    }

    /// Gathers the entries of the object that `json` is in; it is left behind the object's end.
    #[inline(always)]
    pub(crate) fn gather(&mut self, table: &impl Table, json: &mut Scanner<'_>) -> Result<(), RejectReason> {
        let before = *json;
        if table.id() == 0 || self.len > 0 {
            *json = self.gather_anew(table, before)?;
        } else if let Some(behind) = self.follow(table.id(), before) {
            *json = behind;
        } else {
            *json = self.gather_anew(table, before)?;
            if self.shapes.is_learning {
                self.learn(table.prefix(), before, json.position());
            }
        }
        Ok(())
    }

    /// The same, whatever lines there were before.
    #[inline(never)]
    fn gather_anew<'a>(&mut self, table: &impl Table, mut json: Scanner<'a>) -> Result<Scanner<'a>, RejectReason> {
        let mut seen = Seen::default();
        if table.strips_underscore() {
            let path = self.root();
            return self.flatten(table, &mut seen, json, path);
        }
        while let Some(key) = json.key()? {
            if key.has_escapes() {
                json = self.escaped_key(table, &mut seen, json, key)?;
                continue;
            }
            let hash = hash(key.text);
            let entry = table.find(hash, key.text);
            // Most values are texts: what they are is not asked twice.
            if let Some(text) = json.text()? {
                let Some(field) = self.room() else { continue };
                *field = Field::text(key_at(json.frame(), key.text), key.text.len(), entry, json.position(), text);
                self.keep(json.frame(), &mut seen, hash);
                continue;
            }
            let at = json.start();
            let value = json.value()?;
            if let Value::Object = value
                && let container @ (Container::Dotted | Container::Plain | Container::Through) = table.container(entry)
                && key.text.len() < PATH_LEN_MAX
            {
                let path = if container == Container::Through { self.root() } else { self.enter(key.text, container) };
                json = self.flatten(table, &mut seen, json, path)?;
                continue;
            }
            let Some(field) = self.room() else { continue };
            *field = Field::new(key_at(json.frame(), key.text), key.text.len(), entry);
            field.read(&mut json, at, value)?;
            self.keep(json.frame(), &mut seen, hash);
        }
        Ok(json)
    }

    /// A key with escapes: its name is kept unescaped.
    #[cold]
    #[inline(never)]
    fn escaped_key<'a>(
        &mut self,
        table: &impl Table,
        seen: &mut Seen,
        mut json: Scanner<'a>,
        key: Str<'a>,
    ) -> Result<Scanner<'a>, RejectReason> {
        let name_at = self.names.len();
        self.names.write(|names| key.unescape_into(names));
        let name = self.names.text(name_at..self.names.len());
        let hash = hash(name);
        let mut field = Field::new(name_at, name.len(), table.find(hash, name));
        field.place = Place::Names;
        let at = json.start();
        let value = json.value()?;
        field.read(&mut json, at, value)?;
        self.push(json.frame(), seen, hash, field);
        Ok(json)
    }

    /// Gathers the entries of an object under its path.
    #[inline(never)]
    fn flatten<'a>(&mut self, table: &impl Table, seen: &mut Seen, mut json: Scanner<'a>, path: Path) -> Result<Scanner<'a>, RejectReason> {
        while let Some(key) = json.key()? {
            // The path is written once more for each entry: names must not overlap.
            let start = self.names.len();
            self.names.again(path.at, path.len);
            if table.strips_underscore() && key.text.len() > 1 && key.text.bytes().first() == Some(&b'_') {
                self.names.put(key.text.after(1));
            } else if key.has_escapes() {
                self.names.write(|names| key.unescape_into(names));
            } else {
                self.names.put(key.text);
            }
            let full_len = self.names.len() - start;
            let full = self.names.text(start..start + full_len);
            let full_hash = hash(full);
            let full_entry = table.find(full_hash, full);
            let mut entry = full_entry;
            let mut plain_hash = full_hash;
            if path.is_plain {
                let plain = full.after(path.len);
                plain_hash = hash(plain);
                entry = entry.or_else(|| table.find(plain_hash, plain));
            }
            let hidden = if path.is_plain { path.len } else { 0 };
            if let Some(text) = json.text()? {
                let Some(field) = self.room() else { continue };
                *field = Field::text(start + hidden, full_len - hidden, entry, json.position(), text);
                field.place = Place::Names;
                field.path_len = hidden as u16;
                field.container = path.container;
                if !self.keep(json.frame(), seen, plain_hash) {
                    self.names.truncate(start);
                }
                continue;
            }
            let at = json.start();
            let value = json.value()?;
            if let Value::Object = value
                && let container @ (Container::Dotted | Container::Plain | Container::Through | Container::Renamed(_)) =
                    table.container(full_entry)
                && full_len < PATH_LEN_MAX
            {
                let inner = match container {
                    Container::Through => path,
                    Container::Renamed(position) => self.enter(table.path(position), Container::Dotted),
                    _ => self.path(start, full_len, container),
                };
                json = self.flatten(table, seen, json, inner)?;
                continue;
            }
            let Some(field) = self.room() else { continue };
            *field = Field::new(start + hidden, full_len - hidden, entry);
            field.place = Place::Names;
            field.path_len = hidden as u16;
            field.container = path.container;
            field.read(&mut json, at, value)?;
            if !self.keep(json.frame(), seen, plain_hash) {
                self.names.truncate(start);
            }
        }
        Ok(json)
    }

    /// The place of the next field.
    #[inline(always)]
    fn room(&mut self) -> Option<&mut Field> {
        if self.len == self.list.len() {
            self.grow();
        }
        self.list.get_mut(self.len)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.list.resize((self.len * 2).max(64), Field::default());
    }

    /// Adds a field. False where there are too many.
    fn push(&mut self, frame: Text<'_>, seen: &mut Seen, hash: u32, field: Field) -> bool {
        if let Some(room) = self.room() {
            *room = field;
        }
        self.keep(frame, seen, hash)
    }

    /// Keeps the field that was written into its [`room`](Self::room). Of two with one name the later one counts. False where there are
    /// too many.
    #[inline(always)]
    fn keep(&mut self, frame: Text<'_>, seen: &mut Seen, hash: u32) -> bool {
        if self.len >= self.count_max && self.list.get(self.len).is_some_and(|field| field.entry == 0) {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        self.len += 1;
        if seen.add(hash) {
            self.keep_again(frame, seen);
        }
        true
    }

    /// The last field's name may be there already.
    #[cold]
    #[inline(never)]
    fn keep_again(&mut self, frame: Text<'_>, seen: &mut Seen) {
        let Some((field, before)) = self.fields().split_last() else { return };
        let (mut field, name) = (*field, self.name(frame, field).bytes());
        let earlier = before
            .iter()
            .position(|other| other.name_len == field.name_len && other.kind != Kind::Gone && self.name(frame, other).bytes() == name);
        let Some(position) = earlier else { return };
        let Some(other) = self.list.get_mut(position) else { return };
        if other.container == field.container || (other.path_len == 0 && field.path_len == 0) {
            self.dropped = self.dropped.saturating_add(other.supersede(&field, frame));
            if self.shapes.is_learning {
                self.shapes.twins.push((position as u16, self.len as u16 - 1));
            }
            return;
        }
        self.shapes.is_learning = false;
        // One of them gives up the short name and takes the whole path.
        if field.path_len > 0 {
            self.len -= 1;
        } else {
            field = *other;
            other.kind = Kind::Gone;
        }
        field.unhide();
        let hash = hash(self.name(frame, &field));
        self.push(frame, seen, hash, field);
    }

    /// The path of the line's own object.
    fn root(&mut self) -> Path {
        Path { at: self.names.len(), len: 0, is_plain: false, container: 0 }
    }

    /// Writes the name of a container as a path.
    fn enter(&mut self, name: Text<'_>, container: Container) -> Path {
        let at = self.names.len();
        self.names.put(name);
        self.path(at, name.len(), container)
    }

    /// The path of the container whose name stands last in `names`.
    fn path(&mut self, at: usize, len: usize, container: Container) -> Path {
        self.names.extend(b".");
        self.containers = self.containers.saturating_add(1);
        Path { at, len: len + 1, is_plain: container == Container::Plain, container: self.containers }
    }

    /// The fields, those that are gone included.
    #[inline(always)]
    pub(crate) fn fields(&self) -> &[Field] {
        self.list.get(..self.len).unwrap_or_default()
    }

    /// Leaves a field out: it is no attribute, and counts as none that was lost.
    #[inline(always)]
    pub(crate) fn leave_out(&mut self, position: usize) {
        if let Some(field) = self.list.get_mut(position) {
            field.kind = Kind::Gone;
        }
    }

    /// How many fields were left out.
    pub(crate) fn dropped(&self) -> u32 {
        self.dropped
    }

    /// The name of a field, path and all.
    #[inline(always)]
    pub(crate) fn name<'s>(&'s self, frame: Text<'s>, field: &Field) -> Text<'s> {
        let range = field.name_at as usize..field.name_at as usize + field.name_len as usize;
        match field.place {
            Place::Frame => frame.slice(range),
            Place::Names | Place::Whole => self.names.text(range),
            Place::Learned | Place::LearnedWhole => self.shapes.name(range),
            Place::Kept => self.memory.name(range),
        }
    }
}

/// Where the entries of a container belong.
#[derive(Clone, Copy, Debug)]
struct Path {
    at: usize,
    len: usize,
    is_plain: bool,
    container: u16,
}

/// Where a part of the frame stands in it: the frame's tail is the longer by what lies before the part.
#[inline(always)]
fn key_at(frame: Text<'_>, key: Text<'_>) -> usize {
    frame.tail().len() - key.tail().len()
}
