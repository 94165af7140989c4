//! The column types of MySQL, MariaDB and TiDB, and what each becomes.
//!
//! | declared | here | why |
//! | --- | --- | --- |
//! | `tinyint`, `smallint`, `mediumint`, `int`; the first three also `unsigned`; `year` | int | a product of two `tinyint`s is a `bigint` there, and would wrap in 8 bits here |
//! | `bigint`, `int unsigned` | bigint | |
//! | `bigint unsigned`, `bit(64)` | decimal(20, 0) | there is no unsigned 64-bit column in a lake |
//! | `tinyint(1)`, `boolean` | int | it is a number of one digit that may be 2 or -1; `column <> 0` makes it a boolean |
//! | `bit(1)` | boolean | |
//! | `bit(2)` to `bit(63)` | bigint | |
//! | `decimal(p, s)` | decimal(p, s) | more than 38 digits are refused |
//! | `float`, `double` | float, double | |
//! | `date` | date | |
//! | `datetime(n)` | timestamp without a zone, microseconds | it is what a clock on some wall showed |
//! | `timestamp(n)` | timestamp in UTC, microseconds | it is a moment |
//! | `time(n)` | text, as the server prints it | it is a duration from -838 to 838 hours |
//! | `char`, `varchar`, `text` of any size, `enum`, `set`, `json`, `uuid`, `inet4`, `inet6` | text | |
//! | `binary`, `varbinary`, `blob` of any size | binary | |
//!
//! Anything else (geometry, vectors) is refused by name: the column is left out by a list of
//! `columns`, or a view casts it.

use arrow::datatypes::{DataType, TimeUnit};

/// The greatest precision of a decimal in a Delta table.
const MAX_PRECISION: u8 = 38;

/// What the values of a column are, and how they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole numbers that fit 32 bits with a sign.
    Int,
    /// Whole numbers that fit 64 bits with a sign.
    Long,
    /// Whole numbers that need 64 bits without a sign.
    UnsignedLong,
    /// Numbers with `scale` digits behind the point and `precision` in all.
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// IEEE 754, 32 bits.
    Float,
    /// IEEE 754, 64 bits.
    Double,
    /// One bit.
    Boolean,
    /// 2 to 63 bits, the highest first.
    Bits,
    /// 64 bits, the highest first.
    WideBits,
    /// A day.
    Date,
    /// A day and a time without a zone.
    DateTime,
    /// A moment.
    Timestamp,
    /// A duration with so many digits behind the seconds.
    Time {
        /// 0 to 6.
        n_decimals: usize,
    },
    /// Characters.
    Text,
    /// Bytes.
    Binary,
}

/// A column type that has no place in a lake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeRule {
    /// More digits than a decimal has.
    #[error("has {precision} digits, a decimal in a lake has at most 38")]
    Precision {
        /// The digits.
        precision: u8,
    },
    /// Not one of the table above.
    #[error("is none of the types that a lake has")]
    Unknown,
}

impl Kind {
    /// Reads a type as `information_schema.columns.column_type` prints it, such as
    /// `int(10) unsigned zerofill` or `decimal(10,2)`.
    ///
    /// # Errors
    /// [`TypeRule`].
    pub(crate) fn parse(column_type: &str) -> Result<Kind, TypeRule> {
        let declared = Declared::read(column_type);
        let is_unsigned = declared.is_unsigned;
        Ok(match declared.word.as_str() {
            "tinyint" | "smallint" | "mediumint" | "year" => Kind::Int,
            "int" | "integer" if !is_unsigned => Kind::Int,
            "int" | "integer" => Kind::Long,
            "bigint" if is_unsigned => Kind::UnsignedLong,
            "bigint" => Kind::Long,
            "decimal" | "numeric" => {
                let precision = declared.number(0).unwrap_or(10);
                if precision > MAX_PRECISION {
                    return Err(TypeRule::Precision { precision });
                }
                Kind::Decimal { precision, scale: declared.number(1).unwrap_or(0) }
            }
            "float" => Kind::Float,
            "double" | "real" => Kind::Double,
            "bit" => match declared.number(0).unwrap_or(1) {
                1 => Kind::Boolean,
                64 => Kind::WideBits,
                _ => Kind::Bits,
            },
            "date" => Kind::Date,
            "datetime" => Kind::DateTime,
            "timestamp" => Kind::Timestamp,
            "time" => Kind::Time { n_decimals: usize::from(declared.number(0).unwrap_or(0)) },
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum"
            | "set" | "json" | "uuid" | "inet4" | "inet6" => Kind::Text,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                Kind::Binary
            }
            _ => return Err(TypeRule::Unknown),
        })
    }

    /// The type of its column in the lake.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Kind::Int => DataType::Int32,
            Kind::Long | Kind::Bits => DataType::Int64,
            Kind::UnsignedLong | Kind::WideBits => DataType::Decimal128(20, 0),
            Kind::Decimal { precision, scale } => {
                // At most 38, so that it fits.
                DataType::Decimal128(precision, scale.cast_signed())
            }
            Kind::Float => DataType::Float32,
            Kind::Double => DataType::Float64,
            Kind::Boolean => DataType::Boolean,
            Kind::Date => DataType::Date32,
            Kind::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Time { .. } | Kind::Text => DataType::Utf8,
            Kind::Binary => DataType::Binary,
        }
    }
}

