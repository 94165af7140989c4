//! The function in SQL: types, constants, groups, and what is refused.

use crate::session::{check_refused, check_select, check_spilled};

/// Two shoppers: the first one came to the end in an hour, the second one left the cart for a day.
const EVENTS: &str = "(values
    ('ann', timestamp '2026-03-01 10:00:00', 'view'),
    ('ann', timestamp '2026-03-01 11:00:00', 'buy'),
    ('bob', timestamp '2026-03-01 10:00:00', 'view'),
    ('bob', timestamp '2026-03-01 10:05:00', 'cart'),
    ('bob', timestamp '2026-03-02 10:05:00', 'buy'),
    ('ann', timestamp '2026-03-01 10:30:00', 'cart'),
    ('cid', timestamp '2026-03-01 10:30:00', 'buy'),
    ('dan', null, 'view'),
    ('eve', timestamp '2026-03-01 10:30:00', null)
) as events(who, ts, what)";

const STEPS: &str = "what = 'view', what = 'cart', what = 'buy'";

/// How far each of the five came.
async fn check(window: &str, ts: &str, expected: &str) {
    let call = format!("window_funnel({window}, {ts}, {STEPS})");
    check_select(&format!("who, {call} from {EVENTS} group by who order by who"), expected).await;
}

async fn check_call(call: &str, part: &str) {
    check_refused(&format!("{call} from {EVENTS}"), part).await;
}

const FAR: &str = "ann 3, bob 3, cid 0, dan 0, eve 0";
const SHORT: &str = "ann 3, bob 2, cid 0, dan 0, eve 0";
const SHORTER: &str = "ann 2, bob 2, cid 0, dan 0, eve 0";
const SHORTEST: &str = "ann 1, bob 1, cid 0, dan 0, eve 0";

#[tokio::test]
async fn a_window_is_an_interval_or_seconds() {
    check("interval '30 minutes'", "ts", SHORTER).await;
    check("interval '1 hour'", "ts", SHORT).await;
    check("interval '59 minutes 59.999999 seconds'", "ts", SHORTER).await;
    check("interval '20 minutes' + interval '40 minutes'", "ts", SHORT).await;
    check("interval '1 day 5 minutes'", "ts", FAR).await;
    check("interval '1 day 299 seconds'", "ts", SHORT).await;
    check("interval '1 week'", "ts", FAR).await;
    check("3600", "ts", SHORT).await;
    check("3599", "ts", SHORTER).await;
    check("24 * 3600 + 300", "ts", FAR).await;
    check("9223372036854775807", "ts", FAR).await;
    check("arrow_cast(3600, 'UInt64')", "ts", SHORT).await;
    check("arrow_cast(3600, 'Duration(Second)')", "ts", SHORT).await;
    check("interval '1 microsecond'", "ts", SHORTEST).await;
}

#[tokio::test]
async fn a_time_is_a_timestamp_or_a_date() {
    for unit in ["Second", "Millisecond", "Microsecond", "Nanosecond"] {
        for zone in ["None", "Some(\"+00:00\")"] {
            let ts = format!("arrow_cast(ts, 'Timestamp({unit}, {zone})')");
            check("interval '1 hour'", &ts, SHORT).await;
            check("interval '59 minutes 59 seconds'", &ts, SHORTER).await;
        }
    }
    for date in ["Date32", "Date64"] {
        let day = format!("arrow_cast(arrow_cast(ts, 'Date32'), '{date}')");
        check("interval '1 day'", &day, FAR).await;
        check("86400", &day, FAR).await;
        check("interval '23 hours'", &day, SHORT).await;
        check("86399", &day, SHORT).await;
    }
}

#[tokio::test]
async fn nobody_came_nowhere() {
    let of_none = format!("window_funnel(60, ts, {STEPS}) from {EVENTS} where who = 'nobody'");
    check_select(&of_none, "0").await;
    check_select(&format!("{of_none} group by who"), "").await;
    check_select(&format!("window_funnel(60, ts, null, true) from {EVENTS}"), "0").await;
    check_select(&format!("window_funnel(60, ts, true) from {EVENTS} where who = 'dan'"), "0")
        .await;
}

