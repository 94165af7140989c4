//! A file's footer in the words of its table: columns under their names in the table, whatever they
//! are called in the file. All that comes after knows one set of names.
//!
//! Only names change. Types stay those of the file; [`super::align`] brings values to the table's.

use crate::footer::ARROW_SCHEMA;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use delta_log::{ColumnMapping, field_id, physical_name};
use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::errors::Result;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataBuilder, RowGroupMetaData,
};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use std::sync::Arc;

/// What an interval takes in Parquet: months, days and milliseconds.
pub const INTERVAL_BYTES: i32 = 12;

/// The names of a table's columns, and how they are found in its files.
#[derive(Debug, Clone)]
pub struct Words {
    /// The columns that lie in the files, with what the log says of their names there.
    pub fields: Fields,
    /// How a column is found.
    pub mapping: ColumnMapping,
}

impl Words {
    /// `footer` with the names that the table has. What the table does not know keeps a name that
    /// the table does not use.
    ///
    /// # Errors
    /// Parquet's, when a column cannot bear another name.
    pub fn put(&self, footer: ParquetMetaData) -> Result<ParquetMetaData> {
        rename(&self.fields, self.mapping, footer)
    }
}

fn rename(
    fields: &Fields,
    mapping: ColumnMapping,
    footer: ParquetMetaData,
) -> Result<ParquetMetaData> {
    let file = footer.file_metadata();
    let root = file.schema_descr().root_schema();
    let renamed = rename_fields(root.get_fields(), fields, mapping)?;
    let kept = file.key_value_metadata().map(|entries| {
        entries.iter().filter(|entry| entry.key != ARROW_SCHEMA).cloned().collect::<Vec<_>>()
    });
    let has_hint = kept.as_ref().map(Vec::len) != file.key_value_metadata().map(Vec::len);
    if same(root.get_fields(), &renamed) && !has_hint {
        return Ok(footer);
    }
    let root = Type::group_type_builder(root.name()).with_fields(renamed).build()?;
    let schema = Arc::new(SchemaDescriptor::new(Arc::new(root)));
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        kept,
        Arc::clone(&schema),
        file.column_orders().cloned(),
    );
    let mut old = footer.into_builder();
    let (column_index, offset_index) = (old.take_column_index(), old.take_offset_index());
    let groups = old.take_row_groups().into_iter().map(|group| {
        let mut builder = RowGroupMetaData::builder(Arc::clone(&schema))
            .set_num_rows(group.num_rows())
            .set_total_byte_size(group.total_byte_size())
            .set_sorting_columns(group.sorting_columns().cloned());
        if let Some(ordinal) = group.ordinal() {
            builder = builder.set_ordinal(ordinal);
        }
        if let Some(offset) = group.file_offset() {
            builder = builder.set_file_offset(offset);
        }
        builder.set_column_metadata(group.into_builder().take_columns()).build()
    });
    Ok(ParquetMetaDataBuilder::new(file)
        .set_row_groups(groups.collect::<Result<Vec<RowGroupMetaData>>>()?)
        .set_column_index(column_index)
        .set_offset_index(offset_index)
        .build())
}

fn same(old: &[TypePtr], new: &[TypePtr]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| Arc::ptr_eq(old, new))
}

fn rename_fields(
    nodes: &[TypePtr],
    fields: &Fields,
    mapping: ColumnMapping,
) -> Result<Vec<TypePtr>> {
    let mut owners: Vec<Option<&FieldRef>> = vec![None; nodes.len()];
    for field in fields {
        if let Some(owner) = find(nodes, field, mapping).and_then(|idx| owners.get_mut(idx)) {
            owner.get_or_insert(field);
        }
    }
    let is_taken = |name: &str| fields.iter().any(|field| field.name() == name);
    nodes
        .iter()
        .zip(owners)
        .enumerate()
        .map(|(node_idx, (node, owner))| match owner {
            Some(field) => with_name(&inside(node, field, mapping)?, field.name()),
            // A column that was dropped, and whose name another column has since.
            None if is_taken(node.name()) => {
                with_name(node, &format!("{} (dropped {node_idx})", node.name()))
            }
            None => Ok(Arc::clone(node)),
        })
        .collect()
}

