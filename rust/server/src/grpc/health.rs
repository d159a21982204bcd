//! `grpc.health.v1.Health`: whether a server takes requests, for load balancers and orchestrators.
//!
//! Specification: <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Response;
use tokio::sync::mpsc;

use super::{
    Grpc, Ready,
    reply::{Reply, answered, framed, spoken},
};
use crate::{
    Stopping, Tasks,
    rpc::{Code, Status},
};

const SERVING: &[u8] = b"\x08\x01";
const NOT_SERVING: &[u8] = b"\x08\x02";
const UNKNOWN: &[u8] = b"\x08\x03";
const WATCH_EVERY: Duration = Duration::from_millis(500);

impl Grpc {
    /// A call of the health service. The server as a whole, the service of no name, has a state; no other service has one.
    pub(super) async fn health(&self, name: &str, request: &[u8], tasks: &Tasks, stopping: Stopping) -> Result<Response<Reply>, Status> {
        let is_whole = is_of_no_name(request);
        match name {
            "Check" if is_whole => Ok(answered(Bytes::from_static(state(&self.ready).await))),
            "Check" => Err(Status::new(Code::NotFound, "no such service here: ask for the service of no name")),
            "Watch" => {
                let (sender, receiver) = mpsc::channel(1);
                let ready = Arc::clone(&self.ready);
                tasks.spawn(watch(sender, is_whole.then_some(ready), stopping));
                let end = Status::later(Code::Unavailable, "stopping", Duration::from_secs(1));
                Ok(spoken(Reply::Stream(receiver, Some(end))))
            }
            _ => Err(Status::new(Code::Unimplemented, "there is no such method here")),
        }
    }
}

/// Whether a `HealthCheckRequest`, `{service = 1}`, names no service; what is no such request names one that is not there.
fn is_of_no_name(request: &[u8]) -> bool {
    matches!(request, [] | [0x0a, 0])
}

async fn state(ready: &Ready) -> &'static [u8] {
    let ready = Arc::clone(ready);
    let is_ready = tokio::task::spawn_blocking(move || ready()).await; // its panic: not ready
    if is_ready.unwrap_or(false) { SERVING } else { NOT_SERVING }
}

/// The state now, and each time it changes, until nobody listens or the server stops.
async fn watch(told: mpsc::Sender<Bytes>, ready: Option<Ready>, mut stopping: Stopping) {
    let mut said: &[u8] = b"";
    loop {
        let now = match &ready {
            Some(ready) => state(ready).await,
            None => UNKNOWN,
        };
        if now != said && told.send(framed(now)).await.is_err() {
            return;
        }
        said = now;
        tokio::select! {
            () = told.closed() => return,
            () = stopping.wait() => return,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
}
