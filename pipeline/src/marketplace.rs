//! A made-up marketplace, for a lake to look at without any download.
//!
//! [`generate`] writes sixteen Parquet files, one a source table, that belong together: every key
//! has its row, an order's total is the sum of its lines, its payments add up to the total. The
//! shape is that of a shop: growth, weekends, Christmas, sale days, a few products that sell most.
//! The same [`Plan`] gives the same bytes on every machine: there is no clock, no hash order and no
//! floating point in it. [`project`] holds the project that makes a lake of the files.

mod assortment;
mod calendar;
mod clickstream;
mod customers;
pub mod landing;
mod order;
pub mod project;
mod promotion;
mod random;
mod schema;
mod table;
mod vocabulary;
mod write;

pub use schema::{Column, Kind, SOURCES, Source};
pub use table::Written;

use assortment::Assortment;
use calendar::Calendar;
use customers::Customers;
use promotion::Promotions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Changes whenever the same [`Plan`] gives other bytes than before.
pub const GENERATOR_VERSION: u32 = 1;

/// The largest scale: 20 million orders.
pub const MAX_SCALE: u32 = 10_000;

/// The first day of orders and events, 2024-01-01, in days since 1970-01-01.
pub const FIRST_DAY: i32 = 19_723;

/// The last day of orders and events, 2025-12-31, in days since 1970-01-01.
pub const LAST_DAY: i32 = 20_453;

/// How much of which marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    scale: u32,
    seed: u64,
}

impl Plan {
    /// A marketplace of `scale` times 500 users, 50 sellers, 200 products (about 600 SKUs),
    /// 2,000 orders and 10,000 events. All of them grow linearly with the scale; categories,
    /// warehouses and vouchers do not grow.
    ///
    /// # Errors
    /// [`MarketplaceError::Scale`] when `scale` is not within 1..=[`MAX_SCALE`].
    pub fn new(scale: u32, seed: u64) -> Result<Plan, MarketplaceError> {
        if (1..=MAX_SCALE).contains(&scale) {
            Ok(Plan { scale, seed })
        } else {
            Err(MarketplaceError::Scale { scale })
        }
    }

    /// The scale, at least 1.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// The seed of every choice.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    fn n(&self, at_scale_1: u64) -> u64 {
        at_scale_1 * u64::from(self.scale)
    }
}

/// What can go wrong while a marketplace is written.
#[derive(Debug, thiserror::Error)]
pub enum MarketplaceError {
    /// A scale out of bounds.
    #[error("scale {scale} is not within 1..={MAX_SCALE}")]
    Scale {
        /// The scale.
        scale: u32,
    },
    /// A file or folder that could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A Parquet file that could not be written.
    #[error("cannot write {}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        source: parquet::errors::ParquetError,
    },
    /// A column that could not be made.
    #[error("cannot make a batch of source table {table}")]
    Batch {
        /// The table.
        table: &'static str,
        /// What arrow says.
        source: arrow::error::ArrowError,
    },
    /// A row that does not fit the columns of its table, which is a mistake in the generator.
    #[error("a row of source table {table} does not fit its column {column_idx}")]
    Row {
        /// The table.
        table: &'static str,
        /// The position of the column, from 0.
        column_idx: usize,
    },
    /// A thread of the generator ended early, which is a mistake in the generator.
    #[error("the generator stopped half-way")]
    Stopped,
}

/// Writes the sixteen files `dir/*.parquet` of `plan` and says what each holds, in the order of
/// [`SOURCES`].
///
/// `dir` is made when it is not there; files of the same names are replaced, each only once it is
/// complete. Rows are streamed: memory grows with users and products, not with orders or events.
/// Two threads work. `on_progress` is called from both with the steps done and the steps in all.
///
/// # Errors
/// [`MarketplaceError::Write`] or [`MarketplaceError::Parquet`] when `dir` or a file in it cannot be
/// written.
pub fn generate(
    dir: &Path,
    plan: &Plan,
    on_progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Written>, MarketplaceError> {
    std::fs::create_dir_all(dir)
        .map_err(|source| MarketplaceError::Write { path: dir.to_owned(), source })?;
    let calendar = Calendar::new(plan);
    let assortment = Assortment::new(plan);
    let customers = Customers::new(plan, &calendar);
    let promotions = Promotions::new(plan, &calendar, &assortment);
    let market = Market { plan, calendar, assortment, customers, promotions };

    let n_steps = 2 * market.calendar.days().len() as u64;
    let n_done = AtomicU64::new(0);
    let step = || on_progress(n_done.fetch_add(1, Ordering::Relaxed) + 1, n_steps);
    let (orders, rest) = std::thread::scope(|scope| {
        let orders = scope.spawn(|| write::orders(dir, &market, &step));
        let rest = write::masters(dir, &market)
            .and_then(|masters| Ok((masters, write::clicks(dir, &market, &step)?)));
        (orders.join().unwrap_or(Err(MarketplaceError::Stopped)), rest)
    });
    let (mut written, clicks) = rest?;
    written.extend(orders?);
    written.extend(clicks);
    written.sort_by_key(|written| SOURCES.iter().position(|source| source.name == written.table));
    Ok(written)
}

/// Everything that the orders and the clicks of a day are drawn from.
struct Market<'p> {
    plan: &'p Plan,
    calendar: Calendar,
    assortment: Assortment,
    customers: Customers,
    promotions: Promotions,
}
