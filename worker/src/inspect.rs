//! What a data engineer asks about one table: what it is, its history, its files, the inside of a
//! file. Each answer reads what it tells and nothing more, and says what that cost.

mod bound_text;
mod counted;
mod describe;
mod files;
mod footer;
mod history;
mod layout;
mod state;
mod type_text;
mod versions;

use crate::meter::Meter;
use protocol::Cost;
use web_time::Instant;

/// A text that comes from a file is cut to so many characters: nobody reads more in a table's cell.
const MAX_TEXT_CHARS: usize = 160;

/// What was read since `started`.
fn cost(meter: &Meter, started: Instant) -> Cost {
    Cost {
        n_requests: meter.n_requests(),
        fetched_bytes: meter.fetched_bytes(),
        elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
    }
}

/// `text`, or its beginning with an ellipsis.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
