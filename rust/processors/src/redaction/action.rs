//! What stands for what was found.

use std::fmt;

use ring::hmac;

use super::rules::Rule;

/// What is done with what a rule found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// `****` stands for it.
    #[default]
    Mask,
    /// Its last four characters stay.
    Partial,
    /// The attribute goes in which it stands; in a body, as `Mask`.
    Drop,
    /// A keyed pseudonym stands for it.
    Hmac,
}

/// What stands for what is masked.
pub(super) const MASK: &[u8] = b"****";

/// How many characters `Partial` leaves, where at least twice as many are hidden.
const LEFT: usize = 4;

/// The key of pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms {
    id: String,
    key: hmac::Key,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// With a key of any length; its id stands in each pseudonym, so that it can be changed.
    pub fn new(id: &str, key: &[u8]) -> Self {
        Self { id: id.into(), key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// `hmac:ID:` and 32 hexadecimal digits. What differs only in how it is written has the same; what stands at another tenant has another.
    fn of(&self, rule: &str, tenant: &str, found: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [tenant.as_bytes(), rule.as_bytes(), &normalised(rule, found)] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut out = format!("hmac:{}:", self.id).into_bytes();
        for byte in context.sign().as_ref().iter().take(16) {
            out.extend([byte >> 4, byte & 15].map(|nibble| nibble + if nibble < 10 { b'0' } else { b'a' - 10 }));
        }
        out
    }
}

/// Numbers without what stands between their groups, everything else that is not told apart by case in lower case: joins still find their other side.
fn normalised(rule: &str, found: &[u8]) -> Vec<u8> {
    match Rule::of(rule) {
        Some(Rule::Email | Rule::IpAddress | Rule::MacAddress) => found.to_ascii_lowercase(),
        Some(rule) if rule.is_number() => found.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect(),
        _ => found.to_vec(),
    }
}

/// Appends what stands for `found`.
pub(super) fn replace(action: Action, rule: &str, tenant: &str, pseudonyms: Option<&Pseudonyms>, found: &[u8], out: &mut Vec<u8>) {
    match (action, pseudonyms) {
        (Action::Hmac, Some(pseudonyms)) => out.extend_from_slice(&pseudonyms.of(rule, tenant, found)),
        (Action::Partial, _) => {
            out.extend_from_slice(MASK);
            out.extend_from_slice(last_characters(found));
        }
        _ => out.extend_from_slice(MASK),
    }
}

fn last_characters(found: &[u8]) -> &[u8] {
    let begins = |(at, byte): (usize, &u8)| (byte & 0xc0 != 0x80).then_some(at);
    let starts: Vec<usize> = found.iter().enumerate().filter_map(begins).collect();
    if starts.len() < LEFT * 3 {
        return &[];
    }
    starts.get(starts.len() - LEFT).and_then(|start| found.get(*start..)).unwrap_or_default()
}
