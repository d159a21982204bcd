//! Maps of attributes.

use std::sync::{Arc, LazyLock};

use arrow_array::{
    ArrayRef, MapArray, StructArray,
    builder::{BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder},
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields};

use crate::{AnyValue, lossy};

static VALUE: LazyLock<Fields> = LazyLock::new(|| {
    super::fields(&[
        ("str", DataType::Utf8),
        ("int", DataType::Int64),
        ("double", DataType::Float64),
        ("bool", DataType::Boolean),
        ("bytes", DataType::Binary),
        ("json", DataType::Utf8),
    ])
});

static ENTRY: LazyLock<Fields> = LazyLock::new(|| {
    let value = Field::new("value", DataType::Struct(VALUE.clone()), false);
    vec![Field::new("key", DataType::Utf8, false), value].into()
});

static ENTRIES: LazyLock<FieldRef> = LazyLock::new(|| Arc::new(Field::new("entries", DataType::Struct(ENTRY.clone()), false)));

/// The type of a column of maps.
pub(super) fn map_type() -> DataType {
    DataType::Map(Arc::clone(&ENTRIES), false)
}

/// One column of maps.
pub(super) struct Pairs {
    offsets: Vec<i32>,
    len: i32,
    keys: StringBuilder,
    texts: StringBuilder,
    ints: Int64Builder,
    doubles: Float64Builder,
    bools: BooleanBuilder,
    bytes: BinaryBuilder,
    jsons: StringBuilder,
}

impl Pairs {
    pub(super) fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            offsets,
            len: 0,
            keys: StringBuilder::new(),
            texts: StringBuilder::new(),
            ints: Int64Builder::new(),
            doubles: Float64Builder::new(),
            bools: BooleanBuilder::new(),
            bytes: BinaryBuilder::new(),
            jsons: StringBuilder::new(),
        }
    }

    /// One row.
    pub(super) fn push<'a>(&mut self, pairs: impl Iterator<Item = (&'a [u8], AnyValue<'a>)>) {
        for (key, value) in pairs {
            self.keys.append_value(lossy(key));
            self.push_value(&value);
            self.len += 1;
        }
        self.offsets.push(self.len);
    }

    fn push_value(&mut self, value: &AnyValue<'_>) {
        let (mut text, mut int, mut double, mut bool, mut binary, mut json) = (None, None, None, None, None, None);
        match value {
            AnyValue::Null => {}
            AnyValue::Str(bytes) => text = Some(lossy(bytes)),
            AnyValue::Int(value) => int = Some(*value),
            AnyValue::Double(value) => double = Some(*value),
            AnyValue::Bool(value) => bool = Some(*value),
            AnyValue::Bytes(bytes) => binary = Some(bytes),
            AnyValue::Array(_) | AnyValue::Map(_) => json = Some(value.to_json()),
        }
        self.texts.append_option(text);
        self.ints.append_option(int);
        self.doubles.append_option(double);
        self.bools.append_option(bool);
        self.bytes.append_option(binary);
        self.jsons.append_option(json.as_deref().map(lossy));
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let values: Vec<ArrayRef> = vec![
            Arc::new(self.texts.finish()),
            Arc::new(self.ints.finish()),
            Arc::new(self.doubles.finish()),
            Arc::new(self.bools.finish()),
            Arc::new(self.bytes.finish()),
            Arc::new(self.jsons.finish()),
        ];
        let values = StructArray::try_new(VALUE.clone(), values, None)?;
        let entries = StructArray::try_new(ENTRY.clone(), vec![Arc::new(self.keys.finish()), Arc::new(values)], None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Ok(Arc::new(MapArray::try_new(Arc::clone(&ENTRIES), offsets, entries, None, false)?))
    }
}
