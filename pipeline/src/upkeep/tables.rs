//! The tables of a project's lake, and what is known of their use.
//!
//! They are those that lie there, also where no model makes them (any longer): rows that were refused or
//! late, results of builds. The order is the model's; columns that are filtered by are the catalog's.

use super::{Order, Table, UpkeepError};
use crate::build::SelectError;
use crate::catalog_json::CompileError;
use crate::lake::Root;
use crate::model::{self, Kind, Layer, Model};
use crate::project::Project;
use crate::state::{self, APP_ID, Position, STATE_APP_ID, StateError, StateName};
use deltalake::DeltaTableError;
use std::collections::BTreeMap;

/// Where the results of builds lie.
const RUNS: &str = "_lakefront/runs";

/// The tables of the lake of `project` that `select` names: `silver.orders`, `orders`, `gold.*`; all of
/// them when it is empty.
///
/// # Errors
/// [`UpkeepError`] when the models, the catalog or the lake cannot be read, or a text of `select` names
/// nothing.
pub async fn tables(project: &Project, select: &[String]) -> Result<Vec<Table>, UpkeepError> {
    let root = &project.lake;
    let models = model::read_all(project)?;
    let mut locations = Vec::new();
    for layer in Layer::EVERY {
        for name in root.folders(layer.as_str()).await? {
            locations.push(format!("{layer}/{name}"));
        }
    }
    locations.push(RUNS.to_owned());
    let mut found = Vec::new();
    for location in locations {
        if root.has_files(&format!("{location}/_delta_log")).await? {
            found.push(location);
        }
    }
    let chosen = chosen(found, select)?;
    let mut filtered = filtered(project)?;
    let reads = reads(root, &models).await?;
    let mut tables = Vec::with_capacity(chosen.len());
    for location in chosen {
        let model = models.iter().find(|model| model.name.location() == location);
        tables.push(Table {
            order: model.map(order).unwrap_or_default(),
            filtered: filtered.remove(&location).unwrap_or_default(),
            needed_version: reads.get(&name(&location)).and_then(|read| read.needed_version),
            known_version: reads.get(&name(&location)).map(|read| read.known_version),
            location,
        });
    }
    Ok(tables)
}

/// `silver.orders` of `silver/orders`.
fn name(location: &str) -> String {
    location.replace('/', ".")
}

fn chosen(locations: Vec<String>, select: &[String]) -> Result<Vec<String>, SelectError> {
    if select.is_empty() {
        return Ok(locations);
    }
    let mut is_chosen = vec![false; locations.len()];
    for text in select {
        let pattern = glob::Pattern::new(text).map_err(|error| SelectError::Pattern {
            text: text.clone(),
            reason: error.msg.to_owned(),
        })?;
        let mut is_something = false;
        for (location, is_chosen) in locations.iter().zip(&mut is_chosen) {
            let short = location.rsplit('/').next().unwrap_or_default();
            if pattern.matches(&name(location)) || pattern.matches(short) {
                *is_chosen = true;
                is_something = true;
            }
        }
        if !is_something {
            let known: Vec<String> = locations.iter().map(|location| name(location)).collect();
            return Err(SelectError::Unknown { text: text.clone(), known: known.join(", ") });
        }
    }
    let all = locations.into_iter().zip(is_chosen);
    Ok(all.filter_map(|(location, is_chosen)| is_chosen.then_some(location)).collect())
}

/// Rows of one partition are equal in its columns, so that these order nothing.
fn order(model: &Model) -> Order {
    let layout = &model.config.layout;
    let sort_by: Vec<String> = layout
        .sort_by
        .iter()
        .filter(|column| !layout.partition_by.contains(column))
        .cloned()
        .collect();
    Order::of(layout.cluster_by.as_deref(), &layout.zorder_by, &sort_by)
}

