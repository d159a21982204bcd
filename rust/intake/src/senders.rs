//! Who may send where, and how much: what `service.identities` says, held for whoever pushes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Of so many identities it is known what they sent; the buckets of those that sent little are made anew.
const IDENTITIES_MAX: usize = 65_536;
/// A sender over its limit is asked to wait so long at least.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// And so long at most: whoever sent one message of many seconds' worth is asked again.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What one identity may do, or each that a pattern fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SenderRule {
    /// Its name; one `*` in it stands for anything.
    pub pattern: String,
    /// The pipelines that may take what it sends; all without it.
    pub pipelines: Option<Vec<String>>,
    /// How many records it may send a second; 0: as many as it likes.
    pub records_per_s: f64,
    /// The same in bytes, as they came.
    pub bytes_per_s: f64,
    /// How many seconds' worth may come at once.
    pub burst_s: f64,
}

impl SenderRule {
    fn fits(&self, identity: &str) -> bool {
        match self.pattern.split_once('*') {
            None => self.pattern == identity,
            Some((before, after)) => {
                identity.len() >= before.len() + after.len() && identity.starts_with(before) && identity.ends_with(after)
            }
        }
    }

    fn is_bound(&self) -> bool {
        self.records_per_s > 0.0 || self.bytes_per_s > 0.0
    }

    /// Whether the pipeline may take what the identity sends.
    pub(crate) fn may_write(&self, pipeline: &str) -> bool {
        self.pipelines.as_ref().is_none_or(|pipelines| pipelines.iter().any(|name| name == pipeline))
    }
}

/// All rules, and what each identity has sent of late.
#[derive(Debug, Default)]
pub struct Senders {
    rules: Vec<SenderRule>,
    spent: Mutex<HashMap<String, Spent>>,
}

/// What an identity has sent that time has not made good yet. A message is taken while there is none over the burst, however large
/// it is: so the largest can be sent, and what follows waits the longer.
#[derive(Clone, Copy, Debug)]
struct Spent {
    records: f64,
    bytes: f64,
    at: Instant,
}

impl Spent {
    fn at(self, now: Instant, rule: &SenderRule) -> Self {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let left = |spent: f64, per_s: f64| (spent - passed * per_s).max(0.0);
        Self { records: left(self.records, rule.records_per_s), bytes: left(self.bytes, rule.bytes_per_s), at: now }
    }
}

impl Senders {
    /// The rules, the most exact first: the first that fits holds.
    pub fn new(rules: Vec<SenderRule>) -> Self {
        Self { rules, spent: Mutex::default() }
    }

    /// What holds for this identity; empty: for whoever did not say who it is.
    pub(crate) fn rule(&self, identity: &str) -> Option<&SenderRule> {
        self.rules.iter().find(|rule| rule.fits(identity))
    }

    /// How long it must wait before it may send more; `None`: not at all.
    pub(crate) fn wait(&self, rule: &SenderRule, identity: &str, now: Instant) -> Option<Duration> {
        if !rule.is_bound() {
            return None;
        }
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner).get(identity)?.at(now, rule);
        let over = |spent: f64, per_s: f64| if per_s > 0.0 { spent / per_s - rule.burst_s } else { f64::NEG_INFINITY };
        let wait_s = over(spent.records, rule.records_per_s).max(over(spent.bytes, rule.bytes_per_s));
        (wait_s >= 0.0).then(|| Duration::from_secs_f64(wait_s.min(WAIT_MAX.as_secs_f64())).max(WAIT_MIN))
    }

    /// It sent this.
    pub(crate) fn spend(&self, rule: &SenderRule, identity: &str, records: u64, bytes: u64, now: Instant) {
        if !rule.is_bound() {
            return;
        }
        let mut all = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spent) = all.get_mut(identity) {
            *spent = spent.at(now, rule);
            spent.records += records as f64;
            spent.bytes += bytes as f64;
            return;
        }
        if all.len() >= IDENTITIES_MAX {
            all.retain(|_, spent| now.saturating_duration_since(spent.at) < WAIT_MAX);
        }
        if all.len() < IDENTITIES_MAX {
            all.insert(identity.to_owned(), Spent { records: records as f64, bytes: bytes as f64, at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &str, records_per_s: f64, bytes_per_s: f64) -> SenderRule {
        SenderRule { pattern: pattern.into(), records_per_s, bytes_per_s, burst_s: 2.0, ..SenderRule::default() }
    }

    #[test]
    fn one_star_stands_for_anything() {
        for (pattern, identity, fits) in [
            ("ann", "ann", true),
            ("ann", "anna", false),
            ("*", "", true),
            ("spiffe://mesh/*", "spiffe://mesh/ns/shop", true),
            ("spiffe://mesh/*", "spiffe://mes", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*.shop.example", "cart.shop.example", true),
        ] {
            assert_eq!(rule(pattern, 0.0, 0.0).fits(identity), fits, "{pattern} {identity}");
        }
    }

    #[test]
    fn the_burst_is_taken_at_once_and_then_the_rate_holds() {
        let senders = Senders::new(vec![rule("ann", 100.0, 0.0)]);
        let rule = senders.rule("ann").cloned().unwrap_or_default();
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert_eq!(senders.wait(&rule, "ann", start), None);
        senders.spend(&rule, "ann", 199, 1 << 40, start);
        assert_eq!(senders.wait(&rule, "ann", start), None, "bytes are not bound");
        senders.spend(&rule, "ann", 101, 0, start);
        assert_eq!(senders.wait(&rule, "ann", start), Some(Duration::from_secs(1)));
        assert_eq!(senders.wait(&rule, "eve", start), None, "each has a bucket of its own");
        assert!(senders.wait(&rule, "ann", at(900)).is_some());
        assert_eq!(senders.wait(&rule, "ann", at(1001)), None);
    }

    #[test]
    fn a_message_of_any_size_is_taken_and_the_next_waits_the_longer() {
        let senders = Senders::new(vec![rule("*", 0.0, 1000.0)]);
        let rule = senders.rule("").cloned().unwrap_or_default();
        let start = Instant::now();
        senders.spend(&rule, "", 1, 1 << 30, start);
        assert_eq!(senders.wait(&rule, "", start), Some(WAIT_MAX));
    }
}
