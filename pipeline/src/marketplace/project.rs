//! The project over the marketplace, carried in the binary, and the folder that it is unpacked to.
//!
//! A [`Home`] remembers in `.lakefront/demo.json` what it wrote: files that a user has edited since
//! stay as they are, and sources that are already there are not written again.

use super::landing::Landing;
use super::{MarketplaceError, Plan, Written};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The folder of the source files in a project.
pub const SOURCES_DIR: &str = "landing";

/// Where a home remembers what it wrote.
const STAMP_PATH: &str = ".lakefront/demo.json";

macro_rules! project_files {
    ($($path:literal),* $(,)?) => {
        /// The files of the project: the path in its folder, and the text.
        pub const FILES: &[(&str, &str)] = &[$((
            $path,
            include_str!(concat!("../../../examples/marketplace/", $path)),
        )),*];
    };
}

project_files![
    "lakefront.yaml",
    "catalog.yaml",
    "measures/aov.sql",
    "measures/cancellation_rate.sql",
    "measures/completion_rate.sql",
    "measures/customer_lifetime_value.sql",
    "measures/gmv_mom_pct.sql",
    "measures/gmv_mtd.sql",
    "measures/gmv_share_top_5_sellers.sql",
    "measures/gmv_total.sql",
    "measures/gmv_wow_pct.sql",
    "measures/gmv_ytd.sql",
    "measures/gross_margin_pct.sql",
    "measures/repeat_purchase_rate.sql",
    "measures/revenue_by_platform.sql",
    "measures/skus_to_reorder.sql",
    "measures/stockout_rate.sql",
    "measures/unique_buyers.sql",
    "models/bronze/cart_items.sql",
    "models/bronze/categories.sql",
    "models/bronze/flash_sales.sql",
    "models/bronze/inventory.sql",
    "models/bronze/order_items.sql",
    "models/bronze/orders.sql",
    "models/bronze/payments.sql",
    "models/bronze/product_skus.sql",
    "models/bronze/products.sql",
    "models/bronze/reviews.sql",
    "models/bronze/sellers.sql",
    "models/bronze/shipments.sql",
    "models/bronze/user_events.sql",
    "models/bronze/users.sql",
    "models/bronze/vouchers.sql",
    "models/bronze/warehouses.sql",
    "models/silver/dim_date.sql",
    "models/silver/dim_product.sql",
    "models/silver/dim_seller.sql",
    "models/silver/dim_user.sql",
    "models/silver/dim_warehouse.sql",
    "models/silver/fact_inventory_snapshot.sql",
    "models/silver/fact_order_items.sql",
    "models/silver/fact_orders.sql",
    "models/silver/fact_user_events.sql",
    "models/silver/payments.sql",
    "models/silver/reviews.sql",
    "models/gold/ads_category_trends.sql",
    "models/gold/ads_conversion_funnel.sql",
    "models/gold/ads_customer_rfm.sql",
    "models/gold/ads_daily_gmv.sql",
    "models/gold/ads_product_performance.sql",
    "models/gold/ads_seller_scorecard.sql",
    "models/gold/ads_warehouse_efficiency.sql",
    "models/gold/payments.sql",
    "models/gold/sales.sql",
    "sources/market.yaml",
];

/// What can be wrong with the folder of a marketplace.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The folder, or something in it, cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has something else in it.
    #[error("{} is not empty and holds no demo, so nothing is written there", dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
    },
    /// What the home remembers cannot be understood.
    #[error("{} is not right", path.display())]
    Stamp {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        source: serde_json::Error,
    },
    /// The sources could not be written.
    #[error(transparent)]
    Marketplace(#[from] MarketplaceError),
}

/// A folder that holds a marketplace: project, sources, and later its lake.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    stamp: Stamp,
}

/// What is remembered of a home.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    /// The SHA-256 of each project file as it was written.
    files: BTreeMap<String, String>,
}

