//! Gathers what is said of a project: from its files, from the checked schemas, and from the logs of the lake.

use super::{
    Aside, AsideDescription, ColumnDescription, Description, ExposureDescription,
    MeasureDescription, ModelDescription, SourceDescription, TableFacts, history, words,
};
use crate::build::{self, BuildError, DEFAULT_MEMORY_BYTES};
use crate::check::{self, Checked};
use crate::lake::Lake;
use crate::model::{Materialization, Model, ModelName, Read};
use crate::plan::Planner;
use crate::project::Project;
use crate::source::{Source, SourceKind};
use catalog::{Catalog, Name, NumberFormat};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Describes `project`. It is checked as a build checks it, and the logs of its tables are read; rows are
/// not, but for the last of what builds did.
///
/// # Errors
/// [`BuildError`] of the first thing that does not fit, or a table whose log cannot be read.
pub async fn describe(project: &Project) -> Result<Description, BuildError> {
    let planner = Planner::new(DEFAULT_MEMORY_BYTES)?;
    let lake = Lake::new(project.lake.clone(), planner.runtime());
    let checked = check::check(project, &planner, &lake).await?;
    // It was written by the check, so that it can be read.
    let catalog =
        checked.catalog.as_ref().and_then(|compiled| Catalog::from_json(&compiled.json).ok());
    let mut models = Vec::with_capacity(checked.models.len());
    for model in &checked.models {
        models.push(model_of(project, &lake, &checked, catalog.as_ref(), model).await?);
    }
    let scope = planner.scope()?;
    Ok(Description {
        project: project.name.clone(),
        environment: project.environment.clone(),
        lake: below(&project.folder, &project.lake.to_string()),
        schedule: project.schedule.clone(),
        sla: project.sla,
        sources: project
            .sources
            .values()
            .map(|source| source_of(project, &checked, source))
            .collect(),
        models,
        exposures: exposures(project, catalog.as_ref()),
        runs: history::read(&lake, scope.ctx()).await?,
    })
}

async fn model_of(
    project: &Project,
    lake: &Lake,
    checked: &Checked,
    catalog: Option<&Catalog>,
    model: &Model,
) -> Result<ModelDescription, BuildError> {
    let config = &model.config;
    let is_view = config.materialization == Materialization::View;
    let drive = build::drive(model).map(Read::to_string);
    let mut asides = Vec::new();
    for (name, kind) in [(model.quarantine(), Aside::Quarantine), (model.late(), Aside::Late)] {
        let Some(name) = name else { continue };
        let columns = columns(checked, &Read::Model(name.clone()), &config.columns);
        asides.push(AsideDescription { kind, columns, table: facts(lake, &name).await?, name });
    }
    Ok(ModelDescription {
        name: model.name.clone(),
        description: config.description.clone(),
        owner: config.owner.clone(),
        kind: config.materialization.kind(),
        kept: words::kept(model, drive.as_deref()),
        layout: words::laid_out(&config.layout),
        reads: model.reads.iter().map(|at| at.read.to_string()).collect(),
        columns: columns(checked, &Read::Model(model.name.clone()), &config.columns),
        expectations: config
            .expectations
            .iter()
            .map(|expectation| words::expected(model, expectation))
            .collect(),
        freshness: config.freshness.as_ref().map(words::fresh),
        measures: catalog.map(|catalog| measures(catalog, &model.name)).unwrap_or_default(),
        sql: without_header(&model.sql).to_owned(),
        path: below(&project.folder, &model.path.to_string_lossy()),
        table: if is_view { None } else { facts(lake, &model.name).await? },
        asides,
    })
}

fn columns(
    checked: &Checked,
    read: &Read,
    descriptions: &BTreeMap<String, String>,
) -> Vec<ColumnDescription> {
    let fields = checked.schemas.get(read).into_iter().flat_map(|schema| schema.fields());
    fields
        .filter(|field| field.name() != build::STATE_COLUMN)
        .map(|field| ColumnDescription {
            name: field.name().clone(),
            type_name: words::type_name(field.data_type()),
            description: descriptions.get(field.name()).cloned().unwrap_or_default(),
        })
        .collect()
}

async fn facts(lake: &Lake, name: &ModelName) -> Result<Option<TableFacts>, BuildError> {
    let Some(table) = lake.open(&name.location()).await? else { return Ok(None) };
    Ok(Some(TableFacts {
        version: table.version(),
        committed_at: table.committed_at(),
        n_rows: table.n_rows(),
        n_files: table.n_files(),
        size_bytes: table.size_bytes(),
    }))
}

