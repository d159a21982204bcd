//! HTTP/1.1: paths to which bodies are sent that are pushed, shared by the receivers whose endpoint it is.

mod answer;
mod body;
mod connection;
mod cors;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
pub use http::Method as Verb;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use logloom_wire::Encoding;

use self::answer::{Refusal, text};
pub use self::{answer::Style, cors::Cors};
use crate::{
    Feed, Room, Stopping, Tasks,
    access::{Access, Denied},
    feed::From,
    grpc::Ready,
};

/// The room for what is in hand, in bodies of the largest size.
const IN_HAND_BODIES_MAX: u64 = 8;
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// What stands for no content type at all.
const NO_TYPE: &str = "application/octet-stream";
/// The longest text of a client that is told back to it, in characters.
const ECHO_CHARS_MAX: usize = 100;

type Answer = Response<Full<Bytes>>;

/// A server of HTTP/1.1.
pub struct Http {
    idle_max: Duration,
    room: Arc<Room>,
    ready: Ready,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    body_bytes_max: usize,
    routes: HashMap<String, Vec<(Verb, Route)>>,
}

#[derive(Clone)]
struct Route {
    site: Arc<Site>,
    serves: Serves,
}

/// One receiver's part of a server.
#[derive(Debug, Default)]
pub struct Site {
    /// The largest body, as sent and inflated.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub read_max: Duration,
    /// The status that tells a client to come again when nothing is taken.
    pub later: u16,
    /// Which pages may send from a browser.
    pub cors: Option<Cors>,
    /// Who may send.
    pub access: Option<Arc<Access>>,
}

/// What serves a path.
#[derive(Clone)]
pub enum Serves {
    /// Bodies of these content types are pushed.
    Push(Arc<Vec<Take>>, Style),
    /// It is always the same: its content type, and its body.
    Page(String, Bytes),
    /// Whether the service is up.
    Ready,
    /// Its receiver is no more.
    Gone,
}

/// Bodies of one content type.
pub struct Take {
    /// In lower case, without parameters.
    pub content_type: String,
    /// Where they go.
    pub feed: Arc<dyn Feed>,
    /// How the content itself is coded, whether a header says so or not.
    pub packed: Option<Encoding>,
}

/// One request, as far as it is known before its body.
struct Call<'c> {
    headers: &'c HeaderMap,
    content_type: String,
    peer: &'c Arc<str>,
    names: &'c [String],
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl Http {
    /// Nothing is there yet but `/healthz` and `/readyz`. `within`: the process's room. A connection may stay for `idle_max` without a request,
    /// or take that for the headers of one.
    pub fn new(within: &Arc<Room>, idle_max: Duration, ready: Ready) -> Arc<Self> {
        Arc::new(Self { idle_max, room: within.part(0), ready, state: RwLock::default() })
    }

    /// Answers these too, by method and path.
    pub fn join(&self, site: Site, routes: Vec<(Verb, String, Serves)>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let more = site.body_bytes_max.saturating_sub(state.body_bytes_max);
        state.body_bytes_max += more;
        self.room.grow(IN_HAND_BODIES_MAX * more as u64);
        let site = Arc::new(site);
        for (verb, path, serves) in routes {
            let methods = state.routes.entry(path).or_default();
            methods.retain(|(known, _)| *known != verb);
            methods.push((verb, Route { site: Arc::clone(&site), serves }));
        }
    }

    /// These are answered no more: who asks is told to come again, in case that its receiver does.
    pub fn leave(&self, routes: &[(Verb, String)]) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (verb, path) in routes {
            let found = state.routes.get_mut(path).and_then(|methods| methods.iter_mut().find(|(known, _)| known == verb));
            if let Some((_, route)) = found {
                route.serves = Serves::Gone;
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: &Arc<str>, names: &[String], tasks: &Tasks, stopping: &Stopping) -> Answer {
        let path = decoded(request.uri().path());
        let (verb, methods) = (request.method().clone(), self.methods(&path));
        let is = |known: &Verb| *known == verb || (verb == Verb::HEAD && *known == Verb::GET);
        let mut answer = if let Some((_, route)) = methods.iter().find(|(known, _)| is(known)) {
            let origin = request.headers().get(header::ORIGIN).cloned();
            let mut answer = self.served(route, request, peer, names, tasks, stopping).await;
            if let Some(cors) = &route.site.cors {
                cors.tell(origin.as_ref(), answer.headers_mut());
            }
            answer
        } else if methods.is_empty() {
            self.elsewhere(&path).await
        } else if let Some(cors) = methods.iter().find_map(|(_, route)| route.site.cors.as_ref()).filter(|_| verb == Verb::OPTIONS) {
            let allowed: Vec<&Verb> = methods.iter().map(|(verb, _)| verb).collect();
            cors.preflight(request.headers(), &allowed)
        } else {
            let mut allowed: Vec<&str> = methods.iter().map(|(verb, _)| verb.as_str()).collect();
            if allowed.contains(&"GET") {
                allowed.push("HEAD");
            }
            let allowed = allowed.join(", ");
            let mut answer = text(405, format!("only {allowed}\n"));
            if let Ok(allowed) = HeaderValue::from_str(&allowed) {
                answer.headers_mut().insert(header::ALLOW, allowed);
            }
            answer
        };
        answer.headers_mut().insert(header::SERVER, HeaderValue::from_static("logloom"));
        answer
    }

    fn methods(&self, path: &str) -> Vec<(Verb, Route)> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).routes.get(path).cloned().unwrap_or_default()
    }

    async fn served(
        &self,
        route: &Route,
        request: Request<Incoming>,
        peer: &Arc<str>,
        names: &[String],
        tasks: &Tasks,
        stopping: &Stopping,
    ) -> Answer {
        let (head, body) = request.into_parts();
        let call = Call { headers: &head.headers, content_type: content_type(&head.headers), peer, names };
        match &route.serves {
            Serves::Push(takes, style) => {
                let mut arriving = self.arriving(body);
                let pushed = self.pushed(&route.site, takes, *style, &call, &mut arriving, stopping).await;
                let mut answer = pushed.unwrap_or_else(|refusal| style.refused(&call.content_type, &refusal));
                if !arriving.is_at_end() {
                    // Refused unread: what follows would be the rest of the body, which is read for a while so that the client gets to see why.
                    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    tasks.spawn(arriving.lingers());
                }
                answer
            }
            Serves::Page(content_type, data) => match admitted(&route.site, &call).await {
                Ok(_) => answer::page(content_type, data.clone()),
                Err(refusal) => refusal.answer(text(refusal.status, format!("{}\n", refusal.message))),
            },
            Serves::Ready => match admitted(&route.site, &call).await {
                Ok(_) => self.readiness().await,
                Err(refusal) => refusal.answer(text(refusal.status, format!("{}\n", refusal.message))),
            },
            Serves::Gone => {
                let refusal = Refusal::later(503, "stopping", RETRY_AFTER);
                refusal.answer(text(503, "stopping\n".into()))
            }
        }
    }

    async fn readiness(&self) -> Answer {
        if self.is_ready().await { text(200, "ready\n".into()) } else { text(503, "not ready\n".into()) }
    }

    async fn is_ready(&self) -> bool {
        let ready = Arc::clone(&self.ready);
        tokio::task::spawn_blocking(move || ready()).await.unwrap_or(false) // its panic: not ready
    }

    async fn elsewhere(&self, path: &str) -> Answer {
        match path {
            "/healthz" | "/livez" => text(200, "ok\n".into()),
            "/readyz" => self.readiness().await,
            // Whoever has this path may not be up yet: a client must not take it for gone.
            _ if !self.is_ready().await => {
                let refusal = Refusal::later(503, "not ready", RETRY_AFTER);
                refusal.answer(text(503, "not ready\n".into()))
            }
            _ => {
                let mut paths: Vec<String> = self.state.read().unwrap_or_else(PoisonError::into_inner).routes.keys().cloned().collect();
                paths.sort_unstable();
                text(404, format!("nothing here; paths: {}, /healthz, /readyz\n", paths.join(", ")))
            }
        }
    }
}

