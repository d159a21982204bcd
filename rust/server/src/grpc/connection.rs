//! One connection of HTTP/2: its windows, its probes, its end.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::{Instant, sleep_until};

use super::{
    Grpc,
    streams::{Begun, Streams},
};
use crate::{Connected, Protocol, Stopping, Tasks};

/// The most bytes of headers of one request.
const HEADERS_BYTES_MAX: u32 = 16 << 10;
/// Larger than usual, for less work per request; a frame is whole in memory before anybody counts it.
const FRAME_BYTES_MAX: u32 = 64 << 10;
/// What a client may send before it is read, on a stream and on all of a connection.
const WINDOW_BYTES: u32 = 1 << 20;
/// Requests that were reset before they were seen, until the connection is closed.
const RESETS_MAX: usize = 20;
/// How long a client may take to begin: a connection on which nothing is said is closed.
const BEGIN_MAX: Duration = Duration::from_secs(20);
/// What an answer may take before the client reads it.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// What every client of HTTP/2 says first.
const PREFACE_BYTES: u64 = 24;

/// What the requests of one connection share.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) peer: Arc<str>,
    pub(super) names: Arc<[String]>,
    in_hand: AtomicUsize,
    idle_since: Mutex<Instant>,
}

/// One request in hand.
struct InHand(Arc<Line>);

impl Line {
    fn enter(self: &Arc<Self>) -> InHand {
        self.in_hand.fetch_add(1, Ordering::AcqRel);
        InHand(Arc::clone(self))
    }

    /// Since when there was no request; `None` while there is one.
    fn idle_since(&self) -> Option<Instant> {
        let since = *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
        (self.in_hand.load(Ordering::Acquire) == 0).then_some(since)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        *self.0.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.in_hand.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Protocol for Grpc {
    fn serve(self: Arc<Self>, connected: Connected, tasks: Tasks, stopping: Stopping) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.connection(connected, tasks, stopping).await })
    }
}

impl Grpc {
    async fn connection(self: Arc<Self>, connected: Connected, tasks: Tasks, mut stopping: Stopping) {
        let Connected { io, peer, names } = connected;
        let read = io.read_bytes();
        let begun = Instant::now();
        let line = Arc::new(Line { peer, names, in_hand: AtomicUsize::new(0), idle_since: Mutex::new(begun) });
        let service = {
            let (grpc, line, tasks, stopping) = (Arc::clone(&self), Arc::clone(&line), tasks.clone(), stopping.clone());
            service_fn(move |request: Request<Incoming>| {
                let (grpc, in_hand, tasks, stopping) = (Arc::clone(&grpc), line.enter(), tasks.clone(), stopping.clone());
                async move { Ok::<_, Infallible>(grpc.answer(request, &in_hand.0, &tasks, stopping).await) }
            })
        };
        let bounds = &self.bounds;
        let begun_here = Begun::default();
        let mut streams = Streams::new(begun_here.clone());
        let mut builder = http2::Builder::new(begun_here);
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(bounds.streams_max)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .max_frame_size(FRAME_BYTES_MAX)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_pending_accept_reset_streams(RESETS_MAX)
            .max_send_buf_size(ANSWER_BYTES_MAX)
            .keep_alive_interval(bounds.keepalive_every)
            .keep_alive_timeout(bounds.keepalive_timeout);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
        let (mut is_leaving, mut end) = (false, None);
        loop {
            let look = self.next_look(&line, begun, is_leaving, end);
            tokio::select! {
                // How it ended is the client's affair.
                _ = poll_fn(|context| streams.poll(context, connection.as_mut(), &|words| tasks.panicked(words))) => return,
                () = stopping.wait(), if !is_leaving => is_leaving = true,
                () = sleep_until(look) => {
                    let now = Instant::now();
                    if end.is_some_and(|end| now >= end) || (now >= begun + BEGIN_MAX && read.get() < PREFACE_BYTES) {
                        return;
                    }
                    let is_old = bounds.age_max.is_some_and(|max| now >= begun + max);
                    let is_idle = bounds.idle_max.is_some_and(|max| line.idle_since().is_some_and(|since| now >= since + max));
                    if is_leaving || !(is_old || is_idle) {
                        continue;
                    }
                    is_leaving = true;
                    end = Some(now + bounds.age_grace);
                }
            }
            connection.as_mut().graceful_shutdown();
        }
    }

    /// When there is something to look at next.
    fn next_look(&self, line: &Line, begun: Instant, is_leaving: bool, end: Option<Instant>) -> Instant {
        let now = Instant::now();
        let far = now + Duration::from_secs(3600);
        let begin = Some(begun + BEGIN_MAX).filter(|at| *at > now);
        if is_leaving {
            return [begin, end].into_iter().flatten().min().unwrap_or(far);
        }
        let age = self.bounds.age_max.map(|max| begun + max);
        let idle = self.bounds.idle_max.map(|max| line.idle_since().unwrap_or(now) + max);
        [begin, age, idle].into_iter().flatten().min().unwrap_or(far).min(far)
    }
}
