//! What an answer cost.

use crate::wording;
use leptos::prelude::*;
use protocol::Cost;

/// Requests, bytes and time: `3 requests · 12 kB · 40 ms`.
#[component]
pub(super) fn CostLine(cost: Cost, what: &'static str) -> impl IntoView {
    let text = format!(
        "{} · {} · {}",
        wording::counted(cost.n_requests, "request", "requests"),
        wording::bytes(cost.fetched_bytes),
        wording::span(cost.elapsed_ms)
    );
    view! {
        <p
            class="cost"
            data-test="cost"
            data-requests=cost.n_requests.to_string()
            data-bytes=cost.fetched_bytes.to_string()
            title="What it took to answer, over the network"
        >
            {what}
            <span>{text}</span>
        </p>
    }
}
