//! The URL of a server, and why one cannot be used. No error shows the URL: a password stands in it.

use mysql_async::{Opts, OptsBuilder, SslOpts};
use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// The port when the URL has none.
const PORT: u16 = 3306;

/// A connection that nothing is heard from for so long is probed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The largest packet that the protocol has. The server's own limit is at most as large, so that no
/// row that it stores is too large here.
const MAX_PACKET_BYTES: usize = 1 << 30;

/// Where a database is, and who asks.
#[derive(Clone)]
pub(super) struct Address {
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
    database: String,
    tls: Tls,
    ca_path: Option<PathBuf>,
}

/// How far the connection is encrypted, in MySQL's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// Not at all.
    Disabled,
    /// Whoever the server is.
    Required,
    /// The server's certificate is of this host, and signed by somebody known.
    VerifyIdentity,
}

/// What can be wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlRule {
    /// Not a URL.
    #[error(
        "is none ({reason}); it is mysql://user:password@host:port/database, with / : @ # ? and % of a \
         password written as %2F %3A %40 %23 %3F and %25"
    )]
    Syntax {
        /// Why not.
        reason: String,
    },
    /// Of something else.
    #[error("starts with {scheme}://, it has to be mysql://")]
    Scheme {
        /// What it starts with.
        scheme: String,
    },
    /// No host.
    #[error("names no host: mysql://user:password@host:port/database")]
    Host,
    /// No database, or something behind it.
    #[error("names no database: mysql://user:password@host:port/database")]
    Database,
    /// A parameter that there is not.
    #[error("has a parameter {name:?}, it may have ssl-mode and ssl-ca")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// A way of encrypting that there is not.
    #[error("has ssl-mode={mode:?}, it may be disabled, required or verify_identity")]
    TlsMode {
        /// The value.
        mode: String,
    },
}

impl Address {
    /// Reads `mysql://user:password@host:port/database?ssl-mode=verify_identity&ssl-ca=ca.pem`.
    ///
    /// Without `ssl-mode` the server's identity is verified, unless it is this machine: then the connection is not
    /// encrypted. `ssl-ca` is a PEM file of further authorities beside those that browsers know.
    ///
    /// # Errors
    /// [`UrlRule`].
    pub(super) fn parse(text: &str) -> Result<Address, UrlRule> {
        let syntax = |reason: String| UrlRule::Syntax { reason };
        let mut url = Url::parse(text).map_err(|error| syntax(error.to_string()))?;
        if url.scheme() != "mysql" {
            return Err(UrlRule::Scheme { scheme: url.scheme().to_owned() });
        }
        let host = match url.host() {
            Some(Host::Domain("")) | None => return Err(UrlRule::Host),
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
        };
        if url.fragment().is_some() {
            return Err(syntax("it has a #".to_owned()));
        }
        let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
        if !matches!(segments.as_slice(), [database] if !database.is_empty()) {
            return Err(UrlRule::Database);
        }
        // What goes over a network is read along unless it is encrypted, and the password with it.
        let is_here = match url.host() {
            // To the parser of URLs, which does not know the scheme, 127.0.0.1 is a name.
            Some(Host::Domain(name)) => {
                name.eq_ignore_ascii_case("localhost")
                    || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            }
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let (mut tls, mut ca_path) = (Tls::VerifyIdentity, None);
        if is_here {
            tls = Tls::Disabled;
        }
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "ssl-mode" => tls = Tls::parse(&value)?,
                "ssl-ca" => ca_path = Some(PathBuf::from(value.as_ref())),
                _ => return Err(UrlRule::Parameter { name: name.into_owned() }),
            }
        }
        let port = url.port().unwrap_or(PORT);
        // The driver decodes what is percent-encoded. Its own parameters are not ours.
        url.set_query(None);
        let opts = Opts::from_url(url.as_str()).map_err(|error| syntax(error.to_string()))?;
        Ok(Address {
            host,
            port,
            user: opts.user().map(str::to_owned),
            password: opts.pass().map(str::to_owned),
            database: opts.db_name().unwrap_or_default().to_owned(),
            tls,
            ca_path,
        })
    }

    /// What the driver connects with.
    pub(super) fn opts(&self) -> Opts {
        OptsBuilder::default()
            .ip_or_hostname(self.host.as_str())
            .tcp_port(self.port)
            .user(self.user.as_deref())
            .pass(self.password.as_deref())
            .db_name(Some(self.database.as_str()))
            .tcp_keepalive(Some(KEEPALIVE))
            .max_allowed_packet(Some(MAX_PACKET_BYTES))
            // A port of this machine may lead to another one, whose socket is not here.
            .prefer_socket(false)
            .ssl_opts(self.ssl_opts())
            .into()
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls != Tls::Disabled
    }

    /// The database in which the tables are.
    pub(super) fn database(&self) -> &str {
        &self.database
    }

    fn ssl_opts(&self) -> Option<SslOpts> {
        let roots = self.ca_path.iter().map(|path| path.clone().into()).collect();
        let opts = SslOpts::default().with_root_certs(roots);
        match self.tls {
            Tls::Disabled => None,
            Tls::Required => Some(opts.with_danger_accept_invalid_certs(true)),
            Tls::VerifyIdentity => Some(opts),
        }
    }
}

