//! The mark of a lake that may be out of date: the network is away, or a server of the lake is.

use crate::browser;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use coordinator::Offline;
use leptos::prelude::*;

/// Beside the age of the data; nothing while every log could be compared with the network's.
#[component]
pub(super) fn OfflineBadge() -> impl IntoView {
    let desk = use_desk();
    let n_tables = move || desk.lake.with(|lake| lake.as_ref().map_or(0, |lake| lake.tables.len()));
    move || {
        desk.offline.get().map(|offline| {
            let title = title(&offline, n_tables());
            view! {
                <span class="offline" data-test="offline" role="status" title=title>
                    <Icon glyph=Glyph::Alert />
                    <span>{text(&offline)}</span>
                </span>
            }
        })
    }
}

fn text(offline: &Offline) -> String {
    match offline.since_us {
        Some(since_us) => format!("Offline since {}", browser::moment(since_us)),
        None => "Offline".to_owned(),
    }
}

fn title(offline: &Offline, n_tables: usize) -> String {
    let what = match offline.since_us {
        None => "The network is away. You see the lake as it was opened.".to_owned(),
        Some(since_us) => {
            let which = match offline.tables.len() {
                n if n == n_tables => "the lake".to_owned(),
                _ => offline.tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            };
            format!(
                "The lake\u{2019}s server cannot be reached. You see {which} as it was on {}.",
                browser::moment(since_us)
            )
        }
    };
    format!(
        "{what} What was not read before is not kept in this browser. Once the network is back, the \
         lake is opened anew."
    )
}