impl Home {
    /// Makes a home of `dir`: a new or empty folder, or one that was made by this before.
    ///
    /// # Errors
    /// [`HomeError::Foreign`] when `dir` holds something else; [`HomeError::Io`] when it cannot be
    /// read or written; [`HomeError::Stamp`] when it is damaged.
    pub fn claim(dir: &Path) -> Result<Home, HomeError> {
        let path = dir.join(STAMP_PATH);
        let stamp = match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json)
                .map_err(|source| HomeError::Stamp { path: path.clone(), source })?,
            Err(source) if source.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(dir).map_err(io_error(dir))?;
                if fs::read_dir(dir).map_err(io_error(dir))?.next().is_some() {
                    return Err(HomeError::Foreign { dir: dir.to_owned() });
                }
                Stamp::default()
            }
            Err(source) => return Err(HomeError::Io { path, source }),
        };
        let home = Home { dir: dir.to_owned(), stamp };
        home.remember()?;
        Ok(home)
    }

    /// Writes the files of the project. Those that were edited since they were written stay as they
    /// are, and their paths are returned.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn unpack(&mut self) -> Result<Vec<&'static str>, HomeError> {
        let mut kept = Vec::new();
        for &(name, text) in FILES {
            let path = self.dir.join(name);
            let found = hash_of(&path)?;
            let hash = hex(text.as_bytes());
            if found
                .as_ref()
                .is_some_and(|found| *found != hash && self.stamp.files.get(name) != Some(found))
            {
                kept.push(name);
                continue;
            }
            if found.as_ref() != Some(&hash) {
                write(&path, text.as_bytes())?;
            }
            self.stamp.files.insert(name.to_owned(), hash);
        }
        self.drop_retired()?;
        self.remember()?;
        Ok(kept)
    }

    /// Removes what an earlier release unpacked and this one does not have, unless it was edited.
    fn drop_retired(&mut self) -> Result<(), HomeError> {
        let dir = &self.dir;
        let mut failure = None;
        self.stamp.files.retain(|name, hash| {
            if FILES.iter().any(|(path, _)| path == name) {
                return true;
            }
            let path = dir.join(name);
            let removed = hash_of(&path).and_then(|found| match found.as_ref() == Some(hash) {
                true => fs::remove_file(&path).map_err(io_error(&path)),
                false => Ok(()),
            });
            failure = failure.take().or(removed.err());
            false
        });
        failure.map_or(Ok(()), Err)
    }

    /// Whether the sources of `plan` are there, from this release's generator.
    pub fn has_sources(&self, plan: &Plan) -> bool {
        self.landing().has(plan)
    }

    /// Writes the sources of `plan`, as [`generate`] does.
    ///
    /// # Errors
    /// As [`generate`].
    ///
    /// [`generate`]: super::generate
    pub fn fill(
        &self,
        plan: &Plan,
        on_progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Vec<Written>, HomeError> {
        Ok(self.landing().fill(plan, on_progress)?)
    }

    fn landing(&self) -> Landing {
        Landing::new(&self.dir.join(SOURCES_DIR))
    }

    fn remember(&self) -> Result<(), HomeError> {
        let path = self.dir.join(STAMP_PATH);
        let mut json = serde_json::to_vec_pretty(&self.stamp)
            .map_err(|source| HomeError::Stamp { path: path.clone(), source })?;
        json.push(b'\n');
        write(&path, &json)
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> HomeError {
    move |source| HomeError::Io { path: path.to_owned(), source }
}

/// Puts `bytes` at `path` in one step.
fn write(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    if let Some(folder) = path.parent() {
        make_folder(folder).map_err(io_error(folder))?;
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, path)).map_err(io_error(path))
}

/// Makes `folder` when it is not there. `.lakefront`, where users are kept, too, is for its owner.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if folder.ends_with(".lakefront") {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    builder.create(folder)
}

/// The SHA-256 of the file at `path`; `None` when there is none.
fn hash_of(path: &Path) -> Result<Option<String>, HomeError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(hex(&bytes))),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(HomeError::Io { path: path.to_owned(), source }),
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn files_below(dir: &Path, prefix: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => names.extend(files_below(&entry.path(), &format!("{name}/"))),
                false => drop(names.insert(name)),
            }
        }
        names
    }

    #[test]
    fn every_file_of_the_example_is_carried() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/marketplace");
        let found: BTreeSet<String> = files_below(&example, "")
            .into_iter()
            .filter(|name| name.ends_with(".yaml") || name.ends_with(".sql"))
            .collect();
        let carried: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(carried, found);
    }

    #[test]
    fn an_edited_file_stays_and_an_old_one_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let mut home = Home::claim(dir.path()).unwrap();
        assert!(home.unpack().unwrap().is_empty());
        let (edited, old) = ("models/gold/sales.sql", "models/gold/payments.sql");
        fs::write(dir.path().join(edited), "select 1").unwrap();
        fs::write(dir.path().join(old), "select 2").unwrap();
        home.stamp.files.insert(old.to_owned(), hex(b"select 2"));
        fs::write(dir.path().join("models/gold/retired.sql"), "select 3").unwrap();
        home.stamp.files.insert("models/gold/retired.sql".to_owned(), hex(b"select 3"));
        home.remember().unwrap();

        let mut home = Home::claim(dir.path()).unwrap();
        assert_eq!(home.unpack().unwrap(), [edited]);
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read(edited), "select 1");
        assert_eq!(read(old), FILES.iter().find(|(name, _)| *name == old).unwrap().1);
        assert!(!dir.path().join("models/gold/retired.sql").exists());
    }

    #[test]
    fn a_folder_of_someone_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
        assert!(matches!(Home::claim(dir.path()), Err(HomeError::Foreign { .. })));
        assert!(matches!(Home::claim(&dir.path().join("thesis.txt")), Err(HomeError::Io { .. })));
        assert_eq!(files_below(dir.path(), "").len(), 1);
    }

    #[test]
    fn sources_are_written_once_and_again_when_they_are_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let plan = Plan::new(1, 7).unwrap();
        let home = Home::claim(dir.path()).unwrap();
        assert!(!home.has_sources(&plan));
        home.fill(&plan, &|_, _| ()).unwrap();
        let home = Home::claim(dir.path()).unwrap();
        assert!(home.has_sources(&plan));
        assert!(!home.has_sources(&Plan::new(1, 8).unwrap()));
        assert!(!home.has_sources(&Plan::new(2, 7).unwrap()));
        fs::write(dir.path().join(SOURCES_DIR).join("orders.parquet"), "cut").unwrap();
        assert!(!home.has_sources(&plan));
    }
}
