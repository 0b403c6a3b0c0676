//! Every field of an event in a few bytes, so that millions can be compared: a digest of each field's value, by name.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use apache_avro::types::Value;

/// Digests of the values of an event's fields, by name. Two events whose fields are equal have equal digests;
/// of two that differ, the digests differ but for one case in 2^64.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// In order; shared by all events of a schema.
    names: Arc<[Box<str>]>,
    digests: Box<[u64]>,
}

/// The names of the fields of each schema that was met, so that they are kept once.
#[derive(Debug, Default)]
pub struct Layouts(Vec<Arc<[Box<str>]>>);

// === impl Layouts ===

impl Layouts {
    fn shared(&mut self, names: &[&str]) -> Arc<[Box<str>]> {
        let same = |known: &&Arc<[Box<str>]>| known.iter().map(AsRef::as_ref).eq(names.iter().copied());
        if let Some(known) = self.0.iter().find(same) {
            return known.clone();
        }
        let layout: Arc<[Box<str>]> = names.iter().map(|name| (*name).into()).collect();
        self.0.push(layout.clone());
        layout
    }
}

// === impl Fingerprint ===

impl Fingerprint {
    /// That of named values.
    pub fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>, layouts: &mut Layouts) -> Self {
        let mut fields: Vec<(&str, &Value)> = fields.collect();
        fields.sort_unstable_by_key(|(name, _)| *name);
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        Self {
            names: layouts.shared(&names),
            digests: fields.iter().map(|(_, value)| digest(value)).collect(),
        }
    }

    /// Names of the fields of `self` that `other` lacks, or that have another value there.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a str> {
        let differs = |(name, digest): &(&'a str, u64)| other.get(name) != Some(*digest);
        self.iter().filter(differs).map(|(name, _)| name)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether the field has the value null.
    pub fn is_null(&self, name: &str) -> bool {
        self.get(name) == Some(digest(&Value::Null))
    }

    /// The same with one field's value replaced or added, for trying the judges.
    #[must_use]
    pub fn with(self, name: &str, value: &Value) -> Self {
        let mut fields: BTreeMap<Box<str>, u64> = self.without(name).into_fields();
        fields.insert(name.into(), digest(value));
        Self::from_fields(fields)
    }

    /// The same without a field, for trying the judges.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        let mut fields = self.into_fields();
        fields.remove(name);
        Self::from_fields(fields)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(AsRef::as_ref).zip(self.digests.iter().copied())
    }

    fn get(&self, name: &str) -> Option<u64> {
        let at = self.names.binary_search_by(|known| known.as_ref().cmp(name)).ok()?;
        self.digests.get(at).copied()
    }

    fn into_fields(self) -> BTreeMap<Box<str>, u64> {
        self.iter().map(|(name, digest)| (name.into(), digest)).collect()
    }

    fn from_fields(fields: BTreeMap<Box<str>, u64>) -> Self {
        let (names, digests): (Vec<Box<str>>, Vec<u64>) = fields.into_iter().unzip();
        Self { names: names.into(), digests: digests.into() }
    }
}

fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

/// Feeds a value's meaning: what a union's branch is numbered, or whether an integer is an int or a long, is
/// no part of it.
fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Union(_, inner) => feed(inner, hasher),
        Value::Null => 0_u8.hash(hasher),
        Value::Boolean(flag) => (1_u8, flag).hash(hasher),
        Value::Int(number) | Value::Date(number) | Value::TimeMillis(number) => {
            (2_u8, i64::from(*number)).hash(hasher);
        }
        Value::Long(number) | Value::TimestampMillis(number) | Value::TimestampMicros(number) => {
            (2_u8, number).hash(hasher);
        }
        Value::Float(number) => (3_u8, f64::from(*number).to_bits()).hash(hasher),
        Value::Double(number) => (3_u8, number.to_bits()).hash(hasher),
        Value::String(text) | Value::Enum(_, text) => (4_u8, text).hash(hasher),
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => (5_u8, bytes).hash(hasher),
        Value::Array(items) => {
            (6_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::Map(entries) => {
            (7_u8, entries.len()).hash(hasher);
            let ordered: BTreeMap<&String, &Value> = entries.iter().collect();
            for (name, value) in ordered {
                name.hash(hasher);
                feed(value, hasher);
            }
        }
        Value::Record(fields) => {
            (8_u8, fields.len()).hash(hasher);
            let ordered: BTreeMap<&String, &Value> =
                fields.iter().map(|(name, value)| (name, value)).collect();
            for (name, value) in ordered {
                name.hash(hasher);
                feed(value, hasher);
            }
        }
        // No schema of the catalog has these; told apart by how they print.
        other => (9_u8, format!("{other:?}")).hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&str, Value)]) -> Fingerprint {
        Fingerprint::of(fields.iter().map(|(name, value)| (*name, value)), &mut Layouts::default())
    }

    #[test]
    fn what_differs_is_named() {
        let one = of(&[("a", Value::Long(1)), ("b", Value::String("x".into())), ("c", Value::Null)]);
        let other = of(&[("a", Value::Int(1)), ("b", Value::String("y".into()))]);
        assert_eq!(one.differing(&other).collect::<Vec<_>>(), ["b", "c"]);
        assert!(one.is_null("c") && !one.is_null("a"));
    }

    #[test]
    fn branches_and_the_order_of_maps_are_no_difference() {
        let map = |names: [&str; 2]| {
            Value::Map(names.into_iter().map(|name| (name.to_owned(), Value::Boolean(true))).collect())
        };
        let one = of(&[("m", map(["x", "y"])), ("u", Value::Union(1, Box::new(Value::Long(5))))]);
        let other = of(&[("m", map(["y", "x"])), ("u", Value::Long(5))]);
        assert_eq!(one, other);
    }

    #[test]
    fn texts_that_run_into_each_other_differ() {
        let list = |items: [&str; 2]| Value::Array(items.map(|item| Value::String(item.into())).to_vec());
        assert_ne!(of(&[("l", list(["ab", "c"]))]), of(&[("l", list(["a", "bc"]))]));
    }
}
