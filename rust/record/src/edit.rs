//! A Batch with some of its records written anew.

use std::{
    collections::{
        HashMap,
        hash_map::Entry::{Occupied, Vacant},
    },
    ops::Range,
};

use crate::{
    Batch, Record,
    batch::Entry,
    proto::{Fields, Value},
};

/// What stands in a copy in place of what was there.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    written: Vec<u8>,
    /// By position, what was written for the record; nothing: it stays as it is.
    records: Vec<Option<Place>>,
    /// By group.
    resources: HashMap<u32, Range<usize>>,
    scopes: HashMap<u32, Range<usize>>,
    /// By position, which of `variants` the record has in place of what its group shares, counted from 1; 0 or nothing: none.
    varying: Vec<u32>,
    variants: Vec<Variant>,
    /// By group, the first one that has the same resource, and the first one that is the same in all; nothing: each stands for itself.
    alike: Vec<(u32, u32)>,
}

/// Where in `written` what is new of a record stands.
#[derive(Clone, Debug)]
struct Place {
    part: Range<usize>,
    /// It stands behind the record's own bytes, not in their place.
    is_behind: bool,
}

/// What is new of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum New<'a> {
    /// Nothing.
    Nothing,
    /// This is the record.
    Whole(&'a [u8]),
    /// This stands behind its own bytes.
    Behind(&'a [u8]),
}

/// A resource and a scope, where they are others.
type Messages = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The same, by where they stand.
type Variant = (Option<Range<usize>>, Option<Range<usize>>);

/// What stands for a record that [`Edit::Write`] writes anew.
#[derive(Debug)]
pub struct Anew<'a> {
    /// Where the whole `LogRecord` message is appended; for [`Edit::Append`], more attributes of it or nothing.
    pub record: &'a mut Vec<u8>,
    /// The `Resource` message that this record is to have, where that is another.
    pub resource: Option<Vec<u8>>,
    /// The `InstrumentationScope` message that this record is to have, where that is another.
    pub scope: Option<Vec<u8>>,
}

impl Edits {
    /// By group, where its records go: see [`place_of`](Self::place_of).
    pub(crate) fn alike(alike: Vec<(u32, u32)>) -> Self {
        Self { alike, ..Self::default() }
    }

    /// The first group that shares the resource with this one, and the one that its records go to.
    pub(crate) fn place_of(&self, group: u32) -> (u32, u32) {
        self.alike.get(group as usize).copied().unwrap_or((group, group))
    }

    /// What is new of the record at `position`.
    pub(crate) fn record(&self, position: u32) -> New<'_> {
        let Some(Some(Place { part, is_behind })) = self.records.get(position as usize) else { return New::Nothing };
        let part = self.written.get(part.clone()).unwrap_or_default();
        if *is_behind { New::Behind(part) } else { New::Whole(part) }
    }

    /// What the editor said of the record at `position`, having written from `start` on.
    fn take(&mut self, position: usize, edit: Edit, start: usize) {
        if !matches!(edit, Edit::Write | Edit::Append) {
            self.written.truncate(start);
            return;
        }
        self.records.resize(position, None);
        self.records.push(Some(Place { part: start..self.written.len(), is_behind: edit == Edit::Append }));
    }

    /// Which variant of what its group shares the record has.
    pub(crate) fn variant(&self, position: u32) -> u32 {
        self.varying.get(position as usize).copied().unwrap_or_default()
    }

    pub(crate) fn resource(&self, group: u32, variant: u32) -> Option<&[u8]> {
        let own = self.variant_of(variant).and_then(|variant| variant.0.as_ref());
        own.or_else(|| self.resources.get(&group)).and_then(|resource| self.written.get(resource.clone()))
    }

    pub(crate) fn scope(&self, group: u32, variant: u32) -> Option<&[u8]> {
        let own = self.variant_of(variant).and_then(|variant| variant.1.as_ref());
        own.or_else(|| self.scopes.get(&group)).and_then(|scope| self.written.get(scope.clone()))
    }

    fn variant_of(&self, variant: u32) -> Option<&Variant> {
        self.variants.get((variant as usize).checked_sub(1)?)
    }
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// What was written stands for it.
    Write,
    /// What was written, whole attributes, stands behind what it has: its own bytes are copied once, with their neighbours'.
    Append,
}

/// What records share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// A `Resource` message.
    Resource,
    /// An `InstrumentationScope` message.
    Scope,
}