impl Tls {
    fn parse(mode: &str) -> Result<Tls, UrlRule> {
        match mode.to_lowercase().as_str() {
            "disabled" => Ok(Tls::Disabled),
            "required" => Ok(Tls::Required),
            "verify_identity" => Ok(Tls::VerifyIdentity),
            _ => Err(UrlRule::TlsMode { mode: mode.to_owned() }),
        }
    }
}

/// `host:port`, and nothing that is secret.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port, .. } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let check = |text: &str, shown: &str, user: Option<&str>, password: Option<&str>| {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            let opts = address.opts();
            assert_eq!((opts.user(), opts.pass()), (user, password), "{text}");
            assert_eq!(opts.db_name(), Some("shop"), "{text}");
            assert!(!opts.prefer_socket());
        };
        check("mysql://root@db/shop", "db:3306", Some("root"), None);
        check("mysql://a:b@127.0.0.1:3307/shop", "127.0.0.1:3307", Some("a"), Some("b"));
        check("mysql://[::1]:4000/shop", "[::1]:4000", None, None);
        check(
            "mysql://u%40x:p%2F%3A%23%25@db.example/shop",
            "db.example:3306",
            Some("u@x"),
            Some("p/:#%"),
        );
        check("mysql://u:@db/shop?ssl-mode=REQUIRED", "db:3306", Some("u"), None);
    }

    #[test]
    fn encryption_is_as_asked() {
        let check = |query: &str, expected: Option<(bool, usize)>| {
            let address = Address::parse(&format!("mysql://u:p@db/shop{query}")).unwrap();
            let opts = address.opts();
            let found = opts.ssl_opts().map(|opts| {
                assert!(!opts.skip_domain_validation());
                (opts.accept_invalid_certs(), opts.root_certs().len())
            });
            assert_eq!(found, expected, "{query}");
            assert_eq!(address.is_encrypted(), expected.is_some(), "{query}");
        };
        check("", Some((false, 0)));
        check("?ssl-ca=ca.pem", Some((false, 1)));
        check("?ssl-mode=disabled", None);
        check("?ssl-mode=required", Some((true, 0)));
        check("?ssl-mode=verify_identity&ssl-ca=ca.pem", Some((false, 1)));
        check("?ssl-mode=VERIFY_IDENTITY", Some((false, 0)));
    }

    #[test]
    fn what_stays_on_this_machine_need_not_be_encrypted() {
        let check = |host: &str, expected: bool| {
            let address = Address::parse(&format!("mysql://u:p@{host}/shop")).unwrap();
            assert_eq!(address.is_encrypted(), expected, "{host}");
        };
        for here in ["localhost", "LOCALHOST:3307", "127.0.0.1", "127.1.2.3:4000", "[::1]"] {
            check(here, false);
        }
        for there in
            ["db", "10.0.0.1", "192.168.1.5:3306", "localhost.example.com", "[2001:db8::1]"]
        {
            check(there, true);
        }
    }

    #[test]
    fn wrong_urls_say_why_and_show_no_password() {
        let check = |text: &str, part: &str| {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{text}: {error}");
        };
        check("postgres://u:hunter2@db/shop", "postgres://");
        check("u:hunter2@db/shop", "u://");
        check("hunter2", "relative URL without a base");
        check("mysql://u:hunter2/@db/shop", "%2F");
        check("mysql://u:hunter2#@db/shop", "%23");
        check("mysql://u:hunter2@db/shop#1", "it has a #");
        check("mysql://u:hunter2@db:port/shop", "invalid port number");
        check("mysql:///shop", "no host");
        check("mysql://u:hunter2@db", "no database");
        check("mysql://u:hunter2@db/", "no database");
        check("mysql://u:hunter2@db/shop/orders", "no database");
        check("mysql://u:hunter2@db/shop?pool_max=3", "\"pool_max\"");
        check("mysql://u:hunter2@db/shop?ssl-mode=verify_ca", "\"verify_ca\"");
    }

    #[test]
    fn debug_output_shows_no_password() {
        let address = Address::parse("mysql://u:hunter2@db/shop").unwrap();
        assert_eq!(format!("{address:?}"), "Address(db:3306)");
    }
}
