//! What lines of JSON look like between their values, learned from the lines before: most have the keys of an earlier one, in its order.
//!
//! A line that was read is a chain of steps: the bytes before a value (brackets, commas, keys), then the value. Lines that begin alike share
//! their steps, so that all of them together are a tree. A line whose bytes lead through the tree is read without looking for the ends of keys,
//! looking them up or putting together the names of what is nested: each step has the [`Field`] that it makes, but for its value. Where a line
//! leaves the tree it is read from its beginning as if there were none, and learned in turn. What stands between two values of a line that was
//! read decides all that its keys mean, so that both ways give the same fields.

use std::ops::Range;

use logloom_record::Text;
use wide::u8x32;

use super::{
    Field, Fields, Kind,
    field::Place,
    packed_shapes::{Later, Span},
};
use crate::json::{Scanner, Value, long_string};

/// The most bytes that one step compares.
const LITERAL_LEN_MAX: usize = 64;
/// The most steps of a tree.
const STEPS_MAX: usize = 1024;
/// The most steps that may follow one; a key that is another one in each line is not worth learning.
const CHOICES_MAX: usize = 8;
/// The most values of a line that is learned.
pub(super) const VALUES_MAX: usize = 256;
/// The most bytes of names of a tree.
pub(super) const NAMES_BYTES_MAX: usize = 1 << 16;
/// So many bytes follow each name.
pub(super) const NAME_ROOM: usize = 64;
/// So many lines say whether a tree is worth its while,
const TRIED: u32 = 64;
/// with at most so many of them that left it.
const FAILED_MAX: u32 = 24;
/// So many lines it rests otherwise, and longer each time, at most so long.
const REST_LINES: u32 = 512;
const REST_LINES_MAX: u32 = 1 << 15;
/// The most trees that a thread keeps.
const TREES_MAX: usize = 4;

/// What stands behind a step's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// More of them: the next step goes on.
    More,
    /// A text, whose opening quote is the last of them.
    Text,
    /// Another value, but for an object: its entries may be fields of their own.
    Other,
    /// An object that is one value.
    Object,
    /// Nothing: the line's object ended.
    End,
}

/// Some bytes, and what follows them.
#[derive(Clone, Debug)]
pub(super) struct Step {
    literal: [u8; LITERAL_LEN_MAX],
    pub(super) literal_len: u8,
    pub(super) what: What,
    /// How many objects and arrays are open at the value.
    pub(super) depth: u16,
    /// The first step that may follow, and another one that may stand in this one's place; 0 for none.
    pub(super) next: u16,
    pub(super) other: u16,
    /// Which field of the line before has the same name, counted from 1; 0 for none.
    twin: u16,
    /// Of a map of `MessagePack`: the length of the key's own name, with which the literal ends.
    pub(super) key_len: u16,
    /// The field, but for its value.
    pub(super) field: Field,
}

impl Step {
    pub(super) const ROOT: Self = Self {
        literal: [0; LITERAL_LEN_MAX],
        literal_len: 0,
        what: What::More,
        depth: 0,
        next: 0,
        other: 0,
        twin: 0,
        key_len: 0,
        field: Field::NONE,
    };

    /// Whether its bytes stand at this place of the buffer.
    #[inline(always)]
    pub(super) fn stands_at(&self, buffer: &[u8], at: usize) -> bool {
        let len = usize::from(self.literal_len);
        let rest = buffer.get(at..).unwrap_or_default();
        let (literal, more) = self.literal.split_at(32);
        let (Some(literal), Some(block)) = (literal.first_chunk::<32>(), rest.first_chunk::<32>()) else {
            return rest.starts_with(self.literal.get(..len).unwrap_or_default());
        };
        let equal = u64::from(u8x32::from(*block).simd_eq(u8x32::from(*literal)).to_bitmask());
        if len <= 32 {
            return equal | u64::MAX << len == u64::MAX;
        }
        equal == u64::from(u32::MAX) && rest.get(32..).is_some_and(|rest| rest.starts_with(more.get(..len - 32).unwrap_or_default()))
    }
}

/// The lines of one table, as a tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Whose lines they are, and under which bounds.
    table: u64,
    count_max: usize,
    depth_max: u32,
    /// Step 0 is none of its own: what follows it begins a line.
    pub(super) steps: Vec<Step>,
    /// The names of all fields, as they are written, and zeros behind each, so that they can be copied in whole steps.
    pub(super) names: Vec<u8>,
    tried: u32,
    pub(super) failed: u32,
    /// How many lines are not tried, and how often it rested in a row.
    rest: u32,
    rested: u32,
}

/// The trees of a thread.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) trees: Vec<Tree>,
    /// The one in use.
    pub(super) current: usize,
    /// Whether the line being read is to be learned.
    pub(super) is_learning: bool,
    /// Its fields of one name: the earlier, which is gone, and the later.
    pub(super) twins: Vec<(u16, u16)>,
    /// Of a map of `MessagePack` that is to be learned: where the values of its fields stand.
    pub(super) spans: Vec<Span>,
    /// Of one that was learned: the fields whose values must be written otherwise than they stand there.
    pub(super) later: Vec<Later>,
}

