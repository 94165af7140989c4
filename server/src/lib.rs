//! The thin server: it says who you are, and it serves files. It never opens a data file's contents.
//!
//! [`users`] keeps who may log in, [`router`] answers requests, [`listen`] binds a port and serves
//! until it is told to stop. TLS is not here: put a proxy in front for anything but this machine,
//! since browsers keep the session's cookie over `https` and on `localhost` only.
//!
//! It runs on Unix: the users' file relies on its file modes, entity tags on its inodes.

mod access_log;
mod clock;
mod cookie;
mod entity_tag;
mod headers;
mod lake;
pub mod listen;
mod login;
pub mod page;
mod refusal;
mod router;
mod session;
mod throttle;
pub mod users;

pub use clock::{Clock, SystemClock};
pub use cookie::COOKIE_NAME;
pub use login::LoginPolicy;
pub use router::{Config, ConfigError, router};