/// For each location the columns by which a dashboard filters its table.
fn filtered(project: &Project) -> Result<BTreeMap<String, Vec<String>>, UpkeepError> {
    let mut filtered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let Some(path) = &project.catalog_path else { return Ok(filtered) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| CompileError::File { path: path.clone(), source })?;
    let catalog = catalog::yaml::parse(path, &text).map_err(CompileError::from)?;
    for table in catalog.tables {
        let columns = filtered.entry(table.location).or_default();
        columns.extend(table.dimensions.into_iter().map(|dimension| dimension.column));
        columns.extend(table.links.into_iter().map(|link| link.column));
        columns.sort();
        columns.dedup();
    }
    Ok(filtered)
}

/// What models have read of a table.
struct Reads {
    /// The oldest version that one of them has read.
    known_version: u64,
    /// The oldest one from which on a model takes in what is new; the others read all of the table each time.
    needed_version: Option<u64>,
}

/// For each table what models have read of it.
async fn reads(root: &Root, models: &[Model]) -> Result<BTreeMap<String, Reads>, UpkeepError> {
    let mut ids = BTreeMap::new();
    let mut positions = Vec::new();
    for model in models {
        let location = model.name.location();
        let Some(made) = Made::read(root, &location).await? else { continue };
        ids.insert(model.name.to_string(), made.id);
        let takes_new = !matches!(model.config.materialization.kind(), Kind::Full | Kind::View);
        let Some(state) = made.state else { continue };
        match state::read(root, &location, state).await {
            Ok(state) => positions.extend(state.inputs.into_iter().map(|input| (takes_new, input))),
            // Such a table is made anew, whatever it was made of.
            Err(StateError::Missing { .. } | StateError::Damaged { .. }) => {}
            Err(StateError::Root(error)) => return Err(error.into()),
        }
    }
    let mut reads: BTreeMap<String, Reads> = BTreeMap::new();
    for (takes_new, (read, input)) in positions {
        // Another table at the same place is read from its beginning.
        if let Position::Table { id, version, .. } = input.position
            && ids.get(&read) == Some(&id)
        {
            let needed_version = takes_new.then_some(version);
            let reads = reads.entry(read);
            let reads = reads.or_insert(Reads { known_version: version, needed_version });
            reads.known_version = reads.known_version.min(version);
            reads.needed_version = match (reads.needed_version, needed_version) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    Ok(reads)
}

/// What tells a table from another, and the name of its state when a build made it.
struct Made {
    id: String,
    state: Option<StateName>,
}

impl Made {
    /// `None` when there is no table at `location`.
    async fn read(root: &Root, location: &str) -> Result<Option<Made>, UpkeepError> {
        if !root.has_files(&format!("{location}/_delta_log")).await? {
            return Ok(None);
        }
        let mut table = root.builder(location)?;
        let read = async {
            table.load().await?;
            let (log_store, state) = (table.log_store(), table.snapshot()?);
            let number = state.transaction_version(log_store.as_ref(), APP_ID).await?;
            let digest = state.transaction_version(log_store.as_ref(), STATE_APP_ID).await?;
            let name = number.map(|number| StateName::read(number, digest));
            Ok(Made { id: state.metadata().id().to_owned(), state: name })
        };
        let made: Result<Made, DeltaTableError> = read.await;
        made.map(Some).map_err(|source| UpkeepError::Table {
            place: root.place(location),
            action: "its log cannot be read",
            source: source.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_chosen_by_name() {
        let all = ["bronze/a", "silver/a", "silver/ab", RUNS];
        let check = |select: &[&str], expected: &[&str]| {
            let all = all.iter().map(|&location| location.to_owned()).collect();
            let select: Vec<String> = select.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(chosen(all, &select).unwrap(), expected, "{select:?}");
        };
        check(&[], &all);
        check(&["silver.a"], &["silver/a"]);
        check(&["a"], &["bronze/a", "silver/a"]);
        check(&["silver.*", "bronze.a"], &["bronze/a", "silver/a", "silver/ab"]);
        check(&["_lakefront.runs"], &[RUNS]);
        let error = chosen(vec!["gold/x".to_owned()], &["gold.y".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("\"gold.y\" is no model, there are: gold.x"), "{error}");
    }
}