impl Shapes {
    /// A name that a field of the line has.
    #[inline(always)]
    pub(super) fn name(&self, range: Range<usize>) -> Text<'_> {
        self.trees.get(self.current).map_or(Text::EMPTY, |tree| Text::of(&tree.names, range))
    }

    /// Chooses the tree of a table, which is made where there is none.
    #[inline(always)]
    pub(super) fn choose(&mut self, table: u64, count_max: usize, depth_max: u32) -> Option<&mut Tree> {
        let is_it = |tree: &Tree| tree.table == table && tree.count_max == count_max && tree.depth_max == depth_max;
        if !self.trees.get(self.current).is_some_and(is_it) {
            self.find(table, count_max, depth_max);
        }
        self.trees.get_mut(self.current)
    }

    #[cold]
    #[inline(never)]
    fn find(&mut self, table: u64, count_max: usize, depth_max: u32) {
        let is_it = |tree: &Tree| tree.table == table && tree.count_max == count_max && tree.depth_max == depth_max;
        if let Some(at) = self.trees.iter().position(is_it) {
            self.current = at;
            return;
        }
        let tree = Tree { table, count_max, depth_max, ..Tree::default() };
        if self.trees.len() < TREES_MAX {
            self.trees.push(tree);
            self.current = self.trees.len() - 1;
        } else {
            // The one behind that in use is used least lately, or as good as.
            self.current = (self.current + 1) % TREES_MAX;
            if let Some(place) = self.trees.get_mut(self.current) {
                *place = tree;
            }
        }
    }
}

impl Tree {
    /// Whether the next line is tried at all.
    #[inline(always)]
    pub(super) fn is_awake(&mut self) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        self.tried += 1;
        if self.tried > TRIED {
            self.weigh();
        }
        self.rest == 0
    }

    #[cold]
    #[inline(never)]
    fn weigh(&mut self) {
        if self.failed > FAILED_MAX {
            self.rest = (REST_LINES << self.rested.min(16)).min(REST_LINES_MAX);
            self.rested += 1;
            self.steps.clear();
            self.names.clear();
        } else {
            self.rested = 0;
        }
        (self.tried, self.failed) = (0, 0);
    }

    /// The step behind `before` with these bytes; a new one where there is none. `None` where there is no room.
    fn step(&mut self, before: usize, literal: &[u8], what: What, depth: u16) -> Option<usize> {
        let mut last: Option<usize> = None;
        let mut at = usize::from(self.steps.get(before)?.next);
        for _ in 0..CHOICES_MAX {
            if at == 0 {
                let mut step = Step { literal_len: literal.len() as u8, what, depth, ..Step::ROOT };
                step.literal.get_mut(..literal.len())?.copy_from_slice(literal);
                if self.steps.len() >= STEPS_MAX {
                    return None;
                }
                let new = self.steps.len();
                self.steps.push(step);
                match last {
                    Some(last) => self.steps.get_mut(last)?.other = new as u16,
                    None => self.steps.get_mut(before)?.next = new as u16,
                }
                return Some(new);
            }
            let step = self.steps.get(at)?;
            if step.what == what && step.literal.get(..usize::from(step.literal_len)) == Some(literal) {
                return Some(at);
            }
            last = Some(at);
            at = usize::from(step.other);
        }
        None
    }

    /// Keeps a name; where it lies.
    pub(super) fn keep(&mut self, prefix: &str, name: &[u8]) -> (u32, u32) {
        let (at, len) = (self.names.len(), prefix.len() + name.len());
        self.names.extend_from_slice(prefix.as_bytes());
        self.names.extend_from_slice(name);
        self.names.resize(at + len + NAME_ROOM, 0);
        (at as u32, len as u32)
    }
}

