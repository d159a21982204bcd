//! gRPC as HTTP/2 carries it: methods that take raw messages, and bounds on everything that a client can send.
//!
//! Specification: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

mod connection;
mod health;
mod reply;
mod streams;

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method as Verb, Request, Response, header};
use hyper::body::Incoming;
use logloom_record::Delivery;
use logloom_wire::Encoding;
use tokio::sync::oneshot;

pub use self::reply::Reply;
use self::{
    connection::Line,
    reply::{answered, refused, unspoken},
};
use crate::{
    Feed, Room, Stopping, Tasks,
    access::{Access, Denied},
    feed::From,
    inflow::{Inflow, Trouble, inflated},
    rpc::{self, Code, Status},
};

/// The delay asked for where nothing better is known.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a message may pause while it arrives.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A message up to this size is pushed where its connection is.
const INLINE_BYTES_MAX: usize = 64 << 10;
/// What stands before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;
const HEALTH: &str = "/grpc.health.v1.Health/";

/// A server of gRPC.
pub struct Grpc {
    methods: HashMap<String, Method>,
    bounds: Bounds,
    room: Arc<Room>,
    ready: Ready,
    access: Option<Arc<Access>>,
}

/// Whether the health service says SERVING; called on a thread that may block.
pub type Ready = Arc<dyn Fn() -> bool + Send + Sync>;

/// What serves a method.
#[derive(Clone)]
pub enum Method {
    /// Its messages are pushed; what is told of those that were taken.
    Push(Arc<dyn Feed>, Answer),
    /// It answers by itself.
    Call(Arc<dyn Handler>),
}

/// What is told of messages that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// OTLP's `partial_success`.
    Otlp,
    /// A message without fields.
    Empty,
}

/// The future of a [`Handler`].
pub type Calling<'h> = Pin<Box<dyn Future<Output = Result<Bytes, Status>> + Send + 'h>>;

/// Answers a method.
pub trait Handler: Send + Sync {
    /// One call: its message, and who sent it.
    fn call(&self, data: Bytes, from: From) -> Calling<'_>;
}

/// What a client may do at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest message, in bytes, also inflated.
    pub message_bytes_max: usize,
    /// The most requests at once on one connection.
    pub streams_max: u32,
    /// A connection that is silent for so long is probed,
    pub keepalive_every: Duration,
    /// and closed when the probe has no answer for so long.
    pub keepalive_timeout: Duration,
    /// A connection without a request for so long is closed.
    pub idle_max: Option<Duration>,
    /// A connection is closed after so long,
    pub age_max: Option<Duration>,
    /// and its requests may go on for so long then.
    pub age_grace: Duration,
}

impl std::fmt::Debug for Grpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grpc").field("methods", &self.methods.keys()).finish_non_exhaustive()
    }
}

impl Grpc {
    /// Serves `methods`, by their full names (`/package.Service/Method`), and the health service beside them.
    pub fn new(methods: HashMap<String, Method>, bounds: Bounds, room: Arc<Room>, ready: Ready, access: Option<Arc<Access>>) -> Arc<Self> {
        Arc::new(Self { methods, bounds, room, ready, access })
    }

    async fn answer(&self, request: Request<Incoming>, line: &Line, tasks: &Tasks, stopping: Stopping) -> Response<Reply> {
        if request.method() != Verb::POST {
            return unspoken(405);
        }
        let kind = request.headers().get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        if !kind.starts_with(b"application/grpc") {
            return unspoken(415);
        }
        match self.served(request, line, tasks, stopping).await {
            Ok(response) => response,
            Err(status) => refused(&status),
        }
    }

    async fn served(&self, request: Request<Incoming>, line: &Line, tasks: &Tasks, stopping: Stopping) -> Result<Response<Reply>, Status> {
        let (head, body) = request.into_parts();
        if let Some(name) = head.uri.path().strip_prefix(HEALTH) {
            let encoding = encoding(&head.headers)?;
            let (data, _guest) = self.message(body, encoding).await?;
            return self.health(name, &data, tasks, stopping).await;
        }
        let Some(method) = self.methods.get(head.uri.path()) else {
            return Err(Status::new(Code::Unimplemented, "there is no such method here"));
        };
        let mut from = From { peer: Arc::clone(&line.peer), ..From::default() };
        if let Some(access) = &self.access {
            let granted = access.admit(&head.headers, &line.peer, &line.names).await.map_err(denied)?;
            granted.identity.clone_into(&mut from.identity);
            granted.tenant.clone_into(&mut from.tenant);
        } else if let Some(name) = line.names.first() {
            name.clone_into(&mut from.identity);
        }
        let encoding = encoding(&head.headers)?;
        if stopping.is_set() {
            return Err(Status::later(Code::Unavailable, "stopping", RETRY_AFTER));
        }
        let (data, guest) = self.message(body, encoding).await?;
        match method {
            // The connection's other requests, which are polled where this one is, go on meanwhile.
            Method::Push(feed, answer) if data.len() > INLINE_BYTES_MAX || feed.waits() => {
                let (sender, receiver) = oneshot::channel();
                let feed = Arc::clone(feed);
                tasks.spawn(async move {
                    let _guest = guest; // it is in hand also where its client is gone
                    drop(sender.send(feed.take(data, from).await));
                });
                // What was cut off by a stop may be sent again; a bug is in the log.
                let pushed = receiver.await.map_err(|_| Status::later(Code::Unavailable, "it was not answered", RETRY_AFTER))?;
                taken(pushed, *answer)
            }
            Method::Push(feed, answer) => taken(feed.take(data, from).await, *answer),
            Method::Call(handler) => handler.call(data, from).await.map(answered),
        }
    }

