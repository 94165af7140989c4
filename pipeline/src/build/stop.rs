//! A word to a running build that it should come to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks a build to begin no further model. Those that run are finished, so that nothing half done is thrown
/// away. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// One that nobody has asked for.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Asks for it. There is no way back.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
