//! Maps of `MessagePack` that are like one before: the same trees as those of `shapes.rs`, whose steps are the bytes between two values.
//!
//! Where a map's values stand is told by the heads of maps and values alone, and those of maps are in the steps: a map whose bytes lead to the end of
//! a chain is read whole, and ends there.

use logloom_record::{Text, msgpack::Head};

use super::{
    Field, Fields, Kind, Table,
    field::Place,
    shapes::{NAME_ROOM, NAMES_BYTES_MAX, Shapes, Step, VALUES_MAX, What, long_step},
};
use crate::{
    json::is_plain,
    msgpack_json::{Reader, is_verbatim},
};

/// Tells the tree of a table's maps from that of its objects.
const PACKED: u64 = 1 << 63;

/// Where the value of a field stands, and how it is named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) at: usize,
    pub(super) end: usize,
    /// How many maps it stands in, beside the first.
    pub(super) depth: u16,
    pub(super) key_len: u16,
}

/// A field whose value is written once all are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later {
    field: u16,
    depth: u16,
    key_len: u16,
}

impl Fields {
    /// Gathers the fields of the map that stands `at` some place of `text`, if it is like one before: where it ends. `frame` becomes what they lie in:
    /// `text` up to there, and what does not stand there as text. `None`: it is to be [gathered](Self::gather_packed), and may be
    /// [learned](Self::learn_packed) then, if it [is to be](Self::is_learning).
    #[inline(never)]
    pub(crate) fn follow_packed(
        &mut self,
        table: &impl Table,
        text: Text<'_>,
        at: usize,
        depth: u32,
        frame: &mut Vec<u8>,
    ) -> Option<usize> {
        self.shapes.is_learning = false;
        if table.id() == 0 {
            return None;
        }
        if !self.shapes.choose(table.id() | PACKED, self.count_max, self.depth_max)?.is_awake() {
            return None;
        }
        if let Some(end) = self.walk(text, at) {
            frame.clear();
            frame.extend_from_slice(text.slice(0..end).bytes());
            if self.write_later(text.bytes(), depth, frame).is_some() {
                return Some(end);
            }
        }
        self.len = 0;
        let Shapes { trees, current, is_learning, .. } = &mut self.shapes;
        trees.get_mut(*current)?.failed += 1;
        *is_learning = true;
        None
    }

    /// Walks through the tree in use: where the map ends.
    #[inline(always)]
    fn walk(&mut self, text: Text<'_>, mut at: usize) -> Option<usize> {
        let Self { shapes: Shapes { trees, current, later, .. }, list, len, .. } = self;
        later.clear();
        let tree = trees.get(*current)?;
        let bytes = text.bytes();
        let (mut count, mut step) = (0, usize::from(tree.steps.first()?.next));
        while step != 0 {
            let here = tree.steps.get(step)?;
            if !here.stands_at(text.tail(), at) {
                step = usize::from(here.other);
                continue;
            }
            at += usize::from(here.literal_len);
            match here.what {
                What::More => {}
                What::End => {
                    *len = count;
                    return (at <= bytes.len()).then_some(at);
                }
                What::Text | What::Other | What::Object => {
                    let Some((end, is_later)) = here.read(list.get_mut(count)?, text, at)? else {
                        at -= usize::from(here.literal_len);
                        step = usize::from(here.other);
                        continue;
                    };
                    if is_later {
                        later.push(Later { field: count as u16, depth: here.depth, key_len: here.key_len });
                    }
                    (at, count) = (end, count + 1);
                }
            }
            step = usize::from(here.next);
        }
        None
    }

    /// Writes the values that do not stand in `bytes` as the fields need them.
    #[inline(always)]
    fn write_later(&mut self, bytes: &[u8], depth: u32, frame: &mut Vec<u8>) -> Option<()> {
        for Later { field, depth: deep, key_len } in &self.shapes.later {
            let field = self.list.get_mut(usize::from(*field))?;
            match field.kind {
                Kind::Int => field.integral(field.number as i64, frame),
                Kind::Text => field.escaped(bytes.get(field.at as usize..(field.at + field.len) as usize)?, frame),
                _ => {
                    let at = field.at as usize;
                    let key = bytes.get(at - usize::from(*key_len)..at)?;
                    let deep = u32::from(*deep);
                    let depth_json = self.depth_max.checked_sub(1)?.checked_sub(deep)?;
                    field.json(key, &mut Reader::from(bytes, at), depth.checked_sub(deep)?, depth_json, frame)?;
                }
            }
        }
        Some(())
    }

    /// Whether the map that was not known is to be learned, when it is gathered,
    pub(crate) fn is_learning(&self) -> bool {
        self.shapes.is_learning
    }

    /// which is now.
    pub(crate) fn begin_learning(&mut self) {
        self.shapes.spans.clear();
        self.shapes.is_learning = true;
    }

