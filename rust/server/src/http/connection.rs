//! One connection of HTTP/1.1.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::Http;
use crate::{Connected, Protocol, Stopping, Tasks};

/// What is read at once, and the most bytes of the head of one request.
const BUFFER_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 128;

impl Protocol for Http {
    fn serve(self: Arc<Self>, connected: Connected, tasks: Tasks, mut stopping: Stopping) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let Connected { io, peer, names } = connected;
            let idle_max = self.idle_max;
            let stops = stopping.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let (http, peer, names) = (Arc::clone(&self), Arc::clone(&peer), Arc::clone(&names));
                let (tasks, stopping) = (tasks.clone(), stops.clone());
                async move { Ok::<_, Infallible>(http.answer(request, &peer, &names, &tasks, &stopping).await) }
            });
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(idle_max)
                .max_buf_size(BUFFER_BYTES_MAX)
                .max_headers(HEADERS_MAX)
                .title_case_headers(true);
            let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
            tokio::select! {
                _ = connection.as_mut() => return, // how it ended is the client's affair
                () = stopping.wait() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await; // likewise
        })
    }
}