/// The parts of a column type.
struct Declared {
    word: String,
    arguments: String,
    is_unsigned: bool,
}

impl Declared {
    fn read(column_type: &str) -> Declared {
        // MariaDB puts remarks such as `/* mariadb-5.3 */` behind some types.
        let text = column_type.split("/*").next().unwrap_or_default().trim().to_lowercase();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let arguments = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (arguments, attributes) = arguments.unwrap_or(("", rest));
        Declared {
            word: word.to_owned(),
            arguments: arguments.to_owned(),
            is_unsigned: attributes.split_whitespace().any(|word| word == "unsigned"),
        }
    }

    /// The argument `idx`, when it is a number.
    fn number(&self, idx: usize) -> Option<u8> {
        self.arguments.split(',').nth(idx)?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_have_a_kind() {
        let check = |texts: &[&str], expected: Kind| {
            for text in texts {
                assert_eq!(Kind::parse(text), Ok(expected), "{text}");
            }
        };
        check(&["tinyint(4)", "tinyint(1)", "tinyint(3) unsigned", "tinyint"], Kind::Int);
        check(&["smallint(6)", "smallint(5) unsigned zerofill", "year(4)", "year"], Kind::Int);
        check(&["mediumint(8) unsigned", "int(11)", "int", "INT(11)"], Kind::Int);
        check(&["int(10) unsigned", "int unsigned", "bigint(20)", "bigint"], Kind::Long);
        check(&["bigint(20) unsigned", "bigint unsigned zerofill"], Kind::UnsignedLong);
        check(&["decimal(10,2)", "decimal(10,2) unsigned"], decimal(10, 2));
        check(&["decimal(38,38)"], decimal(38, 38));
        check(&["decimal(10,0)", "decimal"], decimal(10, 0));
        check(&["float", "float(7,4)", "float unsigned"], Kind::Float);
        check(&["double", "double(10,2) unsigned", "real"], Kind::Double);
        check(&["bit(1)", "bit"], Kind::Boolean);
        check(&["bit(2)", "bit(63)"], Kind::Bits);
        check(&["bit(64)"], Kind::WideBits);
        check(&["date"], Kind::Date);
        check(&["datetime", "datetime(6)", "datetime /* mariadb-5.3 */"], Kind::DateTime);
        check(&["timestamp", "timestamp(3)"], Kind::Timestamp);
        check(&["time"], Kind::Time { n_decimals: 0 });
        check(&["time(3)"], Kind::Time { n_decimals: 3 });
        check(&["char(36)", "varchar(20)", "longtext", "json", "uuid", "inet6"], Kind::Text);
        check(&["varchar(99) /*M!100301 COMPRESSED*/"], Kind::Text);
        // What stands in the list is no attribute.
        check(&["enum('a','b')", "set('unsigned','(')", "enum(')')"], Kind::Text);
        check(&["binary(16)", "varbinary(9)", "longblob", "binary(0)"], Kind::Binary);
    }

    fn decimal(precision: u8, scale: u8) -> Kind {
        Kind::Decimal { precision, scale }
    }

    #[test]
    fn what_a_lake_lacks_is_refused() {
        let check = |text: &str, expected: TypeRule| {
            assert_eq!(Kind::parse(text), Err(expected), "{text}");
        };
        check("decimal(39,2)", TypeRule::Precision { precision: 39 });
        check("decimal(65,30) unsigned", TypeRule::Precision { precision: 65 });
        for text in ["geometry", "point", "vector(4)", "", "(", "unsigned"] {
            check(text, TypeRule::Unknown);
        }
    }

    #[test]
    fn every_kind_has_a_column() {
        let check = |text: &str, expected: DataType| {
            assert_eq!(Kind::parse(text).map(Kind::arrow), Ok(expected), "{text}");
        };
        let micros = |zone: Option<&str>| {
            DataType::Timestamp(TimeUnit::Microsecond, zone.map(std::convert::Into::into))
        };
        check("tinyint(1)", DataType::Int32);
        check("int unsigned", DataType::Int64);
        check("bigint unsigned", DataType::Decimal128(20, 0));
        check("bit(64)", DataType::Decimal128(20, 0));
        check("bit(9)", DataType::Int64);
        check("bit(1)", DataType::Boolean);
        check("decimal(12,3)", DataType::Decimal128(12, 3));
        check("float", DataType::Float32);
        check("double", DataType::Float64);
        check("date", DataType::Date32);
        check("datetime(6)", micros(None));
        check("timestamp", micros(Some("UTC")));
        check("time(6)", DataType::Utf8);
        check("json", DataType::Utf8);
        check("blob", DataType::Binary);
    }
}
