//! Decides which query runs and which reply is shown: [`Event`] in, [`Effect`]s out.
//!
//! The whole page is one state machine, the [`Coordinator`]. It holds the session, the catalog, the
//! engine's state, what the viewer has chosen, and for each panel what is asked and what is shown.
//! It holds no rows: those lie in the shell under the ids of their requests. It does no IO, and the
//! same events always give the same effects.

mod coordinator;
mod event;
mod ledger;
mod page;
mod panels;
mod plan;
#[cfg(test)]
mod sample;
mod status;
mod tables;
mod url;

pub use coordinator::Coordinator;
pub use event::{Effect, Event};
pub use page::{PageState, Place, RangeChoice};
pub use panels::{Comparison, Freshness, PanelView, Phase};
pub use plan::Slot;
pub use status::{CatalogState, Engine, Lake, Login, Network, Notice, Offline, Session, Watched};
pub use tables::{Held, Part, Standing, TablesEvent, TablesState, TablesView, Told, View};
pub use url::preset_name;
