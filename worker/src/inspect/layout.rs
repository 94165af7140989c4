//! The inside of a Parquet file: row groups, column chunks, pages, as its footer and its page index
//! say. No data page is read.

use super::bound_text::bound_text;
use super::counted::Counted;
use super::footer::{self, Footer};
use super::state::{State, place};
use super::{cost, cut};
use crate::lake::Lake;
use crate::meter::Meter;
use crate::store::Location;
use crate::table::data_location;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::data_type::AsBytes;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::{ColumnIndexMetaData, PrimitiveColumnIndex};
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::schema::types::ColumnDescriptor;
use protocol::{
    ChunkLayout, Cost, ErrorCode, Failure, FileLayout, PageLayout, RowGroupLayout, TableAt,
};
use std::sync::Arc;
use web_time::Instant;

/// The pages of a file that has more of them than this are not told one by one.
const MAX_PAGES: usize = 50_000;

impl Lake {
    /// The inside of the data file of `table` that has this `path`, as [`Lake::files`] names it.
    ///
    /// # Errors
    /// A [`Failure`]: the table has no such file, the file is not right, or bytes did not come.
    pub async fn layout(&self, table: &TableAt, path: &str) -> Result<FileLayout, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let store = Counted::new(Arc::clone(self.store()), Arc::clone(&meter));
        let (location, size_bytes) = match self.state_of(table, &store).await? {
            State::Log(snapshot) => {
                let add = snapshot.adds.iter().find(|add| add.path.as_str() == path);
                let add = add.ok_or_else(|| no_such(table, path))?;
                let location = data_location(&place(table), &add.path)
                    .map_err(|error| Failure::new(ErrorCode::MalformedLog, error.to_string()))?;
                (location, add.size_bytes)
            }
            State::File(file) if Location::new(path) == file.location => {
                (file.location, file.size_bytes)
            }
            State::File(_) => return Err(no_such(table, path)),
        };
        let footer = footer::read(&location, size_bytes, &self.source().store, &meter).await?;
        let mut layout = of_footer(path, size_bytes, &footer);
        layout.cost = cost(&meter, started);
        Ok(layout)
    }
}

fn no_such(table: &TableAt, path: &str) -> Failure {
    let message = format!("{} has no file {path:?} at this version", table.location);
    Failure::new(ErrorCode::NotFound, message)
}

fn of_footer(path: &str, size_bytes: u64, footer: &Footer) -> FileLayout {
    let metadata = &footer.metadata;
    let offsets = metadata.offset_index().filter(|groups| {
        let chunks = groups.iter().flatten();
        chunks.map(|chunk| chunk.page_locations().len()).sum::<usize>() <= MAX_PAGES
    });
    let bounds = metadata.column_index();
    let row_groups = metadata.row_groups().iter().enumerate().map(|(group_idx, group)| {
        let columns = group.columns().iter().enumerate().map(|(column_idx, chunk)| {
            let offsets = offsets.and_then(|groups| groups.get(group_idx)?.get(column_idx));
            let bounds = bounds.and_then(|groups| groups.get(group_idx)?.get(column_idx));
            of_chunk(group, chunk, offsets, bounds)
        });
        let columns: Vec<ChunkLayout> = columns.collect();
        RowGroupLayout {
            n_rows: counted(group.num_rows()),
            size_bytes: columns.iter().fold(0, |sum, c| sum.saturating_add(c.packed_bytes)),
            columns,
        }
    });
    FileLayout {
        path: path.to_owned(),
        size_bytes,
        n_rows: counted(metadata.file_metadata().num_rows()),
        created_by: metadata.file_metadata().created_by().map(cut),
        footer_bytes: footer.size_bytes,
        row_groups: row_groups.collect(),
        cost: Cost::default(),
    }
}

fn of_chunk(
    group: &RowGroupMetaData,
    chunk: &ColumnChunkMetaData,
    offsets: Option<&OffsetIndexMetaData>,
    index: Option<&ColumnIndexMetaData>,
) -> ChunkLayout {
    let column = chunk.column_descr();
    // Not by the reader's own method: it stops the engine where a number is negative.
    let first_page = chunk.data_page_offset();
    let dictionary = chunk.dictionary_page_offset().filter(|at| *at > 0 && *at < first_page);
    let start = dictionary.unwrap_or(first_page);
    let mut encodings: Vec<String> = chunk.encodings().map(|it| it.to_string()).collect();
    encodings.sort();
    encodings.dedup();
    let statistics = chunk.statistics();
    let bound = |bytes: Option<&[u8]>| bytes.and_then(|bytes| bound_text(column, bytes));
    let pages = offsets.map(|offsets| pages(column, offsets, index, group));
    ChunkLayout {
        column: column.path().parts().join("."),
        type_text: type_text(column),
        codec: format!("{:?}", chunk.compression_codec()).to_ascii_lowercase(),
        encodings,
        start: counted(start),
        packed_bytes: counted(chunk.compressed_size()),
        unpacked_bytes: counted(chunk.uncompressed_size()),
        dictionary_bytes: counted(dictionary.map_or(0, |at| first_page.saturating_sub(at))),
        pages,
        n_nulls: statistics.and_then(|statistics| statistics.null_count_opt()),
        min: bound(statistics.and_then(|statistics| statistics.min_bytes_opt())),
        max: bound(statistics.and_then(|statistics| statistics.max_bytes_opt())),
        has_bloom_filter: chunk.bloom_filter_offset().is_some(),
    }
}

