//! What writers are known to get wrong in footers, taken out of them before anybody plans by it: bounds
//! that are of another order than values are compared in, counts that are not there, a place that is
//! none. Without a bound more is read; by a false one rows are lost.

use super::hint;
use parquet::basic::{ColumnOrder, ConvertedType, LogicalType, Type};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder,
    RowGroupMetaData,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

/// How far the bounds of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounds {
    /// They do, whoever wrote them.
    Hold,
    /// They do in the fields that say in which order values are compared. Those before compare bytes
    /// as signed numbers.
    HoldIfOrdered,
    /// They may leave values out.
    Unsure,
}

/// `footer` without bounds, counts and places that may be false.
///
/// Source: Apache Parquet format, `ColumnOrder` and `Statistics` in parquet.thrift; PARQUET-686.
#[must_use]
pub fn mended(footer: ParquetMetaData) -> ParquetMetaData {
    let footer = without_foreign_hint(footer);
    let file = footer.file_metadata();
    // It left out counts of nothing.
    let counts_all = file.created_by().is_some_and(|by| by.starts_with("parquet-rs"));
    let columns: Vec<Bounds> = file
        .schema_descr()
        .columns()
        .iter()
        .enumerate()
        .map(|(idx, column)| match file.column_order(idx) {
            ColumnOrder::UNKNOWN => Bounds::Unsure,
            _ => bounds(column),
        })
        .collect();
    let of_column = |idx: usize| columns.get(idx).copied().unwrap_or(Bounds::Unsure);
    let is_sound = |(idx, chunk): (usize, &ColumnChunkMetaData)| {
        let bounds = of_column(idx);
        let statistics = chunk.statistics();
        chunk.dictionary_page_offset() != Some(0)
            && (bounds != Bounds::Unsure || chunk.bloom_filter_offset().is_none())
            && statistics.is_none_or(|found| is_kept(found, bounds, chunk, counts_all))
    };
    let all_bounds_hold = columns.iter().all(|bounds| *bounds != Bounds::Unsure);
    let is_right =
        footer.row_groups().iter().all(|group| group.columns().iter().enumerate().all(is_sound));
    if is_right && (all_bounds_hold || footer.column_index().is_none()) {
        return footer;
    }
    let mut builder = footer.into_builder();
    let index = builder.take_column_index().map(|mut groups| {
        for group in &mut groups {
            for (idx, of_pages) in group.iter_mut().enumerate() {
                if of_column(idx) == Bounds::Unsure {
                    *of_pages = ColumnIndexMetaData::NONE;
                }
            }
        }
        groups
    });
    let groups = builder.take_row_groups();
    let groups = groups.into_iter().map(|group| mend_group(group, &of_column, counts_all));
    let groups: Vec<RowGroupMetaData> = groups.collect();
    builder.set_row_groups(groups).set_column_index(index).build()
}

/// `footer` without an Arrow schema that has types which Arrow has not here.
#[must_use]
pub fn without_foreign_hint(footer: ParquetMetaData) -> ParquetMetaData {
    match hint::without_foreign(footer.file_metadata()) {
        Some(entries) => with_entries(footer, entries),
        None => footer,
    }
}

fn with_entries(footer: ParquetMetaData, entries: Vec<KeyValue>) -> ParquetMetaData {
    let old = footer.file_metadata();
    let file = FileMetaData::new(
        old.version(),
        old.num_rows(),
        old.created_by().map(str::to_owned),
        Some(entries),
        old.schema_descr_ptr(),
        old.column_orders().cloned(),
    );
    let mut old = footer.into_builder();
    let (column_index, offset_index) = (old.take_column_index(), old.take_offset_index());
    ParquetMetaDataBuilder::new(file)
        .set_row_groups(old.take_row_groups())
        .set_column_index(column_index)
        .set_offset_index(offset_index)
        .build()
}

