//! TEMPORARY until the expect branch lands.
use crate::project::Place;
use arrow::datatypes::SchemaRef;
use serde::Deserialize;
use std::collections::BTreeMap;
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub on_failure: OnFailure,
}
impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.on_failure)
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    Fail,
    Warn,
    Quarantine,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Freshness;
#[derive(Debug, thiserror::Error)]
pub enum ExpectationRule {
    #[error("x")]
    X,
}
#[derive(Deserialize, Default)]
pub struct ColumnForms(BTreeMap<String, serde::de::IgnoredAny>);
#[derive(Deserialize, Default)]
pub struct ExpectationForms(Vec<serde::de::IgnoredAny>);
#[derive(Deserialize)]
pub struct FreshnessForm {
    #[serde(flatten)]
    _x: BTreeMap<String, serde::de::IgnoredAny>,
}
impl From<FreshnessForm> for Freshness {
    fn from(_: FreshnessForm) -> Freshness {
        Freshness
    }
}
pub fn read(
    c: ColumnForms,
    _: ExpectationForms,
) -> Result<(BTreeMap<String, String>, Vec<Expectation>), (Place, ExpectationRule)> {
    Ok((c.0.into_keys().map(|k| (k, String::new())).collect(), Vec::new()))
}
pub fn quarantine_schema(s: &SchemaRef) -> SchemaRef {
    s.clone()
}
