//! A lookup table: rows by the values of some columns.

use std::collections::HashMap;

use logloom_record::overlay::{push_bool, push_double, push_int, push_text};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Rows of texts under a row of names: [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180).
    Csv,
    /// An array of objects.
    Json,
}

/// Which columns are what.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The columns by which a row is found.
    pub keys: Vec<String>,
    /// The columns that are given, each with the name of its attribute. Empty: all that are no key, under their own names.
    pub given: Vec<(String, String)>,
}

/// A table in memory.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: HashMap<Box<[u8]>, (u32, u32)>,
    cells: Vec<Cell>,
    /// The `AnyValue` messages of all cells.
    bytes: Vec<u8>,
    /// The attributes.
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    name: u16,
    start: u32,
    end: u32,
}

/// The most columns of a table.
const COLUMNS_MAX: usize = 1000;

/// Appends one part of a key: its length before it, so that no two keys are alike.
pub(super) fn push_key(key: &mut Vec<u8>, part: &[u8]) {
    key.extend_from_slice(&(part.len() as u32).to_le_bytes());
    key.extend_from_slice(part);
}

impl Table {
    /// Of the bytes of a file; why not, with the line or the row.
    pub(super) fn read(bytes: &[u8], form: Form, columns: &Columns) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("byte {}: not UTF-8", error.valid_up_to()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match form {
            Form::Csv => Self::of_csv(text, columns),
            Form::Json => Self::of_json(text, columns),
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The attributes of a row, each with its `AnyValue` message; `None` where there is no such row.
    pub(super) fn row(&self, key: &[u8]) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
        let (start, end) = *self.rows.get(key)?;
        let cells = self.cells.get(start as usize..end as usize)?;
        Some(cells.iter().filter_map(|cell| {
            let name = self.names.get(usize::from(cell.name))?;
            Some((name.as_bytes(), self.bytes.get(cell.start as usize..cell.end as usize)?))
        }))
    }

    fn of_csv(text: &str, columns: &Columns) -> Result<Self, String> {
        let mut reader = Csv { rest: text, line: 1, begun: 1 };
        let mut row = Vec::new();
        if !reader.row(&mut row)? {
            return Err("line 1: no names of columns".to_owned());
        }
        let header: Vec<String> = row.iter().map(|name| name.trim().to_owned()).collect();
        if let Some(twice) = header.iter().enumerate().find(|(at, name)| header.iter().position(|other| other == *name) != Some(*at)) {
            return Err(format!("line 1: a second column '{}'", twice.1));
        }
        if header.len() > COLUMNS_MAX {
            return Err(format!("line 1: {} columns; at most {COLUMNS_MAX}", header.len()));
        }
        let place = |name: &String| {
            let found = header.iter().position(|column| column == name);
            found.ok_or_else(|| format!("line 1: no column '{name}': there are {}", header.join(", ")))
        };
        let keys = columns.keys.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let mut table = Self::default();
        let given: Vec<usize> = if columns.given.is_empty() {
            table.names.clone_from(&header);
            (0..header.len()).filter(|at| !keys.contains(at)).collect()
        } else {
            table.names = columns.given.iter().map(|(_, attribute)| attribute.clone()).collect();
            columns.given.iter().map(|(column, _)| place(column)).collect::<Result<_, _>>()?
        };
        loop {
            if !reader.row(&mut row)? {
                return Ok(table);
            }
            let line = reader.begun;
            if row.len() != header.len() {
                return Err(format!("line {line}: {} values under {} columns", row.len(), header.len()));
            }
            let mut key = Vec::new();
            for part in keys.iter().filter_map(|at| row.get(*at)) {
                push_key(&mut key, part.as_bytes());
            }
            let from = table.cells.len();
            for (name, at) in given.iter().enumerate() {
                let name = if columns.given.is_empty() { *at } else { name };
                if let Some(value) = row.get(*at).filter(|value| !value.is_empty()) {
                    table.cell(name, |out| push_text(out, value.as_bytes()));
                }
            }
            table.add(key, from).ok_or_else(|| format!("line {line}: a second row of this key"))?;
        }
    }

    fn of_json(text: &str, columns: &Columns) -> Result<Self, String> {
        let rows: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(text).map_err(|error| format!("no array of objects: {error}"))?;
        let mut table = Self { names: columns.given.iter().map(|(_, attribute)| attribute.clone()).collect(), ..Self::default() };
        for (at, row) in rows.iter().enumerate() {
            let mut key = Vec::new();
            for name in &columns.keys {
                let part = match row.get(name) {
                    Some(serde_json::Value::String(text)) => text.clone(),
                    Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => value.to_string(),
                    _ => return Err(format!("[{at}]: '{name}' must be there, a text, a number or a boolean")),
                };
                push_key(&mut key, part.as_bytes());
            }
            let from = table.cells.len();
            for (name, value) in row {
                let given = columns.given.iter().position(|(column, _)| column == name);
                if columns.keys.contains(name) && given.is_none() || !columns.given.is_empty() && given.is_none() {
                    continue;
                }
                let Some(slot) = given.or_else(|| table.name(name)) else {
                    return Err(format!("[{at}]: more than {COLUMNS_MAX} names"));
                };
                match value {
                    serde_json::Value::Null => {}
                    serde_json::Value::Bool(value) => table.cell(slot, |out| push_bool(out, *value)),
                    serde_json::Value::String(text) => table.cell(slot, |out| push_text(out, text.as_bytes())),
                    serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                        (Some(value), _) => table.cell(slot, |out| push_int(out, value)),
                        (None, Some(value)) => table.cell(slot, |out| push_double(out, value)),
                        (None, None) => return Err(format!("[{at}]: '{name}' is no number of 64 bits")),
                    },
                    _ => return Err(format!("[{at}]: '{name}' must be a text, a number or a boolean")),
                }
            }
            table.add(key, from).ok_or_else(|| format!("[{at}]: a second row of this key"))?;
        }
        Ok(table)
    }