impl Batch {
    /// The same records as an editor would have them. Where it changes nothing, the same Batch: nothing is copied.
    ///
    /// `each` is asked of every record once, in order. Where it says [`Edit::Write`], what it appended is the whole new `LogRecord` message.
    /// `shared` is asked of the resource and the scope of those that stay, once each, and says whether it wrote another message.
    #[must_use]
    pub fn edit(
        &self,
        mut each: impl FnMut(&Record<'_>, &mut Vec<u8>) -> Edit,
        shared: impl FnMut(Shared, &[u8], &mut Vec<u8>) -> bool,
    ) -> Self {
        let each = |position, _: &[u8], out: &mut Vec<u8>| self.record(position).map_or(Edit::Keep, |record| each(&record, out));
        self.edit_bytes(each, shared)
    }

    /// Like [`edit`](Self::edit), where `each` is given the position of a record and its bytes: nothing of them is read before.
    #[must_use]
    pub fn edit_bytes(
        &self,
        mut each: impl FnMut(usize, &[u8], &mut Vec<u8>) -> Edit,
        mut shared: impl FnMut(Shared, &[u8], &mut Vec<u8>) -> bool,
    ) -> Self {
        let mut edits = Edits::default();
        let mut kept = Vec::with_capacity(self.len());
        let mut stays = vec![false; self.groups().len()];
        for (position, entry) in self.index().iter().enumerate() {
            let start = edits.written.len();
            let edit = each(position, self.record_bytes(entry), &mut edits.written);
            edits.take(position, edit, start);
            if edit != Edit::Drop {
                kept.push(position as u32);
                if let Some(stays) = stays.get_mut(entry.group as usize) {
                    *stays = true;
                }
            }
        }
        // Groups of one `ResourceLogs` stand side by side, and have one resource.
        let mut last: Option<(u32, Range<u32>, Option<Range<usize>>)> = None;
        for (id, group) in self.groups().iter().enumerate().filter(|(id, _)| stays.get(*id) == Some(&true)) {
            let id = id as u32;
            let resource = match last.take().filter(|(block, whole, _)| *block == group.block && *whole == group.resource_logs) {
                Some((_, _, resource)) => resource,
                None => edits.share(self.group_bytes(id, |group| group.resource.clone()), |old, new| shared(Shared::Resource, old, new)),
            };
            if let Some(resource) = &resource {
                edits.resources.insert(id, resource.clone());
            }
            last = Some((group.block, group.resource_logs.clone(), resource));
            if let Some(scope) = edits.share(self.group_bytes(id, |group| group.scope.clone()), |old, new| shared(Shared::Scope, old, new))
            {
                edits.scopes.insert(id, scope);
            }
        }
        let untouched = edits.records.is_empty() && edits.resources.is_empty() && edits.scopes.is_empty();
        if untouched && kept.len() == self.len() { self.clone() } else { self.copied(&kept, &edits) }
    }
}

impl Batch {
    /// Like [`edit`](Self::edit), where a record may also get a resource and a scope of its own: those that get the same ones stand together.
    #[must_use]
    pub fn edit_each(&self, mut each: impl FnMut(&Record<'_>, &mut Anew<'_>) -> Edit) -> Self {
        let mut edits = Edits::default();
        let mut known: HashMap<Messages, u32> = HashMap::new();
        let mut kept = Vec::with_capacity(self.len());
        for (position, record) in self.records().enumerate() {
            let start = edits.written.len();
            let mut anew = Anew { record: &mut edits.written, resource: None, scope: None };
            let edit = each(&record, &mut anew);
            let Anew { resource, scope, .. } = anew;
            edits.take(position, edit, start);
            if matches!(edit, Edit::Write | Edit::Append) && (resource.is_some() || scope.is_some()) {
                let variant = match known.entry((resource, scope)) {
                    Occupied(variant) => *variant.get(),
                    Vacant(free) => {
                        let (resource, scope) = free.key();
                        let mut place = |message: &Option<Vec<u8>>| {
                            let start = edits.written.len();
                            edits.written.extend_from_slice(message.as_ref()?);
                            Some(start..edits.written.len())
                        };
                        edits.variants.push((place(resource), place(scope)));
                        *free.insert(edits.variants.len() as u32)
                    }
                };
                edits.varying.resize(position, 0);
                edits.varying.push(variant);
            }
            if edit != Edit::Drop {
                kept.push(position as u32);
            }
        }
        if edits.records.is_empty() && kept.len() == self.len() { self.clone() } else { self.copied(&kept, &edits) }
    }
}

impl Edits {
    fn share(&mut self, old: &[u8], edit: impl FnOnce(&[u8], &mut Vec<u8>) -> bool) -> Option<Range<usize>> {
        let start = self.written.len();
        let changed = edit(old, &mut self.written);
        if !changed {
            self.written.truncate(start);
        }
        changed.then_some(start..self.written.len())
    }
}

impl Entry {
    /// The same entry, of a record that was written anew: what the index knows of its bytes is read again.
    pub(crate) fn of(&self, record: &[u8]) -> Self {
        let (mut severity, mut time, mut observed, mut trace_id) = (0, 0, 0, [0; 16]);
        for field in Fields::new(record).flatten() {
            match field {
                (1, Value::Fixed64(nanos)) => time = nanos,
                (2, Value::Varint(number)) => severity = u8::try_from(number).unwrap_or(u8::MAX),
                (9, Value::Len(id)) => trace_id = id.try_into().unwrap_or_default(),
                (11, Value::Fixed64(nanos)) => observed = nanos,
                _ => {}
            }
        }
        Self { severity, trace_id, time_unix_nano: if time == 0 { observed } else { time }, ..*self }
    }
}
