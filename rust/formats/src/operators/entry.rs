//! A record on its way through operators, and the fields that they name.

use logloom_record::{BatchWriter, Tail, Text, proto::push_field};

use super::value::{Map, Str, Value, push_pair};

/// A record as operators see it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry<'a> {
    pub(super) body: Value<'a>,
    pub(super) attributes: Map<'a>,
    /// None: what is known of the source.
    pub(super) resource: Option<Map<'a>>,
    /// 0: none.
    pub(super) time_unix_nano: u64,
    pub(super) severity: u8,
    pub(super) severity_text: Option<Str<'a>>,
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span_id: Option<[u8; 8]>,
    pub(super) flags: u32,
    pub(super) scope_name: Option<Str<'a>>,
    /// How many lines it stands for: 0 for a copy of another one.
    pub(super) lines: u64,
    /// Where the first of them lies in the source.
    pub(super) offset: u64,
    /// What it was made of, where that is no UTF-8.
    pub(super) raw: Option<Vec<u8>>,
    /// What an operator could not do with it, where that is to be told.
    pub(super) failed: Option<&'static str>,
}

/// What is known of a source.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) resource: Map<'static>,
    pub(super) attributes: Map<'static>,
    /// The same as a `Resource` message.
    pub(super) encoded: Vec<u8>,
}

/// Where a field lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Body,
    Attributes,
    Resource,
}

/// A field: `body`, `attributes.a`, `resource["b.c"]`.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) root: Root,
    pub(super) keys: Vec<Box<str>>,
}

impl Field {
    pub(super) fn of(root: Root, keys: &[&str]) -> Self {
        Self { root, keys: keys.iter().map(|key| (*key).into()).collect() }
    }

    /// Reads it as the Collector does: names with dots between them, and keys in quotes and brackets.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Box<str>> = Vec::new();
        let mut rest = text;
        loop {
            if let Some(inside) = rest.strip_prefix('[') {
                let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or("a key in brackets stands in quotes")?;
                let (key, behind) = inside.get(1..).and_then(|inside| inside.split_once(quote)).ok_or("a quote is not closed")?;
                keys.push(key.into());
                rest = behind.strip_prefix(']').ok_or("a bracket is not closed behind the key")?;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (key, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if key.is_empty() {
                    return Err("a name is empty".into());
                }
                keys.push(key.into());
                rest = behind;
            }
            match rest.as_bytes().first() {
                None => break,
                Some(b'.') => rest = rest.get(1..).unwrap_or_default(),
                Some(b'[') => {}
                Some(_) => return Err("behind a bracket stands a dot or another bracket".into()),
            }
        }
        let root = match &*keys.remove(0) {
            "body" => Root::Body,
            "attributes" => Root::Attributes,
            "resource" => Root::Resource,
            other => {
                let bare = other.trim_start_matches('$');
                return Err(match bare {
                    "body" | "attributes" | "resource" => format!("write '{bare}' for '{other}'"),
                    _ => format!("'{other}' is no field: write body, attributes.{other} or resource[\"{other}\"]"),
                });
            }
        };
        Ok(Self { root, keys })
    }

    pub(super) fn is_root(&self) -> bool {
        self.keys.is_empty()
    }

    /// The last key, and the field above.
    pub(super) fn above(&self) -> Self {
        let keys = self.keys.get(..self.keys.len().saturating_sub(1)).unwrap_or_default();
        Self { root: self.root, keys: keys.to_vec() }
    }
}

/// What stands under `keys` in a value.
fn under<'v, 'a>(mut value: &'v Value<'a>, keys: &[Box<str>]) -> Option<&'v Value<'a>> {
    for key in keys {
        let Value::Map(map) = value else { return None };
        value = map.get(key)?;
    }
    Some(value)
}

/// The map under `keys`, made where there is none.
fn map_at<'v, 'a>(mut map: &'v mut Map<'a>, keys: &'a [Box<str>]) -> Option<&'v mut Map<'a>> {
    for key in keys {
        map = map.inner(Str::from(&**key))?;
    }
    Some(map)
}

