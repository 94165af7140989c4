//! How old the rows of a panel are, and what was read for them.

use crate::answer::Answer;
use crate::browser;
use crate::costs;
use leptos::prelude::*;
use protocol::ReadFacts;
use std::sync::Arc;

/// One quiet line below a panel.
#[component]
pub(super) fn Facts(
    answer: Memo<Option<Arc<Answer>>>,
    /// Which filters the rows do not follow.
    not_filtered: Memo<Option<String>>,
) -> impl IntoView {
    let facts = move || answer.with(|answer| answer.as_ref().map(|answer| answer.facts.clone()));
    let read = move |read: fn(&ReadFacts) -> String| facts().map(|facts| read(&facts));
    view! {
        <p
            class="facts"
            data-test="facts"
            data-files=move || read(|facts| facts.n_files_read.to_string())
            data-bytes=move || read(|facts| facts.read_bytes.to_string())
            data-ms=move || read(|facts| facts.elapsed_ms.to_string())
            title=move || {
                let cost = read(sentence)?;
                Some(not_filtered.get().map_or(cost.clone(), |said| format!("{said}. {cost}")))
            }
        >
            <span class="facts-age">{move || read(age)}</span>
            <span class="facts-cost">{move || read(costs::short)}</span>
        </p>
    }
}

/// When the measure's table was committed.
fn age(facts: &ReadFacts) -> String {
    match facts.tables.first().and_then(|table| table.committed_at_us) {
        Some(at_us) => format!("Data as of {}", browser::moment(at_us)),
        None => "Data of unknown age".to_owned(),
    }
}

/// All of it, for the tooltip of the browser.
fn sentence(facts: &ReadFacts) -> String {
    format!("{}. {}", age(facts), costs::sentence(facts))
}
