//! What a panel is about, and the signals that concern it alone.

use crate::answer::Answer;
use crate::state::{Desk, use_desk};
use crate::wording::Writing;
use catalog::{Measure, Name, Panel};
use coordinator::{PanelView, Slot};
use leptos::prelude::*;
use std::sync::Arc;

/// A panel, its measure, and how to read its state.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) desk: Desk,
    pub(super) panel: Arc<Panel>,
    pub(super) measure: Arc<Measure>,
    /// The dashboard's time dimension.
    pub(super) time: Name,
    pub(super) writing: Writing,
    /// Whether the rows have been drawn.
    pub(super) is_painted: RwSignal<bool>,
    /// A few words at the right of the title, such as how many values there are in all.
    pub(super) note: RwSignal<String>,
    view: Memo<Option<PanelView>>,
    answers: [Memo<Option<Arc<Answer>>>; 3],
}

impl Place {
    /// `None` when the catalog lacks the panel's measure, which its check forbids.
    pub(super) fn new(panel: Panel, time: Name) -> Option<Place> {
        let desk = use_desk();
        let catalog = untrack(|| desk.loaded())?;
        let (_, measure) = catalog.measure(&panel.measure)?;
        let name = panel.name.clone();
        let view = Memo::new(move |_| desk.panels.with(|panels| panels.get(&name).cloned()));
        let answer = |slot: Slot| {
            let place = (panel.name.clone(), slot);
            Memo::new_with_compare(
                move |_| desk.answers.with(|answers| answers.get(&place).cloned()),
                |old, new| match (old, new) {
                    (Some(Some(old)), Some(Some(new))) => !Arc::ptr_eq(old, new),
                    (Some(None), Some(None)) => false,
                    _ => true,
                },
            )
        };
        let answers = [answer(Slot::Current), answer(Slot::Previous), answer(Slot::Trend)];
        Some(Place {
            desk,
            measure: Arc::new(measure.clone()),
            writing: Writing::new(measure.format, &catalog.currency),
            time,
            is_painted: RwSignal::new(false),
            note: RwSignal::default(),
            view,
            answers,
            panel: Arc::new(panel),
        })
    }

    /// What the viewer sees of it.
    pub(super) fn view(&self) -> Memo<Option<PanelView>> {
        self.view
    }

    /// The rows that one of its places shows.
    pub(super) fn answer(&self, slot: Slot) -> Memo<Option<Arc<Answer>>> {
        let [current, previous, trend] = self.answers;
        match slot {
            Slot::Current => current,
            Slot::Previous => previous,
            Slot::Trend => trend,
        }
    }

    /// The rows have been drawn.
    pub(super) fn painted(&self) {
        if !self.is_painted.get_untracked() {
            self.is_painted.set(true);
        }
        self.desk.painted(&self.panel.name);
    }

    /// What the page calls a dimension of the measure's table.
    pub(super) fn dimension_label(&self, dimension: &Name) -> String {
        let catalog = untrack(|| self.desk.loaded());
        let label = catalog.as_ref().and_then(|catalog| {
            let (table, _) = catalog.measure(&self.panel.measure)?;
            Some(table.dimension(dimension)?.label.clone())
        });
        label.unwrap_or_else(|| dimension.to_string())
    }
}
