//! Who may send: what was decided of a credential is kept for a while, and decided anew once, however many ask.

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName};
use ring::{hmac, rand::SystemRandom};
use tokio::sync::watch;

/// The most decisions that are kept, and as many refusals, apart: who guesses drives out nobody.
const KEPT_MAX: usize = 4096;
/// The most decisions that are being waited for; who comes then is asked to come again.
const ASKING_MAX: usize = 64;
/// When, where nothing better is known.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a refusal is kept.
const REFUSAL_TTL: Duration = Duration::from_secs(1);
/// The longest that a decision is kept.
const TTL_MAX: Duration = Duration::from_secs(3600);

/// What is known of who asks.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The headers that decide, by lower-case names: secrets.
    pub headers: Vec<(String, String)>,
    /// The peer's address; it may be told, and must not decide: the answer is kept for others that show the same.
    pub peer: String,
    /// Who the client's certificate says it is.
    pub names: Vec<String>,
}

/// Who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// The name; stands in the records' Origin.
    pub identity: String,
    /// Whose records it sends; empty for the default one.
    pub tenant: String,
    /// How long this may be kept.
    pub ttl: Duration,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody that is known here; what `WWW-Authenticate` says.
    Unknown(String),
    /// Known, and not allowed: why.
    Forbidden(String),
    /// What it says of itself means nothing: why.
    Invalid(String),
    /// Not to be told now: when to come again, and why.
    Later(Duration, String),
}

/// What is decided of a credential.
pub type Decision = Result<Arc<Granted>, Denied>;
/// Decides; it may take its time, and is called on a thread for that.
pub type Decide = Box<dyn Fn(Asked) -> Result<Granted, Denied> + Send + Sync>;

/// Asks, and keeps the answers.
pub struct Access {
    decide: Decide,
    reads: Vec<HeaderName>,
    /// Makes of credentials what stands for them here: neither found from outside nor turned back.
    key: hmac::Key,
    state: Mutex<State>,
}

type Hash = [u8; 32];

#[derive(Default)]
struct State {
    granted: Kept,
    denied: Kept,
    asking: HashMap<Hash, watch::Receiver<Option<Decision>>>,
    /// Rises when all is forgotten.
    since: u64,
}

#[derive(Default)]
struct Kept {
    by_hash: HashMap<Hash, (Decision, Instant)>,
    order: VecDeque<Hash>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("reads", &self.reads).finish_non_exhaustive()
    }
}

impl Access {
    /// `decide` goes by the headers named in `reads` and the client's certificate, and nothing else.
    ///
    /// # Errors
    /// A name is none of a header, or the system has no random numbers.
    pub fn new(decide: Decide, reads: &[String]) -> Result<Arc<Self>, String> {
        let names: Result<Vec<_>, _> = reads.iter().map(|name| name.to_lowercase().parse::<HeaderName>()).collect();
        let reads = names.map_err(|error| error.to_string())?;
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| "the system gives no random numbers")?;
        Ok(Arc::new(Self { decide, reads, key, state: Mutex::default() }))
    }

    /// Who sends, by these headers and the names of its certificate.
    pub async fn admit(self: &Arc<Self>, headers: &HeaderMap, peer: &str, names: &[String]) -> Decision {
        let hash = self.hash(headers, names);
        let mut decided = {
            let mut state = self.lock();
            if let Some(decision) = state.granted.get(&hash).or_else(|| state.denied.get(&hash)) {
                return decision;
            }
            if let Some(asking) = state.asking.get(&hash) {
                asking.clone()
            } else if state.asking.len() >= ASKING_MAX {
                return Err(Denied::Later(AGAIN, "too many wait for their credentials to be checked".into()));
            } else {
                let (sender, receiver) = watch::channel(None);
                state.asking.insert(hash, receiver.clone());
                self.ask(hash, self.asked(headers, peer, names), state.since, sender);
                receiver
            }
        };
        let decision = decided.wait_for(Option::is_some).await.ok().and_then(|decision| decision.clone());
        decision.unwrap_or_else(|| Err(Denied::Later(AGAIN, "who you are cannot be told now".into())))
    }

    /// What decides is another now: all is asked anew.
    pub fn forget(&self) {
        let mut state = self.lock();
        *state = State { since: state.since + 1, ..State::default() };
    }

    fn ask(self: &Arc<Self>, hash: Hash, asked: Asked, since: u64, told: watch::Sender<Option<Decision>>) {
        let access = Arc::clone(self);
        // Whoever asked first may be gone before it is decided: others wait for it, too.
        tokio::task::spawn_blocking(move || {
            let decided = catch_unwind(AssertUnwindSafe(|| (access.decide)(asked)));
            let failed = || Err(Denied::Later(AGAIN, "who you are cannot be told now".into()));
            let decision = decided.unwrap_or_else(|_| failed()).map(Arc::new);
            let mut state = access.lock();
            if state.since == since {
                state.asking.remove(&hash);
                state.keep(hash, &decision);
            }
            drop(state);
            told.send_replace(Some(decision));
        });
    }

    fn asked(&self, headers: &HeaderMap, peer: &str, names: &[String]) -> Asked {
        let text = |name: &HeaderName| {
            let value = headers.get(name)?.as_bytes();
            Some((name.as_str().to_owned(), String::from_utf8_lossy(value).into_owned()))
        };
        Asked { headers: self.reads.iter().filter_map(text).collect(), peer: peer.to_owned(), names: names.to_vec() }
    }

    fn hash(&self, headers: &HeaderMap, names: &[String]) -> Hash {
        let mut context = hmac::Context::with_key(&self.key);
        let mut add = |part: Option<&[u8]>| {
            context.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
            context.update(part.unwrap_or_default());
        };
        for name in &self.reads {
            add(headers.get(name).map(http::HeaderValue::as_bytes));
        }
        for name in names {
            add(Some(name.as_bytes()));
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, hash: Hash, decision: &Decision) {
        let (kept, ttl) = match decision {
            Ok(granted) => (&mut self.granted, granted.ttl.min(TTL_MAX)),
            Err(Denied::Later(..)) => return,
            Err(_) => (&mut self.denied, REFUSAL_TTL),
        };
        if kept.by_hash.insert(hash, (decision.clone(), Instant::now() + ttl)).is_none() {
            kept.order.push_back(hash);
        }
        if kept.order.len() > KEPT_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_hash.remove(&oldest);
        }
    }
}

