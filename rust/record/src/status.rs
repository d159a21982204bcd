//! The HTTP status of a record.

use crate::proto::{Fields, Value, number_field, text_field};

/// The status among the attributes of a `LogRecord` message.
pub(crate) fn http_status(record: &[u8]) -> Option<i64> {
    Fields::new(record).flatten().find_map(|field| match field {
        (6, Value::Len(pair)) if text_field(pair, 1) == b"http.response.status_code" => Some(number_field(text_field(pair, 2), 3) as i64),
        _ => None,
    })
}
