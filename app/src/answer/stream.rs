//! The Arrow IPC stream of an answer, read into columns.
//!
//! The messages' layout comes from `arrow-ipc`; their bodies are read here, for the few types that
//! panels show. Arrow's own readers carry every type, dictionary and compression there is, and would
//! double the page's module.
//!
//! Source: Arrow columnar format, "IPC Streaming Format" and "Physical Memory Layout".

use super::{AnswerError, Column, Values};
use crate::decimal::{Decimal, Number};
use arrow_ipc::{
    Buffer, DateUnit, Endianness, Field, FieldNode, Message, MessageHeader, Precision, RecordBatch,
    Type, root_as_message,
};
use query::Date;

/// How many digits after the point are kept of a float.
const FLOAT_SCALE: u8 = 6;

/// Stands before the length of each message.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Reads a whole stream: its columns, and how many rows they have.
pub(super) fn read(stream: &[u8]) -> Result<(Vec<Column>, usize), AnswerError> {
    let mut rest = stream;
    let mut columns: Option<Vec<(Column, Kind)>> = None;
    let mut n_rows = 0;
    // A stream ends with a message of no length, so one that was cut is told from a whole one.
    while let Some((message, body, after)) = split(rest)? {
        rest = after;
        match (message.header_type(), &mut columns) {
            (MessageHeader::Schema, None) => columns = Some(read_schema(&message)?),
            (MessageHeader::RecordBatch, Some(columns)) => {
                let batch = message.header_as_record_batch().ok_or(AnswerError::NotArrow)?;
                n_rows += read_batch(&batch, body, columns)?;
            }
            _ => return Err(AnswerError::NotArrow),
        }
    }
    let columns = columns.ok_or(AnswerError::NotArrow)?;
    Ok((columns.into_iter().map(|(column, _)| column).collect(), n_rows))
}

/// The first message, its body, and what follows; `None` at the end of the stream.
#[expect(clippy::type_complexity, reason = "named nowhere else")]
fn split(stream: &[u8]) -> Result<Option<(Message<'_>, &[u8], &[u8])>, AnswerError> {
    let rest = stream.strip_prefix(&CONTINUATION).ok_or(AnswerError::NotArrow)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(AnswerError::NotArrow)?;
    let length = size(i64::from(i32::from_le_bytes(*length)))?;
    if length == 0 {
        return Ok(None);
    }
    let (header, rest) = rest.split_at_checked(length).ok_or(AnswerError::NotArrow)?;
    let message = root_as_message(header).map_err(|_| AnswerError::NotArrow)?;
    let body = size(message.bodyLength())?;
    let (body, rest) = rest.split_at_checked(body).ok_or(AnswerError::NotArrow)?;
    Ok(Some((message, body, rest)))
}

fn size(n: i64) -> Result<usize, AnswerError> {
    usize::try_from(n).map_err(|_| AnswerError::NotArrow)
}

/// How the values of a column lie in a body.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Day,
    Int32,
    Int64,
    UInt64,
    Float64,
    Decimal128 { scale: u8 },
}

fn read_schema(message: &Message<'_>) -> Result<Vec<(Column, Kind)>, AnswerError> {
    let schema = message.header_as_schema().ok_or(AnswerError::NotArrow)?;
    if schema.endianness() != Endianness::Little {
        return Err(AnswerError::NotArrow);
    }
    schema.fields().into_iter().flatten().map(|field| read_field(&field)).collect()
}

fn read_field(field: &Field<'_>) -> Result<(Column, Kind), AnswerError> {
    let name = field.name().unwrap_or_default().to_owned();
    let is_double = |precision: Precision| precision == Precision::DOUBLE;
    let kind = match field.type_type() {
        _ if field.dictionary().is_some() => None,
        Type::Utf8 => Some(Kind::Text),
        Type::Date => {
            field.type_as_date().filter(|date| date.unit() == DateUnit::DAY).map(|_| Kind::Day)
        }
        Type::Int => field.type_as_int().and_then(|int| match (int.bitWidth(), int.is_signed()) {
            (32, true) => Some(Kind::Int32),
            (64, true) => Some(Kind::Int64),
            (64, false) => Some(Kind::UInt64),
            _ => None,
        }),
        Type::FloatingPoint => field
            .type_as_floating_point()
            .filter(|float| is_double(float.precision()))
            .map(|_| Kind::Float64),
        Type::Decimal => field
            .type_as_decimal()
            .filter(|decimal| decimal.bitWidth() == 128)
            .and_then(|decimal| u8::try_from(decimal.scale()).ok())
            .map(|scale| Kind::Decimal128 { scale }),
        _ => None,
    };
    let Some(kind) = kind else {
        let data_type = match field.dictionary() {
            Some(_) => "Dictionary",
            None => field.type_type().variant_name().unwrap_or("unknown"),
        };
        return Err(AnswerError::UnknownType { column: name, data_type: data_type.to_owned() });
    };
    let values = match kind {
        Kind::Text => Values::Text(Vec::new()),
        Kind::Day => Values::Day(Vec::new()),
        _ => Values::Number(Vec::new()),
    };
    Ok((Column { name, values }, kind))
}

