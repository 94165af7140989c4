//! The fields of a JSON object, each as it is written: no digit, escape or key passes through a number or a text on the
//! way.

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The fields of one object, in their order, each name once.
pub(super) struct JsonFields<'j>(pub(super) Vec<(Cow<'j, str>, &'j RawValue)>);

impl<'j> JsonFields<'j> {
    /// Reads `text`.
    ///
    /// # Errors
    /// When it is no object, or names a field twice: which of the two is meant nobody knows.
    pub(super) fn parse(text: &'j str) -> Result<JsonFields<'j>, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The value of the field `name`, as it is written.
    pub(super) fn get(&self, name: &str) -> Option<&'j str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, raw)| raw.get())
    }
}

impl<'de> Deserialize<'de> for JsonFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonFields<'de>, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = JsonFields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonFields<'de>, A::Error> {
        let mut fields: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let raw = map.next_value()?;
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom(format_args!("it names field {name:?} twice")));
            }
            fields.push((name, raw));
        }
        Ok(JsonFields(fields))
    }
}

/// A name, borrowed where it is written without escapes.
struct Name<'n>(Cow<'n, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<'de>, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
