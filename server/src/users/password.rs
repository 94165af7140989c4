//! Passwords and their Argon2id hashes. Slow on purpose: a caller in async code uses a blocking
//! thread.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use rand::Rng;

/// Shortest password that is taken, in characters.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Longest password that is taken, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// Lower-case letters and digits without those that look alike.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Why a password was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`MIN_PASSWORD_CHARS`] characters.
    #[error("the password has {n_chars} characters, at least {MIN_PASSWORD_CHARS} are needed")]
    TooShort {
        /// Its characters.
        n_chars: usize,
    },
    /// More than [`MAX_PASSWORD_BYTES`] bytes.
    #[error("the password has {n_bytes} bytes, at most {MAX_PASSWORD_BYTES} are taken")]
    TooLong {
        /// Its bytes.
        n_bytes: usize,
    },
    /// The hash could not be computed, such as for want of memory.
    #[error("the password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
}

/// Hashes `password` with Argon2id (19 MiB, 2 passes, a random salt) into a PHC string.
///
/// # Errors
/// [`PasswordError`] when the password is too short or too long, or memory runs out.
///
/// Source: RFC 9106; PHC string format; OWASP Password Storage Cheat Sheet for the parameters.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let n_chars = password.chars().count();
    if n_chars < MIN_PASSWORD_CHARS {
        return Err(PasswordError::TooShort { n_chars });
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong { n_bytes: password.len() });
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one that `phc` was made of. A string that is no hash matches nothing.
pub(crate) fn matches(password: &str, phc: &str) -> bool {
    PasswordHash::new(phc)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Whether `phc` can be checked against, so that a broken file is found when it is read.
pub(crate) fn is_hash(phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|hash| hash.algorithm == argon2::ARGON2ID_IDENT)
}

/// A random password of 20 characters in groups of five, about 99 bits.
pub fn generate_password() -> String {
    let mut rng = rand::rng();
    let mut password = String::with_capacity(23);
    for place in 0..20 {
        if place > 0 && place % 5 == 0 {
            password.push('-');
        }
        let letter = ALPHABET.get(rng.random_range(0..ALPHABET.len())).copied();
        password.push(char::from(letter.unwrap_or(b'a')));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_matches_its_password_only() {
        let phc = hash("correct horse").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(is_hash(&phc));
        assert!(matches("correct horse", &phc));
        assert!(!matches("correct horsE", &phc));
        assert!(!matches("", &phc));
        assert!(!matches("correct horse", "not a hash"));
        assert_ne!(phc, hash("correct horse").unwrap(), "each hash has its own salt");
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(matches!(hash("1234567"), Err(PasswordError::TooShort { n_chars: 7 })));
        let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
        assert!(matches!(hash(&long), Err(PasswordError::TooLong { n_bytes: 1025 })));
    }

    #[test]
    fn a_generated_password_is_taken_and_never_the_same() {
        let password = generate_password();
        assert_eq!(password.len(), 23);
        assert!(password.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)));
        assert_ne!(password, generate_password());
    }
}
