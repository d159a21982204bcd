//! A key derived from a passphrase.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::{
    DataKey, KeyError, KeyProvider, Wrapped, hex, random,
    wrap::{self, WRAPPED_BYTES},
};

/// The version of the wrapped bytes, which stands before them.
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
/// Version, memory, passes and lanes (u32 each), salt, and then what [`wrap`] writes.
const BEFORE_BYTES: usize = 1 + 3 * 4 + SALT_BYTES;
/// The shortest passphrase, in characters.
const CHARS_MIN: usize = 12;
/// Derived keys that are kept: one a salt, and each start of a process brings one.
const DERIVED_MAX: usize = 64;

/// What deriving costs whoever tries passphrases, as argon2id counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Over OWASP's minimum (19 MiB and 2 passes, or 46 MiB and 1), and still little for a process that runs for days.
const COST: Cost = Cost { memory_kib: 64 << 10, passes: 3, lanes: 1 };

impl Cost {
    /// Whether it may be asked of us: it comes from a header that is not authenticated before the key is derived.
    fn is_sane(self) -> bool {
        let Self { memory_kib, passes, lanes } = self;
        (19 << 10..=1 << 20).contains(&memory_kib) && (1..=16).contains(&passes) && (1..=16).contains(&lanes)
    }
}

/// Wraps by a key that argon2id derives from a passphrase. Salt and cost stand beside the wrapped key, so that both can change later.
pub struct PassphraseKey {
    /// The current one first.
    passphrases: Vec<Zeroizing<String>>,
    salt: [u8; SALT_BYTES],
    derived: Mutex<Vec<Derived>>,
}

struct Derived {
    passphrase: usize,
    salt: [u8; SALT_BYTES],
    cost: Cost,
    key: DataKey,
}

impl PassphraseKey {
    /// Wraps by `current`; what one of `older` wrapped can still be unwrapped.
    pub fn new(current: Zeroizing<String>, older: Vec<Zeroizing<String>>) -> Result<Self, KeyError> {
        if current.chars().count() < CHARS_MIN {
            return Err(KeyError::Wrong(format!("the journal's passphrase is shorter than {CHARS_MIN} characters: choose a longer one")));
        }
        let mut salt = [0; SALT_BYTES];
        random(&mut salt)?;
        let passphrases = [vec![current], older].concat();
        Ok(Self { passphrases, salt, derived: Mutex::default() })
    }

    /// Takes about a tenth of a second the first time for each salt.
    fn derive(&self, passphrase: usize, salt: &[u8; SALT_BYTES], cost: Cost) -> Result<DataKey, KeyError> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner); // the list is whole between any two calls
        if let Some(known) = derived.iter().find(|known| known.passphrase == passphrase && known.salt == *salt && known.cost == cost) {
            return Ok(known.key.clone());
        }
        let failed = |error: argon2::Error| KeyError::Unavailable(format!("argon2id cannot derive the journal's key: {error}"));
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(failed)?;
        let mut key = DataKey(Zeroizing::new([0; 32]));
        let text = self.passphrases.get(passphrase).map(|text| text.as_bytes()).unwrap_or_default();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(text, salt, key.0.as_mut_slice()).map_err(failed)?;
        if derived.len() >= DERIVED_MAX {
            derived.remove(0);
        }
        derived.push(Derived { passphrase, salt: *salt, cost, key: key.clone() });
        Ok(key)
    }
}

impl fmt::Debug for PassphraseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassphraseKey(***)")
    }
}