/// Which of `nodes` is the column `field`.
fn find(nodes: &[TypePtr], field: &Field, mapping: ColumnMapping) -> Option<usize> {
    let named = |name: &str| nodes.iter().position(|node| node.name() == name);
    match mapping {
        // Writers of Spark's family compare names without case.
        ColumnMapping::None => named(field.name()).or_else(|| {
            let mut alike = nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| node.name().to_lowercase() == field.name().to_lowercase());
            match (alike.next(), alike.next()) {
                (Some((node_idx, _)), None) => Some(node_idx),
                _ => None,
            }
        }),
        ColumnMapping::Name => named(physical_name(field)),
        // What the log adds to a file of changes has no id.
        ColumnMapping::Id if field_id(field).is_none() => named(field.name()),
        ColumnMapping::Id => {
            let id = |node: &TypePtr| {
                let basic = node.get_basic_info();
                basic.has_id().then(|| basic.id())
            };
            match nodes.iter().any(|node| id(node).is_some()) {
                true => nodes
                    .iter()
                    .position(|node| id(node).is_some_and(|it| field_id(field) == Some(it))),
                false => named(physical_name(field)),
            }
        }
    }
}

/// `node` with the names below it that the type of `field` has.
fn inside(node: &TypePtr, field: &Field, mapping: ColumnMapping) -> Result<TypePtr> {
    if !node.is_group() {
        return bare_interval(node);
    }
    let children = node.get_fields();
    let renamed = match (field.data_type(), children) {
        (DataType::Struct(fields), _) => rename_fields(children, fields, mapping)?,
        (DataType::List(item), [repeated]) => vec![inside_list(node, repeated, item, mapping)?],
        (DataType::Map(entry, _), [repeated]) => match (entry.data_type(), repeated.is_group()) {
            (DataType::Struct(entry), true) => {
                let parts = repeated.get_fields().iter().zip(entry.iter());
                let parts = parts.map(|(part, field)| inside(part, field, mapping));
                vec![with_children(repeated, parts.collect::<Result<Vec<TypePtr>>>()?)?]
            }
            _ => return Ok(Arc::clone(node)),
        },
        _ => return Ok(Arc::clone(node)),
    };
    with_children(node, renamed)
}

/// The repeated part of a list: around the element, or, as old writers have it, the element itself.
///
/// Source: Apache Parquet format, "Lists", backward-compatibility rules.
fn inside_list(
    list: &TypePtr,
    repeated: &TypePtr,
    item: &Field,
    mapping: ColumnMapping,
) -> Result<TypePtr> {
    let is_around = repeated.is_group()
        && repeated.get_fields().len() == 1
        && repeated.name() != "array"
        && repeated.name() != format!("{}_tuple", list.name());
    match repeated.is_group().then(|| repeated.get_fields()) {
        Some([element]) if is_around => {
            with_children(repeated, vec![inside(element, item, mapping)?])
        }
        _ => inside(repeated, item, mapping),
    }
}

fn with_children(node: &TypePtr, children: Vec<TypePtr>) -> Result<TypePtr> {
    match same(node.get_fields(), &children) {
        true => Ok(Arc::clone(node)),
        false => group(node, node.name(), children),
    }
}

/// An interval as the bytes that it is: the reader knows its days and milliseconds only, and
/// [`super::align`] knows its months.
fn bare_interval(node: &TypePtr) -> Result<TypePtr> {
    let basic = node.get_basic_info();
    if basic.converted_type() != ConvertedType::INTERVAL {
        return Ok(Arc::clone(node));
    }
    let bare = Type::primitive_type_builder(node.name(), node.get_physical_type())
        .with_repetition(repetition(node))
        .with_length(INTERVAL_BYTES)
        .with_id(basic.has_id().then(|| basic.id()));
    Ok(Arc::new(bare.build()?))
}

fn with_name(node: &TypePtr, name: &str) -> Result<TypePtr> {
    if node.name() == name {
        return Ok(Arc::clone(node));
    }
    if node.is_group() {
        return group(node, name, node.get_fields().to_vec());
    }
    let basic = node.get_basic_info();
    let mut builder = Type::primitive_type_builder(name, node.get_physical_type())
        .with_repetition(repetition(node))
        .with_converted_type(basic.converted_type())
        .with_logical_type(basic.logical_type_ref().cloned())
        .with_id(basic.has_id().then(|| basic.id()));
    if let Type::PrimitiveType { type_length, scale, precision, .. } = node.as_ref() {
        builder = builder.with_length(*type_length).with_scale(*scale).with_precision(*precision);
    }
    Ok(Arc::new(builder.build()?))
}

fn group(node: &TypePtr, name: &str, children: Vec<TypePtr>) -> Result<TypePtr> {
    let basic = node.get_basic_info();
    let logical: Option<LogicalType> = basic.logical_type_ref().cloned();
    let converted: ConvertedType = basic.converted_type();
    let group = Type::group_type_builder(name)
        .with_repetition(repetition(node))
        .with_converted_type(converted)
        .with_logical_type(logical)
        .with_id(basic.has_id().then(|| basic.id()))
        .with_fields(children)
        .build()?;
    Ok(Arc::new(group))
}

fn repetition(node: &TypePtr) -> Repetition {
    let basic = node.get_basic_info();
    if basic.has_repetition() { basic.repetition() } else { Repetition::REQUIRED }
}