fn source_of(project: &Project, checked: &Checked, source: &Source) -> SourceDescription {
    let read = Read::Source(source.name.clone());
    let mut described = columns(checked, &read, &BTreeMap::new());
    let null = |texts: &[String]| {
        let shown = texts.iter().map(|text| match text.is_empty() {
            true => "an empty field".to_owned(),
            false => format!("the text {text:?}"),
        });
        (!texts.is_empty()).then(|| shown.collect::<Vec<_>>().join(", "))
    };
    let mut facts: Vec<(&'static str, Option<String>)> = Vec::new();
    let kind = match &source.kind {
        SourceKind::File(file) => {
            let paths: Vec<&str> = file.paths.iter().map(|path| path.text()).collect();
            facts.push(("File", Some(paths.join(", or else "))));
            facts.push(("Null", null(&file.dialect.null_texts)));
            facts.push(("Taken", Some("whole, each time it changes".to_owned())));
            match file.generated {
                Some(_) => format!("{} file of the generator", file.format),
                None => format!("{} file", file.format),
            }
        }
        SourceKind::Folder(folder) => {
            if described.is_empty() {
                described = folder
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| ColumnDescription {
                        name: field.name().clone(),
                        type_name: words::type_name(field.data_type()),
                        description: String::new(),
                    })
                    .collect();
            }
            facts.push(("Folder", Some(folder.folder.text().to_owned())));
            facts.push(("Files", Some(folder.files.as_str().to_owned())));
            facts.push(("Null", null(&folder.dialect.null_texts)));
            let rescued = folder.rescue().map(|column| format!("in {column}, as JSON"));
            facts
                .push(("What does not fit", Some(rescued.unwrap_or("fails the build".to_owned()))));
            facts.push(("Taken", Some("each file once, in the order of the names".to_owned())));
            format!("folder of {} files", folder.format)
        }
        SourceKind::Database(database) => {
            facts.push(("Server", Some(database.server.to_string())));
            facts.push(("Table", Some(database.table().to_owned())));
            facts.push(("Taken", Some(words::taken(&database.mode))));
            "table of a database".to_owned()
        }
    };
    let path = below(&project.folder, &source.path.to_string_lossy());
    SourceDescription {
        name: read.to_string(),
        kind,
        facts: facts.into_iter().filter_map(|(label, text)| Some((label, text?))).collect(),
        columns: described,
        place: format!("{path}{}", source.place),
    }
}

fn measures(catalog: &Catalog, name: &ModelName) -> Vec<MeasureDescription> {
    let location = name.location();
    let tables = catalog.tables.iter().filter(|table| table.location == location);
    tables
        .flat_map(|table| &table.measures)
        .map(|measure| MeasureDescription {
            name: measure.name.to_string(),
            label: measure.label.clone(),
            expr: measure.expr.clone(),
            format: match measure.format {
                NumberFormat::Count => "count",
                NumberFormat::Money => "money",
                NumberFormat::Percent => "percent",
            },
            description: measure.description.clone(),
        })
        .collect()
}

/// The project's exposures, and the dashboards of the catalog that are not among them.
fn exposures(project: &Project, catalog: Option<&Catalog>) -> Vec<ExposureDescription> {
    let own = project.exposures.iter().map(|exposure| ExposureDescription {
        name: exposure.name.clone(),
        kind: exposure.kind.clone(),
        url: exposure.url.clone(),
        owner: exposure.owner.clone(),
        description: exposure.description.clone(),
        reads: exposure.reads.clone(),
    });
    let mut exposures: Vec<ExposureDescription> = own.collect();
    let Some(catalog) = catalog else { return exposures };
    for dashboard in &catalog.dashboards {
        let is_named = |name: &str| {
            name.eq_ignore_ascii_case(&dashboard.title)
                || name.eq_ignore_ascii_case(dashboard.name.as_str())
        };
        if exposures.iter().any(|exposure| is_named(&exposure.name)) {
            continue;
        }
        let measures = dashboard.panels.iter().map(|panel| &panel.measure);
        exposures.push(ExposureDescription {
            name: dashboard.title.clone(),
            kind: "dashboard".to_owned(),
            url: None,
            owner: None,
            description: None,
            reads: tables_of(catalog, measures),
        });
    }
    exposures
}

/// The tables that `measures` are over, as models are named.
fn tables_of<'m>(catalog: &Catalog, measures: impl Iterator<Item = &'m Name>) -> Vec<String> {
    let found: BTreeSet<String> = measures
        .filter_map(|measure| catalog.measure(measure))
        .map(|(table, _)| table.location.replacen('/', ".", 1))
        .collect();
    found.into_iter().collect()
}

/// The query behind the block of the configuration.
fn without_header(sql: &str) -> &str {
    let body = match sql.trim_start().strip_prefix("/*---") {
        Some(header) => header.split_once("*/").map_or(sql, |(_, body)| body),
        None => sql,
    };
    body.trim_matches('\n').trim_end()
}

/// `path` as it is seen from `folder`, so that a page does not tell where the project lies on a machine.
fn below(folder: &Path, path: &str) -> String {
    match Path::new(path).strip_prefix(folder) {
        Ok(rest) => rest.to_string_lossy().into_owned(),
        Err(_) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_shown_without_its_header() {
        let check = |sql: &str, expected: &str| assert_eq!(without_header(sql), expected);
        check("/*---\nowner: x\n---*/\n\n  select 1\n", "  select 1");
        check("-- why\nselect 1\n\n", "-- why\nselect 1");
        check("/*--- open", "/*--- open");
    }
}
