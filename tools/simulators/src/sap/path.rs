//! What a path names: a service, its metadata, one of its entity sets, or one entity.

use crate::http::Call;
use crate::percent;

/// Services with their entity sets.
const SERVICES: [(&str, &[&str]); 2] = [
    (
        "API_BUSINESS_PARTNER",
        &["A_BusinessPartner", "A_BusinessPartnerAddress", "A_AddressPhoneNumber", "A_AddressEmailAddress"],
    ),
    ("API_OPLACCTGDOCITEMCUBE_SRV", &["A_OperationalAcctgDocItemCube"]),
];

/// What a path names.
pub(super) enum Target {
    Service {
        sets: &'static [&'static str],
    },
    Metadata {
        service: &'static str,
        sets: &'static [&'static str],
    },
    Collection {
        set: String,
    },
    Single {
        set: String,
        key: String,
    },
    /// The service has no entity set of this name.
    NoSuchSet {
        set: String,
    },
    Nothing,
}

/// What the path of a request names.
pub(super) fn target(call: &Call) -> Target {
    let path = percent::decode(call.path());
    let Some(rest) = path.strip_prefix("/sap/opu/odata/sap/") else { return Target::Nothing };
    let (service, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(&(service, sets)) = SERVICES.iter().find(|(name, _)| *name == service) else {
        return Target::Nothing;
    };
    match rest {
        "" => return Target::Service { sets },
        "$metadata" => return Target::Metadata { service, sets },
        _ => {}
    }
    let (set, key) = rest.split_once('(').map_or((rest, None), |(set, key)| (set, key.strip_suffix(')')));
    if !sets.contains(&set) {
        return Target::NoSuchSet { set: set.to_owned() };
    }
    match key {
        None if rest.contains('(') => Target::Nothing,
        None => Target::Collection { set: set.to_owned() },
        Some(key) => Target::Single { set: set.to_owned(), key: key_value(key) },
    }
}

/// The value that tells an entity apart: of `'1003764'` and `BusinessPartner='1003764'` the only one there
/// is, of an item's four-part key the document's number. Quotes inside a value are doubled.
fn key_value(key: &str) -> String {
    let mut parts = key.split(',').map(|part| part.split_once('=').unwrap_or(("", part)));
    let (_, value) = parts
        .clone()
        .find(|(name, _)| *name == "AccountingDocument")
        .or_else(|| parts.next())
        .unwrap_or_default();
    let value = value.trim();
    let value = value.strip_prefix('\'').unwrap_or(value);
    value.strip_suffix('\'').unwrap_or(value).replace("''", "'")
}
