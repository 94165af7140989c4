//! How much memory the engine may use.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A number of bytes, written such as `512MB` or `2GB`: a mebibyte is meant by `MB`, a gibibyte by
/// `GB`. From 64MB, with which little can be asked, to 3GB, which is what a browser's 32-bit memory
/// leaves beside the engine itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Memory(u64);

/// A text that is no [`Memory`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("memory {text:?} is not between 64MB and 3GB")]
pub struct MemoryError {
    /// The text as it was given.
    pub text: String,
}

impl Memory {
    /// The number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Memory {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Memory, MemoryError> {
        let error = || MemoryError { text: text.to_owned() };
        let upper = text.trim().to_ascii_uppercase();
        let (digits, shift) = match (upper.strip_suffix("MB"), upper.strip_suffix("GB")) {
            (Some(digits), _) => (digits, 20),
            (_, Some(digits)) => (digits, 30),
            _ => return Err(error()),
        };
        let n: u64 = digits.trim().parse().map_err(|_| error())?;
        let bytes = n.checked_mul(1 << shift).ok_or_else(error)?;
        let fits = (64 << 20..=3 << 30).contains(&bytes);
        fits.then_some(Memory(bytes)).ok_or_else(error)
    }
}

impl TryFrom<String> for Memory {
    type Error = MemoryError;

    fn try_from(text: String) -> Result<Memory, MemoryError> {
        text.parse()
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % (1 << 30) {
            0 => write!(f, "{}GB", self.0 >> 30),
            _ => write!(f, "{}MB", self.0 >> 20),
        }
    }
}

impl From<Memory> for String {
    fn from(memory: Memory) -> String {
        memory.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_a_number_with_a_unit() {
        let check = |text: &str, expected: Option<&str>| {
            let found = text.parse::<Memory>().ok().map(|memory| memory.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("512MB", Some("512MB"));
        check(" 2 gb", Some("2GB"));
        check("1024MB", Some("1GB"));
        check("1500mb", Some("1500MB"));
        check("63MB", None);
        check("4GB", None);
        check("1", None);
        check("-1GB", None);
        check("99999999999999999999GB", None);
        check("18446744073709551615MB", None);
        check("", None);
    }
}
