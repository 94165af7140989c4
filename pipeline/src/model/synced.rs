//! Bronze models that nobody wrote: one for each table in a database's list.

use super::{
    Layer, Layout, Materialization, Merge, Model, ModelConfig, ModelError, ModelName, parse,
};
use crate::project::Project;
use crate::source::{Mode, Source, SourceKind};

/// The models of the tables that `project` syncs, unless one of `written` makes the same table.
pub(super) fn models(project: &Project, written: &[Model]) -> Result<Vec<Model>, ModelError> {
    let mut models = Vec::new();
    for source in project.sources.values() {
        let SourceKind::Database(table) = &source.kind else { continue };
        let name = ModelName { layer: Layer::Bronze, name: source.name.clone() };
        if table.bronze && !written.iter().any(|model| model.name == name) {
            models.push(model(source, name, &table.mode)?);
        }
    }
    Ok(models)
}

fn model(source: &Source, name: ModelName, mode: &Mode) -> Result<Model, ModelError> {
    let sql = format!("select * from source.{}", source.name);
    let (statement, reads) = parse(&name, &sql).map_err(|(_, rule)| ModelError {
        path: source.path.clone(),
        place: source.place,
        rule,
    })?;
    let materialization = match mode {
        Mode::Snapshot => Materialization::Full,
        Mode::Watermark { column, key, .. } => Materialization::Merge(Merge {
            key: key.clone(),
            newest_by: vec![column.clone()],
            ..Merge::default()
        }),
    };
    let sort_by = match mode {
        Mode::Snapshot => Vec::new(),
        Mode::Watermark { key, .. } => key.clone(),
    };
    let config = ModelConfig {
        description: Some(format!("The table {} as the database has it.", source.name)),
        materialization,
        layout: Layout { sort_by, ..Layout::default() },
        ..ModelConfig::default()
    };
    let path = source.path.clone();
    Ok(Model { name, path: path.clone(), sql, config, config_path: path, statement, reads })
}