    fn name(&mut self, name: &str) -> Option<usize> {
        if let Some(at) = self.names.iter().position(|known| known == name) {
            return Some(at);
        }
        self.names.push(name.to_owned());
        (self.names.len() <= COLUMNS_MAX).then(|| self.names.len() - 1)
    }

    fn cell(&mut self, name: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len() as u32;
        write(&mut self.bytes);
        self.cells.push(Cell { name: name as u16, start, end: self.bytes.len() as u32 });
    }

    /// The cells from `from` on are the row of this key; `None` where there is one.
    fn add(&mut self, key: Vec<u8>, from: usize) -> Option<()> {
        self.rows.insert(key.into(), (from as u32, self.cells.len() as u32)).is_none().then_some(())
    }
}

struct Csv<'a> {
    rest: &'a str,
    /// That the rest begins in.
    line: usize,
    /// That the last row began in.
    begun: usize,
}

impl Csv<'_> {
    /// Reads the next row that is not empty; false at the end.
    fn row(&mut self, row: &mut Vec<String>) -> Result<bool, String> {
        row.clear();
        loop {
            if let Some(rest) = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n")) {
                self.rest = rest;
                self.line += 1;
            } else if self.rest.is_empty() {
                return Ok(false);
            } else {
                break;
            }
        }
        self.begun = self.line;
        loop {
            let value = self.value()?;
            row.push(value);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            self.rest = self.rest.strip_prefix('\r').unwrap_or(self.rest);
            if let Some(rest) = self.rest.strip_prefix('\n') {
                self.rest = rest;
                self.line += 1;
            } else if !self.rest.is_empty() {
                return Err(format!("line {}: a comma or the line's end must follow the quote", self.line));
            }
            return Ok(true);
        }
    }

    fn value(&mut self) -> Result<String, String> {
        let Some(mut rest) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
            let value = self.rest.get(..end).unwrap_or_default().to_owned();
            self.rest = self.rest.get(end..).unwrap_or_default();
            return Ok(value);
        };
        let (begun, mut value) = (self.line, String::new());
        loop {
            let Some(end) = rest.find('"') else { return Err(format!("line {begun}: a quote without its end")) };
            let part = rest.get(..end).unwrap_or_default();
            self.line += part.matches('\n').count();
            value.push_str(part);
            rest = rest.get(end + 1..).unwrap_or_default();
            match rest.strip_prefix('"') {
                Some(more) => {
                    value.push('"');
                    rest = more;
                }
                None => break,
            }
        }
        self.rest = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns() -> Columns {
        Columns { keys: vec!["service".to_owned()], given: Vec::new() }
    }

    fn key(part: &str) -> Vec<u8> {
        let mut key = Vec::new();
        push_key(&mut key, part.as_bytes());
        key
    }

    fn rows(table: &Table, part: &str) -> Vec<(String, Vec<u8>)> {
        table
            .row(&key(part))
            .map(|row| row.map(|(name, value)| (String::from_utf8(name.to_vec()).unwrap(), value.to_vec())).collect())
            .unwrap_or_default()
    }

    #[test]
    fn both_forms_say_the_same() {
        let csv = "\u{feff}service,team,note\r\ncart,shop,\"a, \"\"b\"\"\nc\"\r\n\r\npay,,x";
        let json = r#"[{"service": "cart", "team": "shop", "note": "a, \"b\"\nc"}, {"service": "pay", "team": null, "note": "x"}]"#;
        for (text, form) in [(csv, Form::Csv), (json, Form::Json)] {
            let table = Table::read(text.as_bytes(), form, &columns()).unwrap();
            assert_eq!(table.len(), 2);
            let mut cart = rows(&table, "cart");
            cart.sort();
            assert_eq!(cart, [("note".to_owned(), b"\x0a\x08a, \"b\"\nc".to_vec()), ("team".to_owned(), b"\x0a\x04shop".to_vec())]);
            assert_eq!(rows(&table, "pay"), [("note".to_owned(), b"\x0a\x01x".to_vec())]);
            assert!(table.row(&key("other")).is_none());
        }
        let given = Columns { given: vec![("team".to_owned(), "app.team".to_owned())], ..columns() };
        for (text, form) in [(csv, Form::Csv), (json, Form::Json)] {
            let table = Table::read(text.as_bytes(), form, &given).unwrap();
            assert_eq!(rows(&table, "cart"), [("app.team".to_owned(), b"\x0a\x04shop".to_vec())]);
            assert_eq!(rows(&table, "pay"), []);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, form, said) in [
            ("", Form::Csv, "line 1: no names of columns"),
            ("a,b\n1,2\n", Form::Csv, "line 1: no column 'service': there are a, b"),
            ("service,service\n", Form::Csv, "line 1: a second column 'service'"),
            ("service,a\n1,2\n\n3\n", Form::Csv, "line 4: 1 values under 2 columns"),
            ("service,a\n1,2\n1,3\n", Form::Csv, "line 3: a second row of this key"),
            ("service,a\n1,\"2", Form::Csv, "line 2: a quote without its end"),
            ("service,a\n\"1\"x,2\n", Form::Csv, "line 2: a comma or the line's end must follow the quote"),
            ("{}", Form::Json, "no array of objects: invalid type: map, expected a sequence at line 1 column 0"),
            (r#"[{"a": 1}]"#, Form::Json, "[0]: 'service' must be there, a text, a number or a boolean"),
            (r#"[{"service": 1, "a": []}]"#, Form::Json, "[0]: 'a' must be a text, a number or a boolean"),
            (r#"[{"service": 1}, {"service": "1"}]"#, Form::Json, "[1]: a second row of this key"),
        ] {
            assert_eq!(Table::read(text.as_bytes(), form, &columns()).map(|table| table.len()), Err(said.to_owned()), "{text}");
        }
        assert_eq!(Table::read(b"service\n\xff", Form::Csv, &columns()).map(|table| table.len()), Err("byte 8: not UTF-8".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, pieces in proptest::collection::vec(proptest::sample::select(&["service", ",", "\"", "\n", "\r", "a", "[", "{", "}", ":"][..]), 0..30)) {
            for form in [Form::Csv, Form::Json] {
                let _ = Table::read(&bytes, form, &columns());
                let _ = Table::read(pieces.concat().as_bytes(), form, &columns());
            }
        }

        #[test]
        fn what_was_written_is_read(values in proptest::collection::vec("[a-z,\"\n é]{1,8}", 1..8)) {
            let lines: String = values.iter().enumerate().map(|(at, value)| [&at.to_string(), ",\"", &value.replace('"', "\"\""), "\"\n"].concat()).collect();
            let text = format!("service,value\n{lines}");
            let table = Table::read(text.as_bytes(), Form::Csv, &columns()).unwrap();
            for (at, value) in values.iter().enumerate() {
                let mut expected = Vec::new();
                push_text(&mut expected, value.as_bytes());
                prop_assert_eq!(rows(&table, &at.to_string()), [("value".to_owned(), expected)]);
            }
        }
    }
}