    /// The one message of a call, and its share of the room.
    async fn message(&self, body: Incoming, encoding: Option<Encoding>) -> Result<(Bytes, Inflow), Status> {
        let mut inflow = Inflow::new(body, &self.room, PREFIX_BYTES);
        let max = self.bounds.message_bytes_max;
        let is_whole = inflow.need(PREFIX_BYTES, PAUSE_MAX, None).await.map_err(trouble)?;
        if !is_whole {
            return Err(Status::new(Code::Internal, "the call ended before its message"));
        }
        let prefix = inflow.give(PREFIX_BYTES);
        let Some((flag, length)) = prefix.split_first_chunk::<1>() else { return Err(Status::new(Code::Internal, "no prefix")) };
        let size = length.iter().fold(0_usize, |size, byte| size << 8 | usize::from(*byte));
        if size > max {
            return Err(trouble(Trouble::TooLarge(max)));
        }
        if !inflow.need(size, PAUSE_MAX, None).await.map_err(trouble)? {
            return Err(Status::new(Code::Internal, "the call ended within its message"));
        }
        let mut data = inflow.give(size);
        // The end of the call, which is most of the time there already.
        if !inflow.is_at_end() && inflow.need(1, PAUSE_MAX, None).await.map_err(trouble)? {
            return Err(Status::new(Code::Internal, "a second message where there is to be one"));
        }
        inflow.guest().arrived();
        match (flag, encoding) {
            ([0], _) => {}
            ([1], Some(encoding)) => data = inflated(&data, encoding, max, inflow.guest()).map_err(trouble)?,
            _ => return Err(Status::new(Code::Internal, "the message is said to be compressed, and not how")),
        }
        Ok((data, inflow))
    }
}

/// How compressed messages of a call are compressed.
fn encoding(headers: &http::HeaderMap) -> Result<Option<Encoding>, Status> {
    match headers.get("grpc-encoding").map(http::HeaderValue::as_bytes) {
        None | Some(b"identity" | b"") => Ok(None),
        Some(b"gzip") => Ok(Some(Encoding::Gzip)),
        Some(b"zstd") => Ok(Some(Encoding::Zstd)),
        Some(b"deflate") => Ok(Some(Encoding::Deflate)),
        Some(_) => Err(Status::new(Code::Unimplemented, "this compression is not known here: send gzip, zstd, deflate or none")),
    }
}

fn taken(delivery: Delivery, answer: Answer) -> Result<Response<Reply>, Status> {
    match delivery {
        Delivery::Done(done) => Ok(answered(match answer {
            Answer::Empty => Bytes::new(),
            Answer::Otlp => {
                let why = done.refused.first().map_or("", |refusal| &refusal.reason);
                rpc::partial_success(done.refused.len() as u64, why).into()
            }
        })),
        Delivery::Retry(later) => Err(Status::later(Code::Unavailable, later.why, later.after)),
        Delivery::Refuse(why) => Err(Status::new(Code::InvalidArgument, why)),
    }
}

fn trouble(trouble: Trouble) -> Status {
    match trouble {
        Trouble::TooLarge(max) => Status::new(
            Code::ResourceExhausted,
            format!("message larger than max ({max} bytes, also inflated): send fewer records at once"),
        ),
        Trouble::NoRoom => Status::later(Code::ResourceExhausted, "too much in hand, come again", RETRY_AFTER),
        Trouble::Slow => {
            Status::later(Code::DeadlineExceeded, format!("the message paused for over {} s", PAUSE_MAX.as_secs()), RETRY_AFTER)
        }
        Trouble::Damaged(why) => Status::new(Code::InvalidArgument, format!("the message is damaged: {why}")),
        Trouble::Gone => Status::new(Code::Unknown, "gone"), // nobody hears it
    }
}

fn denied(denied: Denied) -> Status {
    match denied {
        Denied::Unknown(_) => Status::new(Code::Unauthenticated, "who are you? the credentials are missing, or not known here"),
        Denied::Forbidden(why) => Status::new(Code::PermissionDenied, why),
        Denied::Invalid(why) => Status::new(Code::InvalidArgument, why),
        Denied::Later(after, why) => Status::later(Code::Unavailable, why, after),
    }
}
