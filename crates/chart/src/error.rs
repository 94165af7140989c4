//! Why a chart is not drawn.

/// A chart that cannot be laid out or drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A slice of a donut has no honest angle.
    #[error("slice {idx} has the value {value}; a slice is a finite number that is not negative")]
    SliceValue {
        /// Which slice of the input.
        idx: usize,
        /// Its value.
        value: f64,
    },
    /// The drawing backend failed.
    #[error("drawing backend failed")]
    Backend {
        /// What the backend says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
