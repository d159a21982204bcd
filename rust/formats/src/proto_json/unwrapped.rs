//! Maps that some exporters write where an `AnyValue` belongs, without the `kvlistValue` around them: `{"key": {"stringValue": "v"}}`.

use logloom_record::RejectReason;

use super::{Reader, schema::ANY_VALUE};
use crate::json::{Scanner, Value};

/// The tag of `kvlistValue`.
const KVLIST: u16 = 6 << 3 | 2;

/// Whether the object whose bracket was read is a map of values, each an object, and has none of the fields of a value itself.
pub(super) fn is_map(mut scanner: Scanner<'_>) -> Result<bool, RejectReason> {
    let mut count = 0;
    while let Some(key) = scanner.key()? {
        let value = scanner.value()?;
        if !matches!(value, Value::Object) || super::find(ANY_VALUE.fields, key).is_some() {
            return Ok(false);
        }
        scanner.skip(value)?;
        count += 1;
    }
    Ok(count > 0)
}

impl Reader {
    /// Reads such a map as the list that it means.
    pub(super) fn unwrapped(&mut self, scanner: &mut Scanner<'_>, depth: u32) -> Result<(), RejectReason> {
        let start = scanner.position();
        let deeper = || RejectReason::limit("maps and arrays nest deeper than depth_max", start);
        let depth = depth.checked_sub(1).ok_or_else(deeper)?;
        let list = self.open(KVLIST);
        while let Some(key) = scanner.key()? {
            let pair = self.open(0x0a);
            let mut name = Vec::with_capacity(key.text.len());
            key.unescape_into(&mut name);
            self.bytes(0x0a, &name);
            if let Value::Object = scanner.value()? {
                let value = self.open(0x12);
                self.message(scanner, &ANY_VALUE, depth)?;
                self.close(value);
            }
            self.close(pair);
        }
        self.close(list);
        Ok(())
    }
}
