//! A chart whose marks filter: the canvas, its marks as buttons, and what they say.

use super::canvas::{Chart, Marked};
use super::marks::{MarkButtons, toggle};
use super::place::Place;
use super::plot::Input;
use super::tooltip::{Tooltip, Words};
use crate::marks::Mark;
use catalog::Name;
use leptos::prelude::*;

/// Draws `input`; a mark that is picked toggles its value of the dimension `by`. `marks`, `marked`
/// and `words` go by the same indices as the marks of `input`.
#[component]
pub(super) fn MarkedChart(
    place: Place,
    by: Name,
    input: Memo<Option<Input>>,
    marks: Memo<Vec<Mark>>,
    marked: Marked,
    words: Callback<usize, Option<Words>>,
) -> impl IntoView {
    let (picking, dimension, painted) = (place.clone(), by.clone(), place.clone());
    let pick = move |idx: usize| {
        toggle(
            &picking,
            &dimension,
            marks.with_untracked(|marks| marks.get(idx).cloned()).as_ref(),
        );
    };
    view! {
        <Chart
            input
            marked
            on_pick=Callback::new(pick)
            on_painted=Callback::new(move |()| painted.painted())
        >
            <MarkButtons place dimension=by marks marked words />
            <Tooltip marked words />
        </Chart>
    }
}