impl<'a> Entry<'a> {
    pub(super) fn into_static(self) -> Entry<'static> {
        let Self { time_unix_nano, severity, trace_id, span_id, flags, lines, offset, raw, failed, .. } = self;
        Entry {
            body: self.body.into_static(),
            attributes: self.attributes.into_static(),
            resource: self.resource.map(Map::into_static),
            severity_text: self.severity_text.map(Str::into_static),
            scope_name: self.scope_name.map(Str::into_static),
            time_unix_nano,
            severity,
            trace_id,
            span_id,
            flags,
            lines,
            offset,
            raw,
            failed,
        }
    }

    /// What stands at a field of body or attributes, or of the resource as it is now.
    pub(super) fn get<'e>(&'e self, field: &Field, base: &'a Base) -> Option<&'e Value<'a>> {
        match (field.root, field.keys.split_first()) {
            (Root::Body, _) => under(&self.body, &field.keys).filter(|value| !field.is_root() || !matches!(value, Value::Null)),
            (Root::Attributes, Some((first, rest))) => under(self.attributes.get(first)?, rest),
            (Root::Resource, Some((first, rest))) => under(self.resource.as_ref().unwrap_or(&base.resource).get(first)?, rest),
            (_, None) => None,
        }
    }

    /// The map under a root.
    fn root(&mut self, root: Root, base: &'a Base) -> &mut Map<'a> {
        match root {
            Root::Attributes => &mut self.attributes,
            Root::Resource => self.resource.get_or_insert_with(|| base.resource.lend()),
            Root::Body => {
                if !matches!(self.body, Value::Map(_)) {
                    self.body = Value::Map(Map::default());
                }
                match &mut self.body {
                    Value::Map(map) => map,
                    // Never: it was just set.
                    _ => &mut self.attributes,
                }
            }
        }
    }

    /// Sets a field; a map is merged into what is there. False where attributes or the resource would be no map.
    pub(super) fn set(&mut self, field: &'a Field, value: Value<'a>, base: &'a Base) -> bool {
        match (value, field.keys.split_last()) {
            (Value::Map(new), _) => {
                let merged = map_at(self.root(field.root, base), &field.keys).map(|map| map.merge(new));
                merged.is_some()
            }
            (value, None) if field.root == Root::Body => {
                self.body = value;
                true
            }
            (_, None) => false,
            (value, Some((last, above))) => {
                let set = map_at(self.root(field.root, base), above).map(|map| map.set(Str::from(&**last), value));
                set.is_some()
            }
        }
    }

    /// Takes a field away; what stood there.
    pub(super) fn take(&mut self, field: &Field, base: &'a Base) -> Option<Value<'a>> {
        let Some((last, above)) = field.keys.split_last() else {
            return Some(match field.root {
                Root::Body => std::mem::take(&mut self.body),
                Root::Attributes => Value::Map(std::mem::take(&mut self.attributes)),
                Root::Resource => Value::Map(self.resource.replace(Map::default()).unwrap_or_else(|| base.resource.lend())),
            });
        };
        if field.root == Root::Body && !matches!(self.body, Value::Map(_)) {
            return None;
        }
        let mut map = self.root(field.root, base);
        for key in above {
            let Some(Value::Map(inner)) = map.get_mut(key) else { return None };
            map = inner;
        }
        map.remove(last)
    }

    /// Writes it as a record.
    pub(super) fn write(&self, base: &Base, out: &mut BatchWriter) {
        self.choose_resource(base, out);
        let severity_text = self.severity_text.as_ref().map_or(Text::EMPTY, Str::text);
        let mut rec = out.begin(self.time_unix_nano, self.severity, severity_text);
        rec = match &self.body {
            Value::Null => rec,
            Value::Str(text) => rec.body(text.text()),
            body => rec.apart(|mut rec| {
                let any = rec.open(0x2a);
                body.write(&mut rec);
                rec.close(any);
                rec
            }),
        };
        let tail = Tail { flags: self.flags, trace_id: self.trace_id, span_id: self.span_id, event_name: &[] };
        self.attributes.write(rec).finish(&tail);
    }

    fn choose_resource(&self, base: &Base, out: &mut BatchWriter) {
        // What is known of the source is mostly all: one lane, whose key no other can have.
        if self.resource.is_none() && self.scope_name.is_none() {
            return out.use_resource(b"\0", |resource, _| resource.extend_from_slice(&base.encoded));
        }
        let mut key = vec![1];
        if let Some(map) = &self.resource {
            map.iter().for_each(|(name, value)| push_pair(&mut key, 0x0a, name.bytes(), value));
        } else {
            key.extend_from_slice(&base.encoded);
        }
        let resource_end = key.len();
        if let Some(name) = &self.scope_name {
            push_field(&mut key, 0x0a, name.bytes());
        }
        let key_len = key.len();
        key.extend_from_slice(&(resource_end as u32).to_le_bytes());
        out.use_resource(&key, |resource, scope| {
            resource.extend_from_slice(key.get(1..resource_end).unwrap_or_default());
            scope.extend_from_slice(key.get(resource_end..key_len).unwrap_or_default());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_are_written() {
        let keys = |text: &str| Field::parse(text).map(|field| field.keys.join("|"));
        for (text, expected) in [
            ("body", ""),
            ("attributes.a.b", "a|b"),
            (r#"attributes["a.b"].c"#, "a.b|c"),
            ("resource['x']['y z']", "x|y z"),
            (r#"body.a["b"]"#, "a|b"),
        ] {
            assert_eq!(keys(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "x", "$body", "attributes.", "attributes[a]", "attributes['a", "attributes['a'", "attributes['a']b", "body..a"] {
            assert!(keys(text).is_err(), "{text}");
        }
    }
}
