//! What `window_funnel` answers: the law in `law`, the cases of SQL in `sql`, the chains here.

mod law;
mod sql;

use super::chain;
use super::event_log::{Event, Steps};

/// The longest chain in `text`: `TIME:STEPS` each, such as `10:a 12:bc`, with `n` steps and a window.
fn check(n: usize, window: u64, text: &str, expected: usize) {
    let mut events: Vec<Event> = text
        .split_whitespace()
        .map(|event| {
            let (ts, letters) = event.split_once(':').unwrap();
            let mask = letters.bytes().map(|letter| 1 << (letter - b'a')).sum();
            Event { group: 0, ts: ts.parse().unwrap(), mask }
        })
        .collect();
    events.sort_unstable();
    assert_eq!(chain::longest(&events, Steps { n, window }), expected, "{n} {window} {text}");
}

#[test]
fn a_chain_is_in_order() {
    check(3, 10, "", 0);
    check(3, 10, "1:b 2:c", 0);
    check(3, 10, "1:a", 1);
    check(3, 10, "1:a 2:c", 1);
    check(3, 10, "1:b 2:a 3:c", 1);
    check(3, 10, "1:a 2:b 3:c", 3);
    check(3, 10, "1:a 2:c 3:b", 2);
    check(3, 10, "1:a 2:a 3:b 4:b 5:c", 3);
    check(3, 10, "1:c 2:b 3:a 4:b 5:c", 3);
}

#[test]
fn a_chain_is_within_the_window() {
    check(2, 10, "0:a 10:b", 2);
    check(2, 10, "0:a 11:b", 1);
    check(3, 10, "0:a 6:b 11:c", 2);
    check(3, 10, "0:a 1:b 2:a 11:c", 2);
    check(3, 10, "0:a 1:b 2:a 3:b 11:c", 3);
    // The earlier start came further, the later one lasts longer.
    check(4, 10, "0:a 1:b 2:c 5:a 6:b 12:c 13:d", 4);
    check(4, 10, "0:a 1:b 2:c 5:a 6:b 10:d 12:c 13:d", 4);
    check(2, u64::MAX, "-9223372036854775808:a 9223372036854775807:b", 2);
    check(2, u64::MAX - 1, "-9223372036854775808:a 9223372036854775807:b", 1);
}

#[test]
fn at_one_time_the_order_of_the_steps_wins() {
    check(3, 10, "1:c 1:b 1:a", 3);
    check(3, 10, "1:b 1:c 2:a", 1);
    check(4, 10, "1:a 2:d 2:c 2:b", 4);
}

#[test]
fn a_row_is_one_step() {
    check(2, 10, "1:ab", 1);
    check(2, 10, "1:ab 2:ab", 2);
    check(2, 10, "1:ab 1:ab", 2);
    check(3, 10, "1:ab 1:ab 1:ab", 2);
    check(3, 10, "1:abc 2:abc 3:abc", 3);
    check(2, 10, "1:ab 1:a", 2);
    check(2, 10, "1:a 1:ab", 2);
    check(3, 10, "1:ac 1:ab 1:bc", 3);
    check(3, 10, "1:ac 1:ac 1:abc", 3);
    check(3, 10, "1:ac 1:ac 1:c", 1);
    check(4, 10, "1:a 2:bd 2:bc", 3);
    check(4, 10, "1:a 2:bcd 2:bc 2:b", 4);
}

#[test]
fn many_rows_at_one_time_are_no_more_work() {
    let n = 32;
    let masks = (0..200_000_u32).map(|idx| idx.wrapping_mul(2_654_435_761) | 1 << (idx % 32));
    let mut events: Vec<Event> = masks.map(|mask| Event { group: 0, ts: 7, mask }).collect();
    events.sort_unstable();
    assert_eq!(chain::longest(&events, Steps { n, window: 1 }), 32);
    // All of them are the first step or the last one.
    events.iter_mut().for_each(|event| event.mask &= 1 | 1 << 31);
    events.retain(|event| event.mask != 0);
    events.sort_unstable();
    assert_eq!(chain::longest(&events, Steps { n, window: 1 }), 1);
}
