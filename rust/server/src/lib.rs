//! The native front end: from a socket to the Intake and back, without Python.
//!
//! [`Runtime`] is the threads, [`listen`] the sockets, [`tls`] who they talk to, [`room`] the bound on what is in hand, [`Server`] the
//! connections of one listening socket. What is spoken on them is a [`Protocol`]: [`grpc`] and
//! [`http`] here; [`datagram`] is another way in. What comes goes to a [`Feed`], which
//! answers when it is safe. [`client`] is the way out: OTLP over gRPC to a destination.
#![forbid(unsafe_code)]

pub mod access;
pub mod bridge;
mod caught;
pub mod client;
mod commits;
pub mod datagram;
pub mod feed;
pub mod grpc;
pub mod http;
pub mod inflow;
pub mod listen;
pub mod room;
pub mod rpc;
mod runtime;
mod server;
mod tasks;
pub mod tls;

pub use commits::Commits;
pub use feed::Feed;
pub use room::{Guest, Room};
pub use runtime::Runtime;
pub use server::{Bounds, Connected, Io, Protocol, ReadBytes, Server, Stopping, Tell, Told};
pub use tasks::Tasks;