impl Kept {
    fn get(&self, hash: &Hash) -> Option<Decision> {
        self.by_hash.get(hash).filter(|(_, until)| Instant::now() < *until).map(|(decision, _)| decision.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn header(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::AUTHORIZATION, http::HeaderValue::from_static(value))])
    }

    fn access(asked: &Arc<AtomicUsize>, ttl: Duration) -> Arc<Access> {
        let asked = Arc::clone(asked);
        let decide = move |it: Asked| {
            asked.fetch_add(1, Ordering::SeqCst);
            match it.headers.first().map(|header| header.1.as_str()) {
                Some("good") => Ok(Granted { identity: "ann".into(), tenant: String::new(), ttl }),
                Some("panic") => panic!("no"),
                _ => Err(Denied::Unknown("Basic".into())),
            }
        };
        Access::new(Box::new(decide), &["Authorization".into()]).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_credential_is_decided_once_however_many_ask() {
        let asked = Arc::new(AtomicUsize::new(0));
        let access = access(&asked, TTL_MAX);
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let access = Arc::clone(&access);
            all.spawn(async move { access.admit(&header("good"), "peer", &[]).await.unwrap().identity.clone() });
        }
        assert!(all.join_all().await.iter().all(|name| name == "ann"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        access.forget();
        assert!(access.admit(&header("good"), "peer", &[]).await.is_ok());
        assert!(access.admit(&header("good"), "peer", &["spiffe://a".into()]).await.is_ok());
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_may_not_be_kept_is_asked_again_and_a_panic_is_later() {
        let asked = Arc::new(AtomicUsize::new(0));
        let access = access(&asked, Duration::ZERO);
        for _ in 0..2 {
            assert!(access.admit(&header("good"), "peer", &[]).await.is_ok());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert_eq!(access.admit(&header("bad"), "peer", &[]).await, Err(Denied::Unknown("Basic".into())));
        assert_eq!(access.admit(&HeaderMap::new(), "peer", &[]).await, Err(Denied::Unknown("Basic".into())));
        assert!(matches!(access.admit(&header("panic"), "peer", &[]).await, Err(Denied::Later(..))));
        assert!(matches!(access.admit(&header("panic"), "peer", &[]).await, Err(Denied::Later(..))));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_is_kept_than_may_be() {
        let asked = Arc::new(AtomicUsize::new(0));
        let access = access(&asked, TTL_MAX);
        assert!(access.admit(&header("good"), "peer", &[]).await.is_ok());
        for number in 0..=KEPT_MAX {
            let _ = access.admit(&header("bad"), "peer", &[number.to_string()]).await;
        }
        assert!(access.lock().denied.by_hash.len() <= KEPT_MAX);
        assert!(access.admit(&header("good"), "peer", &[]).await.is_ok());
        assert_eq!(asked.load(Ordering::SeqCst), KEPT_MAX + 2);
    }
}