    /// Learns the map that was gathered, from `at` to `end` of `bytes`, where it was not known; `frame` is what the fields lie in.
    #[inline]
    pub(crate) fn learn_packed(&mut self, table: &impl Table, bytes: &[u8], at: usize, end: usize, frame: &[u8]) {
        if self.shapes.is_learning && self.len <= VALUES_MAX.min(self.count_max - 1) && self.shapes.spans.len() == self.len {
            let _ = self.learn_packed_steps(table, bytes, at, end, frame);
        }
    }

    #[cold]
    #[inline(never)]
    fn learn_packed_steps(&mut self, table: &impl Table, bytes: &[u8], mut at: usize, end: usize, frame: &[u8]) -> Option<()> {
        self.shapes.choose(table.id() | PACKED, self.count_max, self.depth_max)?;
        let Self { shapes: Shapes { trees, current, spans, .. }, list, names, len, .. } = self;
        let tree = trees.get_mut(*current)?;
        if tree.steps.is_empty() {
            tree.steps.push(Step::ROOT);
        }
        let fields = list.get(..*len)?;
        let prefix = table.prefix();
        let room: usize = fields.iter().map(|field| field.name_len as usize + prefix.len() + NAME_ROOM).sum();
        if tree.names.len() + room > NAMES_BYTES_MAX {
            return None;
        }
        let mut before = 0;
        for (field, span) in fields.iter().zip(spans) {
            let what = match Reader::from(bytes, span.at).head().ok()? {
                Head::Str(_) => What::Text,
                Head::Map(_) => What::Object,
                _ => What::Other,
            };
            let steps_before = tree.steps.len();
            before = long_step(tree, before, bytes.get(at..span.at)?, what, u32::from(span.depth))?;
            if tree.steps.len() > steps_before {
                let range = field.name_at as usize..field.name_at as usize + field.name_len as usize;
                let name = if field.place == Place::Frame { Text::of(frame, range) } else { names.text(range) };
                let (name_at, name_len) = tree.keep(prefix, name.bytes());
                let step = tree.steps.get_mut(before)?;
                step.key_len = span.key_len;
                step.field =
                    Field { name_at, name_len, entry: field.entry, container: field.container, place: Place::Learned, ..Field::default() };
            }
            at = span.end;
        }
        long_step(tree, before, bytes.get(at..end)?, What::End, 0)?;
        Some(())
    }
}

impl Step {
    /// Reads its value, which stands at `at`, into `field`: where that ends, and whether it is to be written otherwise; `Some(None)`: it is none of
    /// this step, `None`: there is something wrong.
    #[inline(always)]
    #[allow(clippy::option_option)] // each has its way out
    fn read(&self, field: &mut Field, text: Text<'_>, at: usize) -> Option<Option<(usize, bool)>> {
        let bytes = text.bytes();
        // Most values are short texts.
        let short = match *bytes.get(at)? {
            first @ 0xa0..=0xbf => Some((at + 1, usize::from(first & 31))),
            0xd9 => Some((at + 2, usize::from(*bytes.get(at + 1)?))),
            _ => None,
        };
        if let Some((start, len)) = short {
            return self.text(field, text, start, len);
        }
        let mut reader = Reader::from(bytes, at);
        let head = reader.head().ok()?;
        if let Head::Str(len) = head {
            return self.text(field, text, reader.at, len as usize);
        }
        if self.what == What::Text || (self.what == What::Other && matches!(head, Head::Map(_))) {
            return Some(None);
        }
        *field = self.field;
        // Where the key says something, its digits may be asked for.
        let is_known = self.field.entry > 0;
        let is_later = match head {
            Head::Int(value) => {
                (field.kind, field.number) = (Kind::Int, value as u64);
                is_known
            }
            Head::Uint(value) if i64::try_from(value).is_ok() => {
                (field.kind, field.number) = (Kind::Int, value);
                is_known
            }
            Head::Bool(value) => {
                (field.kind, field.number) = (Kind::Bool, u64::from(value));
                false
            }
            Head::Nil => false,
            Head::Float(value) if value.is_finite() && !is_known => {
                (field.kind, field.number) = (Kind::Double, value.to_bits());
                false
            }
            _ => {
                field.at = at as u32;
                reader.rest_of(head).ok()?;
                true
            }
        };
        Some(Some((reader.at, is_later)))
    }

    #[inline(always)]
    #[allow(clippy::option_option, clippy::unnecessary_wraps)] // as above
    fn text(&self, field: &mut Field, text: Text<'_>, start: usize, len: usize) -> Option<Option<(usize, bool)>> {
        let end = start.checked_add(len).filter(|end| *end <= text.len())?;
        *field = self.field;
        (field.at, field.len, field.kind) = (start as u32, len as u32, Kind::Text);
        let value = text.slice(start..end);
        Some(Some((end, !is_plain(value) && !is_verbatim(value.bytes()))))
    }
}
