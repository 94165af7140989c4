//! Where a scheduler is: `ballista://host:port`.

use std::fmt;
use std::str::FromStr;
use url::Url;

/// The port of a scheduler that says nothing else.
const DEFAULT_PORT: u16 = 50050;

/// The scheduler of an Apache Ballista cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or a number, as in a URL: IPv6 in brackets.
    host: String,
    port: u16,
}

/// A text that names no scheduler.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("engine {text:?} is not `ballista://HOST:PORT`")]
pub struct AddressError {
    /// The text.
    pub text: String,
}

impl Address {
    /// `host:port`.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ballista://{}", self.authority())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let refuse = || AddressError { text: text.to_owned() };
        let url = Url::parse(text).map_err(|_| refuse())?;
        let is_bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        match url.host_str() {
            Some(host) if url.scheme() == "ballista" && is_bare && !host.is_empty() => {
                Ok(Address { host: host.to_owned(), port: url.port().unwrap_or(DEFAULT_PORT) })
            }
            _ => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduler_is_a_host_and_a_port() {
        let check = |text: &str, expected: Option<&str>| {
            let address = text.parse::<Address>().ok();
            assert_eq!(address.map(|address| address.to_string()).as_deref(), expected, "{text}");
        };
        check("ballista://localhost:50050", Some("ballista://localhost:50050"));
        check("ballista://10.0.0.7/", Some("ballista://10.0.0.7:50050"));
        check("ballista://[::1]:7", Some("ballista://[::1]:7"));
        for text in ["", "localhost:50050", "http://h:1", "ballista://", "ballista://u:p@h:1"] {
            check(text, None);
        }
        check("ballista://h:1/path", None);
        check("ballista://h:99999", None);
    }
}
