//! Syslog: the header of [RFC 3164](https://www.rfc-editor.org/rfc/rfc3164) as it is found in the wild, that of
//! [RFC 5424](https://www.rfc-editor.org/rfc/rfc5424), and the framing of both on streams.

mod bsd;
mod data;
mod detect;
mod framing;
mod header;
mod ietf;
mod inner;
mod programs;
mod tables;
mod write;

pub(crate) use detect::likely;
pub(crate) use framing::Frames;
pub(crate) use header::Header;
pub(crate) use inner::Inner;
pub(crate) use programs::{NAMED, Programs};
pub(crate) use tables::{facility, severity_name};
pub(crate) use write::{header as write, parameters};
