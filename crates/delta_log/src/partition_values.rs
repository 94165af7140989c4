//! The partition values of files, in memory once for all files of a partition.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::Utf8Error;
use std::sync::Arc;

/// At most so many spellings of partition values are remembered.
const MAX_SPELLINGS: usize = 1 << 16;

/// A value for each partition column, by the column's physical name, as the log writes them; see
/// [`crate::partition_array`].
///
/// Files of one partition share one of these: [`Arc::ptr_eq`] on [`crate::Add::partition`] finds
/// them without a look at the values. The converse does not hold between two snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionValues {
    /// Ascending by name.
    values: Box<[NamedValue]>,
}

type NamedValue = (Arc<str>, Option<Arc<str>>);

impl PartitionValues {
    /// The value of the column of that physical name; `None` when it is null or there is none.
    pub fn get(&self, physical_name: &str) -> Option<&str> {
        let place = self.values.binary_search_by(|(name, _)| (**name).cmp(physical_name)).ok()?;
        self.values.get(place)?.1.as_deref()
    }

    /// The columns, ascending by physical name, with their values; `None` is null.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.values.iter().map(|(name, value)| (&**name, value.as_deref()))
    }
}

/// Makes [`PartitionValues`], equal ones once.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: HashSet<Arc<str>>,
    tuples: HashSet<Arc<PartitionValues>>,
    /// What a log file says for a tuple, so that most files cost one look-up.
    spellings: HashMap<Box<[u8]>, Arc<PartitionValues>>,
    key: Vec<u8>,
}

impl Interner {
    /// The values of the JSON object `json`.
    ///
    /// # Errors
    /// When it is not an object of texts and nulls.
    pub fn of_json(&mut self, json: &str) -> Result<Arc<PartitionValues>, serde_json::Error> {
        if let Some(tuple) = self.spellings.get(json.as_bytes()) {
            return Ok(Arc::clone(tuple));
        }
        let values: Option<BTreeMap<String, Option<String>>> = serde_json::from_str(json)?;
        let values = values.unwrap_or_default();
        let values = values.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        let tuple = self.tuple(values.collect());
        self.remember(json.as_bytes().into(), &tuple);
        Ok(tuple)
    }

    /// The values of a map from a column's name to its value. Of two entries with one name the
    /// last one holds.
    ///
    /// # Errors
    /// When a text is not UTF-8.
    pub fn of_entries<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + Clone,
    ) -> Result<Arc<PartitionValues>, Utf8Error> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        // No JSON starts with this byte, so the two kinds of spellings do not meet.
        key.push(0);
        for (name, value) in entries.clone() {
            key.extend_from_slice(&name.len().to_le_bytes());
            key.extend_from_slice(name);
            let length = value.map_or(u64::MAX, |value| value.len() as u64);
            key.extend_from_slice(&length.to_le_bytes());
            key.extend_from_slice(value.unwrap_or_default());
        }
        if let Some(tuple) = self.spellings.get(key.as_slice()) {
            let tuple = Arc::clone(tuple);
            self.key = key;
            return Ok(tuple);
        }
        let mut values = BTreeMap::new();
        for (name, value) in entries {
            let value = value.map(std::str::from_utf8).transpose()?;
            values.insert(std::str::from_utf8(name)?, value);
        }
        let tuple = self.tuple(values);
        self.remember(key.as_slice().into(), &tuple);
        self.key = key;
        Ok(tuple)
    }

    fn tuple(&mut self, values: BTreeMap<&str, Option<&str>>) -> Arc<PartitionValues> {
        let mut text = |text: &str| match self.texts.get(text) {
            Some(text) => Arc::clone(text),
            None => {
                let text: Arc<str> = text.into();
                self.texts.insert(Arc::clone(&text));
                text
            }
        };
        let values = values.into_iter().map(|(name, value)| (text(name), value.map(&mut text)));
        let tuple = PartitionValues { values: values.collect() };
        match self.tuples.get(&tuple) {
            Some(tuple) => Arc::clone(tuple),
            None => {
                let tuple = Arc::new(tuple);
                self.tuples.insert(Arc::clone(&tuple));
                tuple
            }
        }
    }

    fn remember(&mut self, spelling: Box<[u8]>, tuple: &Arc<PartitionValues>) {
        if self.spellings.len() < MAX_SPELLINGS {
            self.spellings.insert(spelling, Arc::clone(tuple));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one() {
        let mut interner = Interner::default();
        let a = interner.of_json(r#"{"p":"1","q":null}"#).unwrap();
        let b = interner.of_json(r#"{ "q":null,"p":"\u0031"}"#).unwrap();
        let entries: [(&[u8], Option<&[u8]>); 2] = [(b"q", None), (b"p", Some(b"1"))];
        let c = interner.of_entries(entries.into_iter()).unwrap();
        assert!(Arc::ptr_eq(&a, &b) && Arc::ptr_eq(&a, &c));
        assert_eq!(a.iter().collect::<Vec<_>>(), [("p", Some("1")), ("q", None)]);
        assert_eq!((a.get("p"), a.get("q"), a.get("r")), (Some("1"), None, None));
        let other = interner.of_json(r#"{"p":"1","q":""}"#).unwrap();
        assert_eq!((other.get("q"), *other == *a), (Some(""), false));
        assert_eq!(interner.of_json("null").unwrap().iter().count(), 0);
    }

    #[test]
    fn what_is_no_map_of_texts_is_refused() {
        let mut interner = Interner::default();
        assert!(interner.of_json(r#"{"p":1}"#).is_err());
        assert!(interner.of_json("[]").is_err());
        let entries: [(&[u8], Option<&[u8]>); 1] = [(b"p", Some(b"\xff"))];
        assert!(interner.of_entries(entries.into_iter()).is_err());
    }
}
