//! A record as a program sees it: only what its paths name is read, when it is asked for, and what it sets is kept beside the bytes.

use std::cell::OnceCell;

use vrl::{
    compiler::{SecretTarget, Target},
    path::{OwnedSegment, OwnedTargetPath, PathPrefix},
    value::{ObjectMap, Value},
};

use super::fields::{Edits, Place, Source};

/// The places that a program may read or write, none within another. Known when it is compiled.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<(Vec<OwnedSegment>, Place)>);

impl Places {
    /// Of the paths of a program.
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p [OwnedSegment]>) -> Result<Self, String> {
        let mut places = Self::default();
        for path in paths {
            let (place, taken) = Place::of(path)?;
            let path = path.get(..taken).unwrap_or_default();
            if places.0.iter().all(|(above, _)| !path.starts_with(above)) {
                places.0.retain(|(below, _)| !below.starts_with(path));
                places.0.push((path.to_vec(), place));
            }
        }
        Ok(places)
    }
}

/// One record after another, seen through the places of a program.
#[derive(Debug)]
pub(super) struct View<'a> {
    places: &'a Places,
    slots: Vec<Slot>,
    source: Option<Source<'a>>,
    /// The program took all of the record away.
    pub(super) is_removed: bool,
    nothing: Value,
}

#[derive(Debug, Default)]
struct Slot {
    value: OnceCell<Option<Value>>,
    is_changed: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(places: &'a Places) -> Self {
        let slots = places.0.iter().map(|_| Slot::default()).collect();
        Self { places, slots, source: None, is_removed: false, nothing: Value::Object(ObjectMap::new()) }
    }

    /// Another record.
    pub(super) fn show(&mut self, source: Source<'a>) {
        self.source = Some(source);
        self.is_removed = false;
        for slot in &mut self.slots {
            slot.value.take();
            slot.is_changed = false;
        }
    }

    /// What was changed, as edits.
    pub(super) fn edits(&self, edits: &mut Edits) -> Result<(), String> {
        let Some(source) = self.source else { return Ok(()) };
        for (slot, (_, place)) in self.slots.iter().zip(&self.places.0) {
            if let (true, Some(value)) = (slot.is_changed, slot.value.get()) {
                place.write(value.as_ref(), source, edits)?;
            }
        }
        Ok(())
    }

    /// Whether anything was.
    pub(super) fn is_changed(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_changed)
    }

    /// Whether a field can take the value.
    pub(super) fn fits(&self, path: &OwnedTargetPath, value: &Value) -> Result<(), String> {
        let (place, taken) = Place::of(&path.path.segments)?;
        match self.source {
            Some(source) if taken == path.path.segments.len() && !matches!(place, Place::Attribute(..) | Place::Body) => {
                place.write(Some(value), source, &mut Edits::default())
            }
            _ => Ok(()),
        }
    }

    /// The slot that holds what the path leads to, and how many of its steps lead to the slot.
    fn slot(&self, path: &OwnedTargetPath) -> Result<(usize, usize), String> {
        let segments = &path.path.segments;
        let found = self.places.0.iter().position(|(place, _)| segments.starts_with(place));
        match found.filter(|_| path.prefix == PathPrefix::Event) {
            Some(at) => Ok((at, self.places.0.get(at).map_or(0, |(place, _)| place.len()))),
            None => Err(format!("'{path}' was not known when the program was compiled")),
        }
    }

    fn value(&self, at: usize) -> Option<&Value> {
        let (slot, (_, place)) = (self.slots.get(at)?, self.places.0.get(at)?);
        slot.value.get_or_init(|| self.source.and_then(|source| place.read(source))).as_ref()
    }

    /// The value at a slot, to be changed.
    fn value_mut(&mut self, at: usize) -> Option<&mut Option<Value>> {
        self.value(at);
        let slot = self.slots.get_mut(at)?;
        slot.is_changed = true;
        slot.value.get_mut()
    }
}

impl Target for View<'_> {
    fn target_insert(&mut self, path: &OwnedTargetPath, value: Value) -> Result<(), String> {
        let (at, taken) = self.slot(path)?;
        let rest = path.path.segments.get(taken..).unwrap_or_default();
        if rest.is_empty() {
            if let Some(slot) = self.slots.get_mut(at) {
                slot.value = OnceCell::from(Some(value));
                slot.is_changed = true;
            }
        } else if let Some(slot) = self.value_mut(at) {
            slot.get_or_insert(Value::Null).insert(rest, value);
        }
        self.is_removed = false;
        Ok(())
    }

    fn target_get(&self, path: &OwnedTargetPath) -> Result<Option<&Value>, String> {
        // Asked before every run, whether the program looks at it or not.
        if path.path.is_root() && path.prefix == PathPrefix::Event && self.slot(path).is_err() {
            return Ok(Some(&self.nothing));
        }
        let (at, taken) = self.slot(path)?;
        let rest = path.path.segments.get(taken..).unwrap_or_default();
        Ok(self.value(at).and_then(|value| if rest.is_empty() { Some(value) } else { value.get(rest) }))
    }

    fn target_get_mut(&mut self, path: &OwnedTargetPath) -> Result<Option<&mut Value>, String> {
        let (at, taken) = self.slot(path)?;
        let rest = path.path.segments.get(taken..).unwrap_or_default();
        Ok(self.value_mut(at).and_then(|slot| slot.as_mut()).and_then(|value| value.get_mut(rest)))
    }

    fn target_remove(&mut self, path: &OwnedTargetPath, compact: bool) -> Result<Option<Value>, String> {
        let (at, taken) = self.slot(path)?;
        let rest = path.path.segments.get(taken..).unwrap_or_default();
        self.is_removed = path.path.is_root();
        let Some(slot) = self.value_mut(at) else { return Ok(None) };
        if rest.is_empty() {
            return Ok(slot.take());
        }
        let Some(value) = slot else { return Ok(None) };
        let removed = value.remove(rest, compact);
        if compact && value.is_empty() && removed.is_some() {
            *slot = None;
        }
        Ok(removed)
    }
}

/// There are none.
impl SecretTarget for View<'_> {
    fn get_secret(&self, _key: &str) -> Option<&str> {
        None
    }

    fn insert_secret(&mut self, _key: &str, _value: &str) {}

    fn remove_secret(&mut self, _key: &str) {}
}