/// Appends the rows of a batch; how many they are.
fn read_batch(
    batch: &RecordBatch<'_>,
    body: &[u8],
    columns: &mut [(Column, Kind)],
) -> Result<usize, AnswerError> {
    if batch.compression().is_some() {
        return Err(AnswerError::NotArrow);
    }
    let mut nodes = batch.nodes().into_iter().flatten();
    let mut buffers = batch.buffers().into_iter().flatten();
    for (column, kind) in columns {
        let node = nodes.next().ok_or(AnswerError::NotArrow)?;
        if node.length() != batch.length() {
            return Err(AnswerError::NotArrow);
        }
        let mut next = || slice(body, buffers.next().ok_or(AnswerError::NotArrow)?);
        let valid = Validity::new(node, next()?)?;
        let array = Array { n_rows: size(node.length())?, valid };
        match (&mut column.values, kind) {
            (Values::Text(texts), Kind::Text) => array.read_texts(next()?, next()?, texts)?,
            (Values::Day(days), Kind::Day) => {
                array.read(next()?, |b| Date::from_days(i32::from_le_bytes(b)), days)?;
            }
            (Values::Number(numbers), kind) => array.read_numbers(*kind, next()?, numbers)?,
            _ => return Err(AnswerError::NotArrow),
        }
    }
    size(batch.length())
}

fn slice<'b>(body: &'b [u8], buffer: &Buffer) -> Result<&'b [u8], AnswerError> {
    let start = size(buffer.offset())?;
    let end = start.checked_add(size(buffer.length())?).ok_or(AnswerError::NotArrow)?;
    body.get(start..end).ok_or(AnswerError::NotArrow)
}

/// Which rows are not null.
struct Validity<'b> {
    /// A bit for each row, lowest first; `None` when no row is null.
    bits: Option<&'b [u8]>,
}

impl<'b> Validity<'b> {
    fn new(node: &FieldNode, bits: &'b [u8]) -> Result<Validity<'b>, AnswerError> {
        if node.null_count() == 0 {
            return Ok(Validity { bits: None });
        }
        let is_long_enough = bits.len() >= size(node.length())?.div_ceil(8);
        if is_long_enough { Ok(Validity { bits: Some(bits) }) } else { Err(AnswerError::NotArrow) }
    }

    fn has(&self, row_idx: usize) -> bool {
        let byte = |bits: &[u8]| bits.get(row_idx / 8).copied().unwrap_or_default();
        self.bits.is_none_or(|bits| byte(bits) >> (row_idx % 8) & 1 == 1)
    }
}

/// The rows of one column in one batch.
struct Array<'b> {
    n_rows: usize,
    valid: Validity<'b>,
}

impl Array<'_> {
    /// Appends values of `N` bytes each.
    fn read<const N: usize, T>(
        &self,
        bytes: &[u8],
        value: impl Fn([u8; N]) -> T,
        values: &mut Vec<Option<T>>,
    ) -> Result<(), AnswerError> {
        let (chunks, _padding) = bytes.as_chunks::<N>();
        let chunks = chunks.get(..self.n_rows).ok_or(AnswerError::NotArrow)?;
        for (row_idx, chunk) in chunks.iter().enumerate() {
            values.push(self.valid.has(row_idx).then(|| value(*chunk)));
        }
        Ok(())
    }

    fn read_numbers(
        &self,
        kind: Kind,
        bytes: &[u8],
        numbers: &mut Vec<Option<Number>>,
    ) -> Result<(), AnswerError> {
        let exact = |units: i128, scale: u8| Number::Exact(Decimal::new(units, scale));
        match kind {
            Kind::Int32 => self.read(bytes, |b| exact(i32::from_le_bytes(b).into(), 0), numbers),
            Kind::Int64 => self.read(bytes, |b| exact(i64::from_le_bytes(b).into(), 0), numbers),
            Kind::UInt64 => self.read(bytes, |b| exact(u64::from_le_bytes(b).into(), 0), numbers),
            Kind::Float64 => {
                self.read(bytes, |b| Number::of_float(f64::from_le_bytes(b), FLOAT_SCALE), numbers)
            }
            Kind::Decimal128 { scale } => {
                self.read(bytes, |b| exact(i128::from_le_bytes(b), scale), numbers)
            }
            Kind::Text | Kind::Day => Err(AnswerError::NotArrow),
        }
    }

    fn read_texts(
        &self,
        offsets: &[u8],
        bytes: &[u8],
        texts: &mut Vec<Option<String>>,
    ) -> Result<(), AnswerError> {
        // Without rows there need be no offset at all, otherwise there is one more than rows.
        if self.n_rows == 0 {
            return Ok(());
        }
        let (offsets, _padding) = offsets.as_chunks::<4>();
        let ends = offsets.get(..=self.n_rows).ok_or(AnswerError::NotArrow)?;
        let mut ends = ends.iter().map(|end| size(i64::from(i32::from_le_bytes(*end))));
        let mut start = ends.next().ok_or(AnswerError::NotArrow)??;
        for (row_idx, end) in ends.enumerate() {
            let end = end?;
            let text = bytes.get(start..end).ok_or(AnswerError::NotArrow)?;
            let text = std::str::from_utf8(text).map_err(|_| AnswerError::NotArrow)?;
            texts.push(self.valid.has(row_idx).then(|| text.to_owned()));
            start = end;
        }
        Ok(())
    }
}