/// Who sends, before anything is read of the body.
async fn admitted(site: &Site, call: &Call<'_>) -> Result<From, Refusal> {
    let mut from = From { peer: Arc::clone(call.peer), ..From::default() };
    match &site.access {
        None => call.names.first().map(String::as_str).unwrap_or_default().clone_into(&mut from.identity),
        Some(access) => {
            let granted = access.admit(call.headers, call.peer, call.names).await.map_err(|denied| match denied {
                Denied::Unknown(challenge) => Refusal {
                    header: HeaderValue::from_str(&challenge).ok().map(|value| (header::WWW_AUTHENTICATE, value)),
                    ..Refusal::new(401, "who are you? the credentials are missing, or not known here")
                },
                Denied::Forbidden(why) => Refusal::new(403, why),
                Denied::Invalid(why) => Refusal::new(400, why),
                Denied::Later(after, why) => Refusal::later(429, why, after),
            })?;
            granted.identity.clone_into(&mut from.identity);
            granted.tenant.clone_into(&mut from.tenant);
        }
    }
    Ok(from)
}

/// What a body is said to be, in lower case, without parameters.
fn content_type(headers: &HeaderMap) -> String {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim().to_lowercase();
    if kind.contains('/') { kind } else { NO_TYPE.into() }
}

/// A path without its percent signs; as it is where they mean nothing.
fn decoded(path: &str) -> String {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let pair = (byte == b'%').then(|| bytes.as_slice_of_two()).flatten();
        match pair {
            Some(decoded) => {
                out.push(decoded);
                bytes.nth(1);
            }
            None => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

trait Two {
    /// The byte that the next two are in hexadecimal.
    fn as_slice_of_two(&self) -> Option<u8>;
}

impl Two for std::str::Bytes<'_> {
    fn as_slice_of_two(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(ahead.next()?)?, digit(ahead.next()?)?);
        Some((high << 4 | low) as u8)
    }
}

/// A text of a client, as much of it as is told back.
fn echoed(text: &str) -> &str {
    text.char_indices().nth(ECHO_CHARS_MAX).map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_where_they_are_encoded() {
        for (path, is) in [
            ("/v1/logs", "/v1/logs"),
            ("/v1%2Flogs", "/v1/logs"),
            ("/a%zz", "/a%zz"),
            ("/a%2", "/a%2"),
            ("/%ff", "/%ff"),
            ("/%c3%a4", "/ä"),
        ] {
            assert_eq!(decoded(path), is);
        }
    }

    #[test]
    fn content_types_have_any_case_and_parameters() {
        for (said, is) in [("Application/JSON; charset=utf-8", "application/json"), ("nonsense", NO_TYPE), ("", NO_TYPE)] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(said))]);
            assert_eq!(content_type(&headers), is);
        }
        assert_eq!(content_type(&HeaderMap::new()), NO_TYPE);
    }
}
