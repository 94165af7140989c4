//! The names of tables, measures, dimensions, dashboards and panels.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A lower-case identifier: `a-z`, then `a-z`, `0-9` or `_`, at most 63 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// A text that is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("name {text:?} is not a lower-case letter followed by letters, digits or `_` (63 at most)")]
pub struct NameError {
    /// The text as it was given.
    pub text: String,
}

impl Name {
    /// Makes a name of `text`.
    ///
    /// # Errors
    /// [`NameError`] when `text` breaks the rule of the type.
    pub fn new(text: impl Into<String>) -> Result<Name, NameError> {
        let text = text.into();
        let mut chars = text.chars();
        let starts_right = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let goes_on_right = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if starts_right && goes_on_right && text.len() <= 63 {
            Ok(Name(text))
        } else {
            Err(NameError { text })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Name, NameError> {
        Name::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_lower_case_identifier() {
        let check =
            |text: &str, valid: bool| assert_eq!(Name::new(text).is_ok(), valid, "{text:?}");
        check("revenue", true);
        check("top_5", true);
        check("", false);
        check("5_top", false);
        check("Revenue", false);
        check("a b", false);
        check("a\"b", false);
        check(&"a".repeat(63), true);
        check(&"a".repeat(64), false);
    }
}
