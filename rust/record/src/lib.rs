//! The records of logloom: one currency, OTLP bytes with an index.
//!
//! A [`Batch`] is a list of blocks, each a run of `ResourceLogs` fields of an OTLP
//! `ExportLogsServiceRequest`, so that concatenated blocks are a request. Formats write it in one pass
//! through a [`BatchWriter`] and its by-value [`RecordCursor`]; OTLP that came in is adopted as it is
//! after one validating scan. Everything else here reads those bytes: Record views, OTLP JSON,
//! NDJSON, Arrow and the conditions.
#![forbid(unsafe_code)]

pub mod arrow;
mod batch;
mod beside;
mod chunk;
mod compact;
mod cursor;
mod delivery;
mod edit;
mod envelope;
mod error;
pub mod expr;
mod frames;
mod gather;
mod heads;
mod holding;
pub mod ids;
mod json_text;
mod key;
mod lane;
mod limits;
mod marks;
mod merge;
pub mod msgpack;
mod ndjson;
mod nearest;
mod otlp_json;
pub mod overlay;
mod placed;
mod plan;
mod pool;
pub mod proto;
mod record;
mod reject;
mod runs;
mod scan;
mod select;
mod sink;
mod split;
mod stamp;
mod status;
mod text;
pub mod time;
mod unread;
mod value;
mod writer;

pub use batch::{Batch, Block, Entry, EntryFlags, Group};
pub use beside::Beside;
pub use chunk::{Chunk, Origin};
pub use cursor::{LengthMark, RecordCursor, Tail};
pub use delivery::{Delivery, Done, Later, Refusal, Unreadable};
pub use edit::{Anew, Edit, Shared};
pub use envelope::{Envelope, Outer};
pub use error::DataError;
pub use expr::{Condition, ConditionError, Lookup, Program, Reads};
pub use frames::{FrameMark, Frames};
pub use gather::Gather;
pub use key::Key;
pub use limits::Limits;
pub use marks::Marks;
pub use ndjson::severity_name;
pub use nearest::nearest;
pub use overlay::Overlay;
pub use placed::Placed;
pub use pool::BlockPool;
pub use record::Record;
pub use reject::{Reject, RejectKind, RejectReason};
pub use runs::{RecordKey, Run};
pub use stamp::UID;
pub use text::{Scalar, Text, repair};
pub use value::{AnyValue, Attributes, Values, lossy};
pub use writer::BatchWriter;