#[tokio::test]
async fn it_goes_with_filter_and_over() {
    let call = format!("window_funnel(interval '1 hour', ts, {STEPS})");
    let kept = "filter (where what <> 'cart' or what is null)";
    let filtered = format!("who, {call} {kept} from {EVENTS} group by who order by who");
    check_select(&filtered, SHORTEST).await;
    let filtered = format!("{call} filter (where who = 'bob') from {EVENTS}");
    check_select(&filtered, "2").await;
    let over = "over (partition by who order by ts)";
    let so_far = format!("who, {call} {over} from {EVENTS} where who <= 'bob' order by who, ts");
    check_select(&so_far, "ann 1, ann 2, ann 3, bob 1, bob 2, bob 2").await;
}

#[tokio::test]
async fn states_go_to_disk_and_come_back() {
    let rows = "(select value % 20011 as who, value * 7919 % 300007 as at from range(0, 300000))";
    let call = "window_funnel(90000, to_timestamp_seconds(at), at % 3 = 0, at % 5 = 0, at % 2 = 0)";
    let each = format!("(select who, {call} as steps from {rows} group by who)");
    let query = format!("steps, count(*) from {each} group by steps order by steps");
    check_spilled(&query, 6_000_000).await;
}

#[tokio::test]
async fn thirty_two_steps_are_the_most() {
    let steps: Vec<String> = (0..32).map(|step| format!("x = {step}")).collect();
    let steps = steps.join(", ");
    let call = format!("window_funnel(31, to_timestamp_seconds(x), {steps})");
    let numbers: Vec<String> = (0..32).map(|x| format!("({x})")).collect();
    let numbers = format!("from (values {}) as t(x)", numbers.join(", "));
    check_select(&format!("{call} {numbers}"), "32").await;
    check_select(&format!("{call} {numbers} where x <> 20"), "20").await;
    let more = format!("window_funnel(31, ts, {steps}, true)").replace("x = ", "1 = ");
    check_call(&more, "window_funnel has 33 conditions, and 32 is the most").await;
}

#[tokio::test]
async fn what_means_nothing_is_refused_by_name() {
    check_call("window_funnel()", "window_funnel").await;
    check_call("window_funnel(60)", "no condition: it was given 1 arguments").await;
    check_call("window_funnel(60, ts)", "no condition: it was given 2 arguments").await;
    let constant = "and it is a constant";
    check_call("window_funnel(length(who), ts, what = 'view')", constant).await;
    check_call("window_funnel(ts - ts, ts, what = 'view')", constant).await;
    let positive = "and it is greater than zero";
    for window in ["0", "-60", "interval '0 seconds'", "interval '-1 hour'", "null", "1 - 1"] {
        check_call(&format!("window_funnel({window}, ts, true)"), positive).await;
    }
    let months = "months have no fixed length, say it in days";
    for window in ["interval '1 month'", "interval '1 year'", "interval '1 month -30 days'"] {
        check_call(&format!("window_funnel({window}, ts, true)"), months).await;
    }
    let window = "and it is an interval or an integer of seconds";
    for of_other_type in ["'30 minutes'", "1.5", "true", "date '2026-03-01'"] {
        check_call(&format!("window_funnel({of_other_type}, ts, true)"), window).await;
    }
    let time = "and it is a timestamp or a date";
    for ts in ["what", "1", "null", "time '10:00:00'"] {
        check_call(&format!("window_funnel(60, {ts}, true)"), time).await;
    }
    check_call("window_funnel(60, ts, what)", "condition 1 of window_funnel is").await;
    check_call("window_funnel(60, ts, true, 1)", "condition 2 of window_funnel is Int64").await;
    check_call("window_funnel(distinct 60, ts, true)", "leave distinct out").await;
}
