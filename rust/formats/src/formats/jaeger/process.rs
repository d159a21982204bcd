//! The processes that spans belong to.

use std::{collections::HashMap, ops::Range};

use logloom_record::{RejectReason, Text};

use super::json_tags::{tag_map, tags};
use crate::{
    json::{Scanner, Str, Value as Json},
    spans::{Owner, Repaired, Tag},
};

/// The processes of a trace: their tags side by side.
#[derive(Default)]
pub(super) struct Processes<'a> {
    pub(super) list: Vec<Process<'a>>,
    tags: Vec<Tag<'a>>,
    by_id: HashMap<Vec<u8>, usize>,
}

pub(super) struct Process<'a> {
    key: Text<'a>,
    service: Option<Str<'a>>,
    tags: Range<usize>,
}

impl<'a> Processes<'a> {
    /// Reads the process that stands next; its number.
    pub(super) fn add(&mut self, mut json: Scanner<'a>, made: &mut Repaired<'a>) -> Result<usize, RejectReason> {
        let from = json.position();
        let mut process = Process { key: Text::EMPTY, service: None, tags: self.tags.len()..self.tags.len() };
        let value = json.value()?;
        if matches!(value, Json::Object) {
            while let Some(key) = json.key()? {
                match key.text.bytes() {
                    b"tags" | b"Tags" => json = tags(json, &mut self.tags, made)?,
                    b"tag" => json = tag_map(json, &mut self.tags, made)?,
                    name => match json.value()? {
                        Json::Str(service) if matches!(name, b"serviceName" | b"ServiceName") => process.service = Some(service),
                        other => json.skip(other)?,
                    },
                }
            }
        } else {
            json.skip(value)?;
        }
        process.tags.end = self.tags.len();
        process.key = json.frame().slice(from..json.position());
        self.list.push(process);
        Ok(self.list.len() - 1)
    }

    /// All processes of an object: their ids and they.
    pub(super) fn add_all(&mut self, mut json: Scanner<'a>, made: &mut Repaired<'a>) -> Result<(), RejectReason> {
        json.value()?;
        while let Some(id) = json.key()? {
            let number = self.add(json, made)?;
            let mut name = Vec::with_capacity(id.text.len());
            id.unescape_into(&mut name);
            self.by_id.insert(name, number);
            let value = json.value()?;
            json.skip(value)?;
        }
        Ok(())
    }

    pub(super) fn find(&self, id: Str<'_>) -> Option<usize> {
        self.by_id.get(id.resolve(&mut Vec::new()).bytes()).copied()
    }

    /// Takes back what was added after the first `len`.
    pub(super) fn forget(&mut self, len: usize) {
        if let Some(process) = self.list.get(len) {
            self.tags.truncate(process.tags.start);
            self.list.truncate(len);
        }
    }

    pub(super) fn owner(&self, number: Option<usize>) -> Owner<'a, '_> {
        match number.and_then(|number| self.list.get(number)) {
            Some(process) => {
                let tags = self.tags.get(process.tags.clone()).unwrap_or_default();
                Owner { key: process.key, service: process.service, tags }
            }
            None => Owner { key: Text::EMPTY, service: None, tags: &[] },
        }
    }
}
