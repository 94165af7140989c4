//! Queries of whole models that run on a cluster.

use super::input::Input;
use super::{Build, BuildError};
use crate::cluster::request::{FORM, Group, Request, Table, View};
use crate::cluster::{Cluster, ClusterError, Ran};
use crate::function;
use crate::model::{Materialization, Model, ModelName, Read};
use crate::plan::Scope;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{Expr, Statement, visit_expressions};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

impl Build {
    /// The rows that the cluster gives for the query of `model` over all of `inputs`, whose plan is `plan`; `plan`
    /// itself when there is no cluster, or none that can know what the query needs.
    pub(super) async fn distributed(
        &self,
        model: &Model,
        inputs: &[Input],
        plan: LogicalPlan,
    ) -> Result<(LogicalPlan, Ran), BuildError> {
        let Some(cluster) = &self.cluster else { return Ok((plan, Ran::Here)) };
        let Some(request) = self.request(cluster, model, inputs).await? else {
            return Ok((plan, Ran::Here));
        };
        let schema = values(plan.schema().as_arrow());
        let rows = cluster.run(&request, &schema).await.map_err(|error| match error {
            // It is the query's fault, or no query's.
            ClusterError::Query { .. } | ClusterError::Program { .. } => {
                BuildError::from(model.broken(error.into()))
            }
            error => error.into(),
        })?;
        let rows = LogicalPlanBuilder::scan("rows", provider_as_source(rows.table()?), None)?;
        Ok((rows.build()?, Ran::Ballista))
    }

    /// What the cluster is asked for; `None` when it is not for the cluster.
    async fn request(
        &self,
        cluster: &Cluster,
        model: &Model,
        inputs: &[Input],
    ) -> Result<Option<Request>, BuildError> {
        let views = self.views(model);
        let is_own = |model: &Model| names_own_function(&model.statement);
        // What a stream takes is known row by row, in this process.
        let is_stream = model.config.materialization.stream().is_some();
        // All models of a build take the same moment for now.
        let is_timed = self.checked.timed.contains(&model.name);
        if is_stream
            || is_timed
            || inputs.is_empty()
            || is_own(model)
            || views.iter().any(|view| is_own(view))
        {
            return Ok(None);
        }
        let scope = self.planner.scope()?;
        let mut tables = Vec::with_capacity(inputs.len());
        for input in inputs {
            match self.plain(&scope, input).await? {
                Some(table) => tables.push(table),
                None => return Ok(None),
            }
        }
        let views = views.into_iter().map(|view| View {
            schema: view.name.layer.to_string(),
            name: view.name.name.to_string(),
            sql: view.sql.clone(),
        });
        Ok(Some(Request {
            form: FORM,
            scheduler: cluster.scheduler(),
            job: format!("{} of {}", model.name, self.run_id),
            tables,
            views: views.collect(),
            sql: model.sql.clone(),
        }))
    }

    /// The views that `model` reads, and those that these read, each behind what it reads.
    fn views(&self, model: &Model) -> Vec<&Model> {
        let mut wanted: BTreeSet<&ModelName> = BTreeSet::new();
        let mut open = vec![model];
        while let Some(model) = open.pop() {
            let named = model.reads.iter().filter_map(|at| match &at.read {
                Read::Model(name) => self.checked.model(name),
                _ => None,
            });
            for view in named.filter(|m| m.config.materialization == Materialization::View) {
                if wanted.insert(&view.name) {
                    open.push(view);
                }
            }
        }
        self.checked.models.iter().filter(|model| wanted.contains(&model.name)).collect()
    }

    /// `input` as files for the cluster; `None` when it is no table of the lake, or one whose log has to be known.
    async fn plain(&self, scope: &Scope, input: &Input) -> Result<Option<Table>, BuildError> {
        let (Some(table), Read::Model(name)) = (input.lake_table(), &input.read) else {
            return Ok(None);
        };
        let base = self.lake.root().table_url(&name.location());
        let Some(files) = table.plain_files(&base)? else { return Ok(None) };
        let columns = values(&table.provider(scope.ctx()).await?.schema());
        let groups = files.groups.into_iter().map(|(values, urls)| Group { values, urls });
        Ok(Some(Table {
            schema: name.layer.to_string(),
            name: name.name.to_string(),
            columns: encoded(&columns).map_err(DataFusionError::from)?,
            partition_columns: files.partition_columns,
            groups: groups.collect(),
            size_bytes: table.size_bytes(),
        }))
    }
}

/// `schema` with plain values for those that are kept in a dictionary, as the values of partitions are: the file in
/// which rows wait takes one dictionary a column, and each partition has another.
fn values(schema: &Schema) -> SchemaRef {
    let plain = |field: &Arc<Field>| match field.data_type() {
        DataType::Dictionary(_, values) => {
            Arc::new(field.as_ref().clone().with_data_type(values.as_ref().clone()))
        }
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()))
}

fn encoded(schema: &Schema) -> Result<String, ArrowError> {
    let mut bytes = Vec::new();
    StreamWriter::try_new(&mut bytes, schema)?.finish()?;
    Ok(BASE64_STANDARD.encode(bytes))
}

/// Whether `statement` calls a function that no executor has, or has another one of that name.
fn names_own_function(statement: &Statement) -> bool {
    let own = function::own_names();
    let found = visit_expressions(statement, |expr| match expr {
        Expr::Function(function) if own.contains(&function.name.to_string().to_lowercase()) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn functions_of_ours_are_found_wherever_they_are() {
        let check = |sql: &str, expected: bool| {
            let statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
            assert_eq!(names_own_function(&statements[0]), expected, "{sql}");
        };
        check("select count(distinct a), max(b) from silver.t", false);
        check("select approx_distinct(a) from silver.t", true);
        check("with x as (select 1 + WINDOW_FUNNEL(a) as b from silver.t) select b from x", true);
        check(
            "select a from silver.t where a in (select json_get_text(b, 'c') from silver.u)",
            true,
        );
        check("select json_get_text from silver.t", false);
    }
}
