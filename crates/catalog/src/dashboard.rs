//! A dashboard and its panels.

use crate::Name;
use serde::{Deserialize, Serialize};

/// One page of panels over one time dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// Unique in the catalog; part of the page's URL.
    pub name: Name,
    /// The heading.
    pub title: String,
    /// The date dimension that the page's range filters; every table that a panel uses has it.
    pub time: Name,
    /// The range that a new visitor sees.
    #[serde(default)]
    pub default_range: RangePreset,
    /// In the order in which they are shown: the KPI cards first.
    pub panels: Vec<Panel>,
}

/// One card of a dashboard.
///
/// Written flat: `{ name, title, measure, kind: bar, by: product, limit: 10 }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PanelForm", into = "PanelForm")]
pub struct Panel {
    /// Unique in its dashboard.
    pub name: Name,
    /// The heading of the card.
    pub title: String,
    /// What is measured.
    pub measure: Name,
    /// How it is shown.
    pub kind: PanelKind,
}

/// How a panel shows its measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelKind {
    /// `kpi`: one number, its change to the period before, and a sparkline.
    Kpi,
    /// `line`: the measure over the dashboard's time.
    Line,
    /// `bar`: the largest values of a dimension, clickable.
    Bar {
        /// The dimension.
        by: Name,
        /// How many bars; the page says how many values there are in all.
        limit: u32,
    },
    /// `donut`: parts of a whole, clickable.
    Donut {
        /// The dimension.
        by: Name,
    },
}

impl PanelKind {
    /// The dimension that a click on a mark of the panel filters.
    pub fn by(&self) -> Option<&Name> {
        match self {
            PanelKind::Kpi | PanelKind::Line => None,
            PanelKind::Bar { by, .. } | PanelKind::Donut { by } => Some(by),
        }
    }
}

/// A [`Panel`] as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PanelForm {
    name: Name,
    title: String,
    measure: Name,
    kind: KindForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindForm {
    Kpi,
    Line,
    Bar,
    Donut,
}

/// The fields of a panel do not fit its kind.
#[derive(Debug, thiserror::Error)]
#[error("panel {panel:?}: {rule}")]
struct PanelFormError {
    panel: String,
    rule: &'static str,
}

impl TryFrom<PanelForm> for Panel {
    type Error = PanelFormError;

    fn try_from(form: PanelForm) -> Result<Panel, PanelFormError> {
        let PanelForm { name, title, measure, kind, by, limit } = form;
        let kind = match (kind, by, limit) {
            (KindForm::Kpi, None, None) => Ok(PanelKind::Kpi),
            (KindForm::Line, None, None) => Ok(PanelKind::Line),
            (KindForm::Kpi | KindForm::Line, _, _) => {
                Err("`kpi` and `line` take neither `by` nor `limit`")
            }
            (KindForm::Bar, Some(by), limit) => {
                Ok(PanelKind::Bar { by, limit: limit.unwrap_or(10) })
            }
            (KindForm::Donut, Some(by), None) => Ok(PanelKind::Donut { by }),
            (KindForm::Donut, Some(_), Some(_)) => Err("`donut` takes no `limit`"),
            (KindForm::Bar | KindForm::Donut, None, _) => Err("`bar` and `donut` need `by`"),
        };
        match kind {
            Ok(kind) => Ok(Panel { name, title, measure, kind }),
            Err(rule) => Err(PanelFormError { panel: name.to_string(), rule }),
        }
    }
}

impl From<Panel> for PanelForm {
    fn from(panel: Panel) -> PanelForm {
        let Panel { name, title, measure, kind } = panel;
        let (kind, by, limit) = match kind {
            PanelKind::Kpi => (KindForm::Kpi, None, None),
            PanelKind::Line => (KindForm::Line, None, None),
            PanelKind::Bar { by, limit } => (KindForm::Bar, Some(by), Some(limit)),
            PanelKind::Donut { by } => (KindForm::Donut, Some(by), None),
        };
        PanelForm { name, title, measure, kind, by, limit }
    }
}

/// A range of dates relative to the last day that the lake has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangePreset {
    /// The last 7 days.
    Last7Days,
    /// The last 30 days.
    Last30Days,
    /// The last 90 days.
    #[default]
    Last90Days,
    /// The last 365 days.
    Last365Days,
    /// From the first to the last day.
    All,
}

impl RangePreset {
    /// Every preset, shortest first.
    pub const EVERY: [RangePreset; 5] = [
        RangePreset::Last7Days,
        RangePreset::Last30Days,
        RangePreset::Last90Days,
        RangePreset::Last365Days,
        RangePreset::All,
    ];

    /// The length in days, `None` for [`RangePreset::All`].
    pub fn n_days(self) -> Option<i32> {
        match self {
            RangePreset::Last7Days => Some(7),
            RangePreset::Last30Days => Some(30),
            RangePreset::Last90Days => Some(90),
            RangePreset::Last365Days => Some(365),
            RangePreset::All => None,
        }
    }
}
