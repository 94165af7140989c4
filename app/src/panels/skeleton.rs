//! The shape of a panel that has no rows yet.

use catalog::PanelKind;
use leptos::prelude::*;

#[component]
pub(super) fn Skeleton(kind: PanelKind) -> impl IntoView {
    let bones = match kind {
        PanelKind::Kpi => view! {
            <span class="bone bone-number"></span>
            <span class="bone bone-text"></span>
            <span class="bone bone-spark"></span>
        }
        .into_any(),
        PanelKind::Line => view! { <span class="bone bone-block"></span> }.into_any(),
        PanelKind::Bar { limit, .. } => (0..limit.min(10))
            .map(|_| view! { <span class="bone bone-bar"></span> })
            .collect_view()
            .into_any(),
        PanelKind::Donut { .. } => view! { <span class="bone bone-ring"></span> }.into_any(),
    };
    view! {
        <div class="skeleton" role="img" aria-label="Loading">
            {bones}
        </div>
    }
}
