//! Files as odd writers make them.

use crate::fixture::{add, batch, metadata, newest, parquet_with, rows};
use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
use crate::store::MemoryStore;
use bytes::Bytes;
use datafusion::arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use parquet::data_type::{FixedLenByteArray, FixedLenByteArrayType};
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// The rows of a lake's table at `location`, or what is said in their place.
async fn said(store: MemoryStore, location: &str) -> String {
    let lake = Lake::new(Arc::new(store), DEFAULT_MEMORY_BYTES).unwrap();
    match rows(&lake, newest(location), Vec::new()).await {
        Ok(rows) => rows.join(", "),
        Err(failure) => format!("{:?}: {failure}", failure.code),
    }
}

async fn of_file(bytes: Vec<u8>) -> String {
    let store = MemoryStore::default();
    store.put("t.parquet", bytes);
    said(store, "t.parquet").await
}

#[tokio::test]
async fn intervals_keep_their_months() {
    let message = "message m { optional fixed_len_byte_array(12) x (INTERVAL); }";
    let schema = Arc::new(parse_message_type(message).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let value = |months: u32, days: u32, ms: u32| {
        let bytes = [months, days, ms].map(u32::to_le_bytes).concat();
        FixedLenByteArray::from(bytes)
    };
    let values = [value(1, 0, 0), value(14, 3, 4 * 3_600_000), value(0, 14, 0)];
    column
        .typed::<FixedLenByteArrayType>()
        .write_batch(&values, Some(&[1, 0, 1, 1]), None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    assert_eq!(
        of_file(writer.into_inner().unwrap()).await,
        "1 mons, null, 14 mons 3 days 4 hours, 14 days"
    );
}

#[tokio::test]
async fn a_zone_that_nobody_knows_is_shown_in_utc() {
    let times = TimestampMicrosecondArray::from(vec![0, 1_500_000]).with_timezone("tzlocal()");
    let file = parquet_with(&batch(vec![("t", Arc::new(times) as ArrayRef)]), Default::default());
    assert_eq!(of_file(file).await, "1970-01-01T00:00:00Z, 1970-01-01T00:00:01.500Z");
}

#[tokio::test]
async fn two_columns_of_one_name_are_named() {
    let field = || Field::new("id", DataType::Int64, true);
    let column = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let schema = Arc::new(Schema::new(vec![field(), field()]));
    let twice = RecordBatch::try_new(schema, vec![column(), column()]).unwrap();
    assert_eq!(
        of_file(parquet_with(&twice, Default::default())).await,
        "MalformedFile: t.parquet: two columns are called \"id\", so neither can be asked for"
    );
}

#[tokio::test]
async fn a_dictionary_at_byte_0_is_none() {
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let column: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let bytes = Bytes::from(parquet_with(&batch(vec![("x", column)]), properties));
    let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    let group = footer.row_groups()[0].clone();
    let chunk = group.column(0).clone().into_builder().set_dictionary_page_offset(Some(0));
    let group = group.into_builder().set_column_metadata(vec![chunk.build().unwrap()]);
    let footer = footer.into_builder().set_row_groups(vec![group.build().unwrap()]).build();
    let mut file = bytes.to_vec();
    ParquetMetaDataWriter::new(&mut file, &footer).finish().unwrap();
    assert_eq!(of_file(file).await, "a, b");
}

#[tokio::test]
async fn a_size_that_is_not_the_files_is_said() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let bytes = parquet_with(&batch(vec![("x", column)]), Default::default());
    for (is, said_bytes) in [("less", bytes.len() - 20), ("more", bytes.len() + 900)] {
        let store = MemoryStore::default();
        let commit = metadata(&[("x", "long")]) + &add("p.parquet", said_bytes, 1, "{}");
        store.put("t/_delta_log/00000000000000000000.json", commit);
        store.put("t/p.parquet", bytes.clone());
        let expected = format!("the log says {said_bytes} bytes, the file has {}", bytes.len());
        let found = said(store, "t").await;
        assert!(found.starts_with("MalformedFile") && found.contains(&expected), "{is}: {found}");
    }
}
