//! What a panel is about, and the signals that concern it alone.

use crate::answer::Answer;
use crate::state::{Desk, use_desk};
use crate::wording::{self, Writing};
use catalog::{Measure, Name, Panel};
use coordinator::{PanelView, Slot};
use leptos::prelude::*;
use query::{Date, DateRange};
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
    answers: [Memo<Option<Arc<Answer>>>; 4],
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
        let answers = Slot::EVERY.map(answer);
        Some(Place {
            desk,
            measure: Arc::new(measure.clone()),
            writing: Writing::new(measure.format, &catalog),
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
        let [current, previous, trend, whole] = self.answers;
        match slot {
            Slot::Current => current,
            Slot::Previous => previous,
            Slot::Trend => trend,
            Slot::Whole => whole,
        }
    }

    /// The days that the panel's table has, and the last of them that is not in the future of its
    /// commit.
    pub(super) fn known_days(&self) -> Memo<Option<(DateRange, Date)>> {
        let view = self.view;
        Memo::new(move |_| {
            view.with(|view| {
                let view = view.as_ref()?;
                Some((view.extent?, view.last_day?))
            })
        })
    }

    /// Which filters of the page the panel cannot follow, as a sentence; `None` when it follows all.
    pub(super) fn not_filtered(&self) -> Memo<Option<String>> {
        let (desk, view) = (self.desk, self.view);
        Memo::new(move |_| {
            let catalog = desk.loaded()?;
            view.with(|view| {
                let names = &view.as_ref()?.not_filtered_by;
                let labels: Vec<String> =
                    names.iter().map(|name| wording::dimension(&catalog, name)).collect();
                (!labels.is_empty())
                    .then(|| format!("Not filtered by {}", wording::listed(&labels)))
            })
        })
    }

    /// The rows have been drawn.
    pub(super) fn painted(&self) {
        if !self.is_painted.get_untracked() {
            self.is_painted.set(true);
        }
        self.desk.painted(&self.panel.name);
    }

    /// What the page calls a dimension.
    pub(super) fn dimension_label(&self, dimension: &Name) -> String {
        untrack(|| self.desk.loaded())
            .map_or_else(|| dimension.to_string(), |it| wording::dimension(&it, dimension))
    }
}