impl KeyProvider for PassphraseKey {
    fn name(&self) -> &'static str {
        "passphrase"
    }

    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Wrapped, KeyError> {
        let by = self.derive(0, &self.salt, COST)?;
        let mut bytes = vec![VERSION];
        for value in [COST.memory_kib, COST.passes, COST.lanes] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        wrap::wrap(&by, key, context, &mut bytes)?;
        Ok(Wrapped { key_id: hex(self.salt.get(..8).unwrap_or_default()), bytes })
    }

    fn unwrap(&self, wrapped: &Wrapped, context: &[u8]) -> Result<DataKey, KeyError> {
        let changed = || KeyError::Wrong("the wrapped key is not what a passphrase wraps: the file's header was changed".to_owned());
        let version = wrapped.bytes.first().copied().unwrap_or(VERSION);
        if version != VERSION {
            return Err(KeyError::Wrong(format!(
                "the key was wrapped by a later logloom (version {version} of a wrapped key): run that one"
            )));
        }
        let whole = <&[u8; BEFORE_BYTES + WRAPPED_BYTES]>::try_from(wrapped.bytes.as_slice()).map_err(|_| changed())?;
        let (before, sealed) = (whole.first_chunk::<BEFORE_BYTES>(), whole.last_chunk::<WRAPPED_BYTES>());
        let (Some([_, cost @ ..]), Some(sealed)) = (before, sealed) else { return Err(changed()) };
        let (Some(salt), [m0, m1, m2, m3, t0, t1, t2, t3, p0, p1, p2, p3, ..]) = (cost.last_chunk::<SALT_BYTES>(), *cost) else {
            return Err(changed());
        };
        let [memory_kib, passes, lanes] = [[m0, m1, m2, m3], [t0, t1, t2, t3], [p0, p1, p2, p3]].map(u32::from_le_bytes);
        let cost = Cost { memory_kib, passes, lanes };
        if !cost.is_sane() {
            return Err(changed());
        }
        for passphrase in 0..self.passphrases.len() {
            let by = self.derive(passphrase, salt, cost)?;
            if let Some(key) = wrap::unwrap(&by, sealed, context) {
                return Ok(key);
            }
        }
        Err(KeyError::Wrong(
            "the passphrase is not the one that the journal file was written with: give that one, in older_passphrases where it was changed"
                .to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::FreshKey;

    fn provider(current: &str, older: &[&str]) -> PassphraseKey {
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        PassphraseKey::new(secret(current), older.iter().map(|text| secret(text)).collect()).unwrap()
    }

    #[test]
    fn wraps_over_restarts_and_changes_and_says_when_the_passphrase_is_wrong() {
        let first = provider("correct horse battery", &[]);
        let fresh = FreshKey::random().unwrap();
        let wrapped = first.wrap(fresh.key(), b"file 1").unwrap();
        assert_ne!(wrapped, first.wrap(fresh.key(), b"file 1").unwrap(), "a nonce of its own each time");
        let same = provider("correct horse battery", &[]);
        assert_ne!(same.wrap(fresh.key(), b"file 1").unwrap().key_id, wrapped.key_id, "a salt of its own each start");
        assert_eq!(same.unwrap(&wrapped, b"file 1").unwrap().0, fresh.key().0);
        let changed = provider("another passphrase", &["correct horse battery"]);
        assert_eq!(changed.unwrap(&wrapped, b"file 1").unwrap().0, fresh.key().0);

        let other = provider("another passphrase", &[]);
        let error = other.unwrap(&wrapped, b"file 1").unwrap_err();
        assert!(matches!(&error, KeyError::Wrong(why) if why.contains("the passphrase is not the one")), "{error}");
        assert!(matches!(first.unwrap(&wrapped, b"file 2"), Err(KeyError::Wrong(_))), "bound to its file");
        for place in 0..wrapped.bytes.len() {
            let mut bad = wrapped.clone();
            bad.bytes[place] ^= 0x80; // costs are far out of bounds then, so that this takes no hours
            if !(13..29).contains(&place) {
                assert!(matches!(first.unwrap(&bad, b"file 1"), Err(KeyError::Wrong(_))), "byte {place}");
            }
            bad.bytes.truncate(place);
            assert!(first.unwrap(&bad, b"file 1").is_err());
        }
        assert_eq!(format!("{first:?}"), "PassphraseKey(***)");
    }

    #[test]
    fn argon2id_is_the_one_of_rfc_9106() {
        // Known answer: `echo -n "correct horse battery" | argon2 somesaltsomesalt -id -k 65536 -t 3 -p 1 -l 32 -r`.
        let provider = provider("correct horse battery", &[]);
        let key = provider.derive(0, b"somesaltsomesalt", COST).unwrap();
        assert_eq!(hex(key.0.as_slice()), "d40b188d54488f1dcaf41e6e41e9e598694dbbe0d9c6cb1f27d568295e38a08a");
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let error = PassphraseKey::new(Zeroizing::new("hunter2".to_owned()), Vec::new()).unwrap_err();
        assert!(error.to_string().contains("shorter than 12 characters"), "{error}");
    }
}
