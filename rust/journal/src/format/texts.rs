//! Texts that live as long as the process: a [`Reject`](logloom_record::Reject) names its format and its reason by such, also one read from disk.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// The most texts that are kept, and the longest, in bytes. Programs have some hundreds; only the logs of many versions have more.
const TEXTS_MAX: usize = 4096;
const TEXT_BYTES_MAX: usize = 1024;
const OTHER: &str = "told by another version of logloom";

static TEXTS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

/// The same text; [`OTHER`] where there are too many.
pub(super) fn lasting(text: &str) -> &'static str {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner); // a set has no state between two calls
    let texts = texts.get_or_insert_default();
    if let Some(known) = texts.get(text) {
        return known;
    }
    if texts.len() >= TEXTS_MAX || text.len() > TEXT_BYTES_MAX {
        return OTHER;
    }
    let lasting: &'static str = Box::leak(text.into());
    texts.insert(lasting);
    lasting
}