impl Fields {
    /// Reads the object that `json` is in as a line that was learned; where it is left behind the object's end. `None` where it is none of those.
    #[inline(never)]
    pub(super) fn follow<'a>(&mut self, table: u64, json: Scanner<'a>) -> Option<Scanner<'a>> {
        self.shapes.is_learning = false;
        self.shapes.twins.clear();
        let tree = self.shapes.choose(table, self.count_max, self.depth_max)?;
        if !tree.is_awake() {
            return None;
        }
        let frame = json.frame();
        let (mut at, mut count) = (json.position(), 0);
        let mut step = usize::from(tree.steps.first().map_or(0, |root| root.next));
        while step != 0
            && let Some(here) = tree.steps.get(step)
        {
            if !here.stands_at(frame.tail(), at) {
                step = usize::from(here.other);
                continue;
            }
            let start = at + usize::from(here.literal_len);
            if here.what == What::Text {
                let Ok((text, end)) = long_string(frame, start) else { break };
                let Some(field) = self.list.get_mut(count) else { break };
                *field = here.field;
                (field.at, field.len) = (start as u32, text.text.len() as u32);
                field.kind = if text.has_escapes() { Kind::Escaped } else { Kind::Text };
                if here.twin > 0 {
                    self.dropped += twins(&mut self.list, here.twin, count, frame);
                }
                (at, count) = (end, count + 1);
            } else if here.what != What::More && here.what != What::End {
                let mut inside = json.moved(start, u32::from(here.depth));
                let start = inside.start();
                let Ok(value) = inside.value() else { break };
                if matches!(value, Value::Object) && here.what != What::Object {
                    step = usize::from(here.other);
                    continue;
                }
                let Some(field) = self.list.get_mut(count) else { break };
                *field = here.field;
                if field.read(&mut inside, start, value).is_err() {
                    break;
                }
                if here.twin > 0 {
                    self.dropped += twins(&mut self.list, here.twin, count, frame);
                }
                (at, count) = (inside.position(), count + 1);
            } else {
                if here.what == What::End && start <= frame.len() {
                    self.len = count;
                    return Some(json.moved(start, json.depth().wrapping_sub(1)).behind_value());
                }
                at = start;
            }
            step = usize::from(here.next);
        }
        tree.failed += 1;
        self.dropped = 0;
        self.shapes.is_learning = true;
        None
    }

    /// Learns the line that was read, between `json` and `end`; `prefix` is what stands before the names of fields that have no others.
    #[cold]
    #[inline(never)]
    pub(super) fn learn(&mut self, prefix: &str, json: Scanner<'_>, end: usize) {
        if self.len <= VALUES_MAX.min(self.count_max - 1) {
            let _ = self.learn_steps(prefix, json, end);
        }
    }

    fn learn_steps(&mut self, prefix: &str, json: Scanner<'_>, end: usize) -> Option<()> {
        let frame = json.frame();
        let bytes = frame.bytes();
        let (mut at, mut depth, mut before) = (json.position(), json.depth(), 0);
        // `follow` chose the tree.
        let Self { shapes: Shapes { trees, current, twins, .. }, list, names, .. } = self;
        let tree = trees.get_mut(*current)?;
        if tree.steps.is_empty() {
            tree.steps.push(Step::ROOT);
        }
        let fields = list.get(..self.len)?;
        let room: usize = fields.iter().map(|field| field.name_len as usize + prefix.len() + NAME_ROOM).sum();
        if tree.names.len() + room > NAMES_BYTES_MAX {
            return None;
        }
        for (n, field) in fields.iter().enumerate() {
            let (start, len) = (field.at as usize, field.len as usize);
            // Digits that no number holds are a text, too.
            let is_text = bytes.get(start.checked_sub(1)?) == Some(&b'"');
            let what = match bytes.get(start) {
                _ if is_text => What::Text,
                Some(b'{') => What::Object,
                _ => What::Other,
            };
            let literal = bytes.get(at..start)?;
            depth = depth_behind(literal, depth)?;
            let steps_before = tree.steps.len();
            before = long_step(tree, before, literal, what, depth)?;
            if tree.steps.len() > steps_before {
                let range = field.name_at as usize..field.name_at as usize + field.name_len as usize;
                let name = if field.place == Place::Frame { frame.slice(range) } else { names.text(range) };
                let (prefix, place) = if field.is_whole() { ("", Place::LearnedWhole) } else { (prefix, Place::Learned) };
                let (name_at, name_len) = tree.keep(prefix, name.bytes());
                let step = tree.steps.get_mut(before)?;
                step.twin = twins.iter().find(|twin| usize::from(twin.1) == n).map_or(0, |twin| twin.0 + 1);
                step.field = Field { name_at, name_len, entry: field.entry, container: field.container, place, ..Field::default() };
            }
            at = start + len + usize::from(is_text);
        }
        long_step(tree, before, bytes.get(at..end)?, What::End, 0)?;
        Some(())
    }
}

/// What is lost of two fields of one name, the earlier counted from 1: see [`Field::supersede`].
#[cold]
#[inline(never)]
fn twins(fields: &mut [Field], earlier: u16, later: usize, frame: Text<'_>) -> u32 {
    let Some(later) = fields.get(later).copied() else { return 0 };
    fields.get_mut(usize::from(earlier) - 1).map_or(0, |earlier| earlier.supersede(&later, frame))
}

/// Steps for bytes of any length.
pub(super) fn long_step(tree: &mut Tree, mut before: usize, mut literal: &[u8], what: What, depth: u32) -> Option<usize> {
    while let Some((first, rest)) = literal.split_at_checked(LITERAL_LEN_MAX) {
        if rest.is_empty() {
            break;
        }
        before = tree.step(before, first, What::More, 0)?;
        literal = rest;
    }
    tree.step(before, literal, what, depth as u16)
}

/// How deep it is behind these bytes, which begin outside of a string.
fn depth_behind(literal: &[u8], mut depth: u32) -> Option<u32> {
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in literal {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    Some(depth)
}
