//! What a table asks of its readers and writers, and its properties.

use super::chosen::Described;
use crate::feature::{Feature, Use, features};
use leptos::prelude::*;

#[component]
pub(super) fn ProtocolView(it: Described) -> impl IntoView {
    let protocol = it.protocol.clone().map(|protocol| {
        let features = features(&protocol);
        view! {
            <section class="card-section">
                <h3>"Protocol"</h3>
                <p class="protocol-versions">
                    "Reader version " <strong>{protocol.min_reader_version}</strong>
                    ", writer version " <strong>{protocol.min_writer_version}</strong>
                </p>
                {if features.is_empty() {
                    view! { <p class="quiet">"No features: every reader can read this table."</p> }.into_any()
                } else {
                    view! {
                        <ul class="features">
                            {features.into_iter().map(|feature| view! { <FeatureChip feature /> }).collect_view()}
                        </ul>
                    }
                        .into_any()
                }}
            </section>
        }
    });
    let properties: Vec<(String, String)> = it.properties.clone().into_iter().collect();
    let is_empty = properties.is_empty();
    view! {
        {protocol}
        <section class="card-section">
            <h3>"Properties"</h3>
            {it.id.clone().map(|id| view! { <p class="quiet">"Table id " <code>{id}</code></p> })}
            {is_empty.then(|| view! { <p class="quiet">"No properties are set."</p> })}
            {(!is_empty).then(|| view! {
                <div class="box" tabindex="0" role="region" aria-label="Properties">
                    <table class="sheet">
                        <tbody>
                            {properties.into_iter().map(|(key, value)| view! {
                                <tr data-test="property">
                                    <th scope="row"><code>{key}</code></th>
                                    <td class="prose"><code>{value}</code></td>
                                </tr>
                            }).collect_view()}
                        </tbody>
                    </table>
                </div>
            })}
        </section>
    }
}

#[component]
fn FeatureChip(feature: Feature) -> impl IntoView {
    let (applied, words, name) = match feature.applied {
        Use::Read => ("read", "read", "What it means is taken into account"),
        Use::Ignored => ("ignored", "for writers", "It concerns writers only"),
    };
    view! {
        <li class="feature" data-test="feature" data-use=applied data-feature=feature.name.clone() title=name>
            <span class="feature-name">{feature.name.clone()}</span>
            <span class="feature-use">{words}</span>
            {(!feature.meaning.is_empty()).then(|| view! { <span class="feature-meaning">{feature.meaning}</span> })}
        </li>
    }
}
