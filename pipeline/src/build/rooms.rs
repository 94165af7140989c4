//! Memory shared by models that run at the same time.
//!
//! A model that finds too little is made again by itself, with joins that spill. Most never need that, so that nobody
//! pays for it beforehand.

use super::make::Made;
use super::{Build, BuildError};
use crate::model::{Model, ModelName, ModelRule};
use crate::plan::{Planner, exhausted};
use datafusion::error::DataFusionError;
use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

const POLL: Duration = Duration::from_millis(5);

const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(5);

/// A room for each of the models that run at once.
pub(super) struct Rooms {
    n_rooms: u32,
    free: Semaphore,
    /// Models that found too little memory beside others.
    frugal: Mutex<BTreeSet<ModelName>>,
}

impl Rooms {
    pub(super) fn new(n_rooms: usize) -> Rooms {
        let n_rooms = u32::try_from(n_rooms).unwrap_or(u32::MAX);
        let free = Semaphore::new(n_rooms as usize);
        Rooms { n_rooms, free, frugal: Mutex::default() }
    }

    fn remember(&self, model: &ModelName) {
        self.frugal.lock().unwrap_or_else(PoisonError::into_inner).insert(model.clone());
    }
}

impl Build {
    /// Makes the table of `model` what it should be, beside other models; and when the memory that is left does
    /// not do, by itself.
    ///
    /// # Errors
    /// [`BuildError`]; of memory only when all of it does not do.
    pub(super) async fn make_in_room(&self, model: &Model) -> Result<Made, BuildError> {
        let made = {
            let _room = self.rooms.free.acquire().await;
            self.make(model).await
        };
        match made {
            Err(error) if is_exhausted(&error) => {
                self.rooms.remember(&model.name);
                let _all = self.rooms.free.acquire_many(self.rooms.n_rooms).await;
                self.wait_for_memory().await;
                self.make(model).await
            }
            made => made,
        }
    }

    /// Waits until queries that have ended have given back what they had: their tasks end a moment after they do.
    async fn wait_for_memory(&self) {
        let pool = self.planner.runtime().memory_pool.clone();
        let given_back = async {
            while pool.reserved() > 0 {
                tokio::time::sleep(POLL).await;
            }
        };
        // What is held for longer is not coming back, and the query may do without it.
        let _ = tokio::time::timeout(GIVEN_BACK_WITHIN, given_back).await;
    }

    /// What runs the queries of `model`.
    pub(super) fn planner_of(&self, model: &Model) -> Planner {
        let frugal = self.rooms.frugal.lock().unwrap_or_else(PoisonError::into_inner);
        if frugal.contains(&model.name) { self.planner.frugal() } else { self.planner.clone() }
    }
}

fn is_exhausted(error: &BuildError) -> bool {
    if let BuildError::Model(error) = error {
        return matches!(error.rule, ModelRule::Memory { .. });
    }
    let mut link: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = link {
        if let Some(found) = error.downcast_ref::<DataFusionError>() {
            return exhausted(found).is_some();
        }
        link = error.source();
    }
    false
}
