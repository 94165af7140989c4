//! The source against a real MariaDB, which `LAKEFRONT_MARIADBD` names. Without it these tests say that they
//! were skipped.

mod failing;
mod reading;
mod schema;
mod server;
mod types;
mod watermark;