fn mend_group(
    group: RowGroupMetaData,
    of_column: &impl Fn(usize) -> Bounds,
    counts_all: bool,
) -> RowGroupMetaData {
    let before = group.clone();
    let mut builder = group.into_builder();
    let chunks = builder.take_columns().into_iter().enumerate().map(|(idx, chunk)| {
        let statistics = chunk.statistics().cloned();
        let dictionary = chunk.dictionary_page_offset().filter(|at| *at != 0);
        let builder = chunk.clone().into_builder().set_dictionary_page_offset(dictionary);
        // It knows bytes, and two of them are one value: -0 and 0.
        let builder = match of_column(idx) {
            Bounds::Unsure => builder.set_bloom_filter_offset(None).set_bloom_filter_length(None),
            Bounds::Hold | Bounds::HoldIfOrdered => builder,
        };
        let builder = match statistics {
            Some(found) if !is_kept(&found, of_column(idx), &chunk, counts_all) => {
                match found.null_count_opt().filter(|_| is_counted(&found, &chunk, counts_all)) {
                    Some(n_nulls) => builder.set_statistics(without_bounds(&found, n_nulls)),
                    None => builder.clear_statistics(),
                }
            }
            _ => builder,
        };
        builder.build().unwrap_or(chunk)
    });
    let chunks = chunks.collect();
    builder.set_column_metadata(chunks).build().unwrap_or(before)
}

fn is_kept(
    found: &Statistics,
    bounds: Bounds,
    chunk: &ColumnChunkMetaData,
    counts_all: bool,
) -> bool {
    let has_bounds = found.min_bytes_opt().is_some() || found.max_bytes_opt().is_some();
    let bounds_hold = match bounds {
        Bounds::Hold => true,
        Bounds::HoldIfOrdered => !found.is_min_max_deprecated(),
        Bounds::Unsure => false,
    };
    (bounds_hold || !has_bounds) && is_counted(found, chunk, counts_all)
}

/// Whether the nulls are counted. A count that is not there would be taken for none.
fn is_counted(found: &Statistics, chunk: &ColumnChunkMetaData, counts_all: bool) -> bool {
    let is_required = chunk.column_descr().max_def_level() == 0;
    found.null_count_opt().is_some() || is_required || counts_all
}

fn without_bounds(found: &Statistics, n_nulls: u64) -> Statistics {
    let (n_values, n_nulls) = (found.distinct_count_opt(), Some(n_nulls));
    match found.physical_type() {
        Type::BOOLEAN => Statistics::boolean(None, None, n_values, n_nulls, false),
        Type::INT32 => Statistics::int32(None, None, n_values, n_nulls, false),
        Type::INT64 => Statistics::int64(None, None, n_values, n_nulls, false),
        Type::INT96 => Statistics::int96(None, None, n_values, n_nulls, false),
        Type::FLOAT => Statistics::float(None, None, n_values, n_nulls, false),
        Type::DOUBLE => Statistics::double(None, None, n_values, n_nulls, false),
        Type::BYTE_ARRAY => Statistics::byte_array(None, None, n_values, n_nulls, false),
        Type::FIXED_LEN_BYTE_ARRAY => {
            Statistics::fixed_len_byte_array(None, None, n_values, n_nulls, false)
        }
    }
}

fn bounds(column: &ColumnDescriptor) -> Bounds {
    match column.physical_type() {
        // Writers leave NaN out, which is above all other numbers, or below them where its sign is set;
        // and they take -0 for 0.
        Type::FLOAT | Type::DOUBLE => Bounds::Unsure,
        // Nobody ever said how they are compared.
        Type::INT96 => Bounds::Unsure,
        Type::BOOLEAN => Bounds::Hold,
        Type::INT32 | Type::INT64 => match is_unsigned(column) {
            true => Bounds::HoldIfOrdered,
            false => Bounds::Hold,
        },
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => {
            let is_half = matches!(column.logical_type_ref(), Some(LogicalType::Float16));
            match is_half || column.converted_type() == ConvertedType::INTERVAL {
                true => Bounds::Unsure,
                false => Bounds::HoldIfOrdered,
            }
        }
    }
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    match column.logical_type_ref() {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        Some(_) => false,
        None => matches!(
            column.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        ),
    }
}
