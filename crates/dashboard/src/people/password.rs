//! Passwords: kept as argon2id, asked for at a bounded rate.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

/// The shortest password: long enough that guessing at the rate below is hopeless.
pub(crate) const PASSWORD_CHARACTERS_MIN: usize = 12;
/// The longest, so that hashing one has a bound.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1_024;
/// Memory of one hash in KiB, passes and lanes: OWASP's second choice for argon2id, which a small server can bear.
const COST: (u32, u32, u32) = (19 * 1_024, 2, 1);
/// Wrong passwords for one address within [`WINDOW_MS`].
pub(crate) const WRONG_FOR_ONE_MAX: u32 = 5;
/// Wrong passwords in all within [`WINDOW_MS`]: what a flood of addresses may cost in hashing.
pub(crate) const WRONG_IN_ALL_MAX: u32 = 300;
/// The time in which wrong passwords are counted.
const WINDOW_MS: i64 = 15 * 60_000;

fn hasher() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What is kept of a password. `None` where it cannot be hashed.
pub(crate) fn hash(password: &str, salt: [u8; 16]) -> Option<String> {
    Some(hasher().hash_password_with_salt(password.as_bytes(), &salt).ok()?.to_string())
}

/// Whether it is the password. Takes as long where there is none to compare with, so that nobody learns who is here.
pub(crate) fn is_right(password: &str, kept: Option<&str>) -> bool {
    let stand_in = || hash("nobody's password", [7; 16]).unwrap_or_default();
    let text = kept.map_or_else(stand_in, str::to_owned);
    let matches = PasswordHash::new(&text)
        .is_ok_and(|kept| hasher().verify_password(password.as_bytes(), &kept).is_ok());
    matches && kept.is_some()
}

/// Counts wrong passwords, in memory: a restart forgives.
#[derive(Debug, Default)]
pub(crate) struct WrongOnes(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    since_ms: i64,
    in_all: u32,
    by_address: HashMap<String, u32>,
}

impl WrongOnes {
    /// Whether another try is allowed now for this address.
    pub(crate) fn allow(&self, address: &str, now_ms: i64) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms - counted.since_ms >= WINDOW_MS {
            *counted = Counted { since_ms: now_ms, ..Counted::default() };
        }
        let of_one = counted.by_address.get(&address.to_lowercase()).copied().unwrap_or_default();
        of_one < WRONG_FOR_ONE_MAX && counted.in_all < WRONG_IN_ALL_MAX
    }

    /// Counts a wrong one. The bound in all bounds the table, too.
    pub(crate) fn count(&self, address: &str) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.in_all += 1;
        *counted.by_address.entry(address.to_lowercase()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_known_by_its_hash_alone() {
        let kept = hash("correct horse battery", [1; 16]).expect("hashed");
        assert!(kept.starts_with("$argon2id$") && !kept.contains("horse"));
        assert!(is_right("correct horse battery", Some(&kept)));
        assert!(!is_right("correct horse batterz", Some(&kept)));
        assert!(!is_right("nobody's password", None), "the stand-in opens nothing");
    }

    #[test]
    fn wrong_ones_are_bounded_for_an_address_and_in_all_until_time_passes() {
        let wrong = WrongOnes::default();
        for _ in 0..WRONG_FOR_ONE_MAX {
            assert!(wrong.allow("Ada@example.com", 0));
            wrong.count("ada@example.com");
        }
        assert!(!wrong.allow("ada@example.com", 1) && wrong.allow("bob@example.com", 1));
        for at in 0..WRONG_IN_ALL_MAX - WRONG_FOR_ONE_MAX {
            wrong.count(&format!("{at}@example.com"));
        }
        assert!(!wrong.allow("bob@example.com", 1));
        assert!(wrong.allow("ada@example.com", WINDOW_MS));
    }
}