fn pages(
    column: &ColumnDescriptor,
    offsets: &OffsetIndexMetaData,
    index: Option<&ColumnIndexMetaData>,
    group: &RowGroupMetaData,
) -> Vec<PageLayout> {
    let n_rows = counted(group.num_rows());
    let pages = offsets.page_locations().iter().enumerate().map(|(page_idx, page)| {
        let (min, max) = index.map_or((None, None), |index| bounds(column, index, page_idx));
        let n_nulls = index.and_then(|index| index.null_counts()?.get(page_idx).copied());
        PageLayout {
            first_row: counted(page.first_row_index).min(n_rows),
            start: counted(page.offset),
            size_bytes: counted(page.compressed_page_size.into()),
            n_nulls: n_nulls.map(counted),
            min,
            max,
        }
    });
    pages.collect()
}

/// The bounds of one page; none of a page that has no value, or that the index does not know.
fn bounds(
    column: &ColumnDescriptor,
    index: &ColumnIndexMetaData,
    page_idx: usize,
) -> (Option<String>, Option<String>) {
    use ColumnIndexMetaData as Index;
    fn of<T: AsBytes>(
        column: &ColumnDescriptor,
        index: &PrimitiveColumnIndex<T>,
        page_idx: usize,
    ) -> (Option<String>, Option<String>) {
        let bound = |values: &[T]| bound_text(column, values.get(page_idx)?.as_bytes());
        (bound(index.min_values()), bound(index.max_values()))
    }
    if matches!(index, Index::NONE)
        || page_idx as u64 >= index.num_pages()
        || index.is_null_page(page_idx)
    {
        return (None, None);
    }
    match index {
        Index::NONE => (None, None),
        Index::BOOLEAN(index) => of(column, index, page_idx),
        Index::INT32(index) => of(column, index, page_idx),
        Index::INT64(index) => of(column, index, page_idx),
        Index::INT96(index) => of(column, index, page_idx),
        Index::FLOAT(index) => of(column, index, page_idx),
        Index::DOUBLE(index) => of(column, index, page_idx),
        Index::BYTE_ARRAY(index) | Index::FIXED_LEN_BYTE_ARRAY(index) => {
            let bound = |bytes: Option<&[u8]>| bytes.and_then(|bytes| bound_text(column, bytes));
            (bound(index.min_value(page_idx)), bound(index.max_value(page_idx)))
        }
    }
}

/// The physical type, and the logical one where there is one: `int64 timestamp(us, UTC)`.
fn type_text(column: &ColumnDescriptor) -> String {
    let physical = format!("{:?}", column.physical_type()).to_ascii_lowercase();
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => "ms",
        TimeUnit::MICROS => "us",
        TimeUnit::NANOS => "ns",
    };
    let logical = match column.logical_type_ref() {
        Some(LogicalType::Decimal(it)) => format!("decimal({},{})", it.precision, it.scale),
        Some(LogicalType::Timestamp(it)) if it.is_adjusted_to_u_t_c => {
            format!("timestamp({}, UTC)", unit(&it.unit))
        }
        Some(LogicalType::Timestamp(it)) => format!("timestamp({})", unit(&it.unit)),
        Some(LogicalType::Time(it)) => format!("time({})", unit(&it.unit)),
        Some(LogicalType::Integer(it)) => {
            format!("{}int{}", if it.is_signed { "" } else { "u" }, it.bit_width)
        }
        Some(LogicalType::Variant(_)) => "variant".to_owned(),
        Some(LogicalType::Geometry(_)) => "geometry".to_owned(),
        Some(LogicalType::Geography(_)) => "geography".to_owned(),
        Some(other) => format!("{other:?}").to_ascii_lowercase(),
        None => match column.converted_type() {
            parquet::basic::ConvertedType::NONE => return physical,
            converted => converted.to_string().to_ascii_lowercase(),
        },
    };
    format!("{physical} {logical}")
}

/// A number of a footer; what is negative is not right, and counts as nothing.
fn counted(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
