//! What a target has: its objects and fields, as it describes them itself, held against those that are configured.

use std::collections::BTreeMap;
use std::time::Instant;

use reqwest::Method;
use trunkline_config::{ProfileMapping, did_you_mean};
use trunkline_systems::QueryLanguage;

use crate::description::{Known, Step};
use crate::error::CallErrorKind;
use crate::lookup_error::LookupError;
use crate::outbound::Outbound;
use crate::record::Unreadable;
use crate::request::Request;
use crate::retry::Repeat;
use crate::systems::connector;

/// Endpoint class of the questions: they have a breaker of their own.
const CLASS: &str = "describe";

/// A field that the configuration names, and whether the target has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The setting that names it, for instance `profile.fields.accountName`.
    pub setting: String,
    /// The object.
    pub object: String,
    /// The field; behind dots one of a related record.
    pub field: String,
    /// What is wrong, with a suggestion where there is one; `None` when the field exists.
    pub wrong: Option<String>,
}

/// What a target has of what is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The objects that were looked at, with how many fields each has; `None` for one that does not exist.
    pub objects: BTreeMap<String, Option<usize>>,
    /// The fields that are configured.
    pub checked: Vec<Checked>,
}

/// The objects described so far.
struct Objects<'a> {
    outbound: &'a Outbound,
    deadline: Instant,
    known: BTreeMap<String, Known>,
}

/// Asks a target for the objects and fields that its mapping names.
pub(crate) async fn describe(outbound: &Outbound, deadline: Instant) -> Result<Described, LookupError> {
    let target = outbound.target();
    let Some(mapping) = &target.profile else {
        return Err(LookupError::NoProfiles { target: target.name.clone(), system: target.system });
    };
    let mut objects = Objects { outbound, deadline, known: BTreeMap::new() };
    let mut checked = configured(mapping);
    for field in &mut checked {
        field.wrong = objects.wrong_with(&field.object, &field.field).await?;
    }
    let count = |known: &Known| match known {
        Known::Fields(fields) => Some(fields.len()),
        Known::NoSuchObject(_) => None,
    };
    let objects = objects.known.iter().map(|(object, known)| (object.clone(), count(known))).collect();
    Ok(Described { objects, checked })
}

/// Every field that a mapping names, with the setting.
fn configured(mapping: &ProfileMapping) -> Vec<Checked> {
    let record = &mapping.record;
    let mut named = Vec::new();
    let mut name = |setting: String, object: &str, field: &str| {
        // In OData a field by which is searched may be one of a set beside.
        let (object, field) = match (mapping.language, field.split_once('/')) {
            (QueryLanguage::OData, Some((set, property))) => {
                let service = object.rsplit_once('/').map_or("", |(service, _)| service);
                (format!("{service}/{set}"), property)
            }
            _ => (object.to_owned(), field),
        };
        named.push(Checked { setting, object, field: field.to_owned(), wrong: None });
    };
    name("profile.id".to_owned(), &record.object, &record.id);
    name("profile.key".to_owned(), &record.object, &record.key);
    for (setting, fields) in [("profile.phone", &record.phone), ("profile.email", &record.email)] {
        fields.iter().for_each(|field| name(setting.to_owned(), &record.object, field));
    }
    for (canonical, field) in &record.fields {
        name(format!("profile.fields.{}", canonical.as_str()), &record.object, field);
    }
    if let Some(related) = &mapping.related {
        let table = if related.money.is_some() { "items" } else { "tickets" };
        name(format!("profile.{table}.key"), &related.object, &related.key);
        if let Some(money) = &related.money {
            name(format!("profile.{table}.amount"), &related.object, &money.amount);
            name(format!("profile.{table}.currency"), &related.object, &money.currency);
        }
    }
    named
}

// === impl Objects ===

impl Objects<'_> {
    /// What is wrong with a field of an object; `None` when it exists.
    async fn wrong_with(&mut self, object: &str, path: &str) -> Result<Option<String>, LookupError> {
        let (mut object, mut rest) = (object.to_owned(), path);
        loop {
            let fields = match self.of(&object).await? {
                Known::Fields(fields) => fields,
                Known::NoSuchObject(others) => {
                    let hint = did_you_mean(last(&object), others.iter().map(String::as_str));
                    return Ok(Some(format!(
                        "there is no object '{object}' that the account may read{hint}"
                    )));
                }
            };
            let Some((name, further)) = rest.split_once('.') else {
                let there = fields.keys().any(|known| known.eq_ignore_ascii_case(rest));
                let hint = || did_you_mean(rest, fields.keys().map(String::as_str));
                // Systems say the same of what there is not and of what they keep from somebody.
                let wrong =
                    || format!("object '{object}' has no field '{rest}' that the account may read{}", hint());
                return Ok((!there).then(wrong));
            };
            let relations = || fields.values().flatten();
            let Some(relation) = relations().find(|relation| relation.name.eq_ignore_ascii_case(name)) else {
                let hint = did_you_mean(name, relations().map(|relation| relation.name.as_str()));
                return Ok(Some(format!("object '{object}' has no relation '{name}'{hint}")));
            };
            (object, rest) = (relation.object.clone(), further);
        }
    }

    /// What is known of an object; the target is asked once.
    async fn of(&mut self, object: &str) -> Result<Known, LookupError> {
        if let Some(known) = self.known.get(object) {
            return Ok(known.clone());
        }
        let known = self.ask(object).await?;
        self.known.insert(object.to_owned(), known.clone());
        Ok(known)
    }

    async fn ask(&self, object: &str) -> Result<Known, LookupError> {
        let target = self.outbound.target();
        let Some(next) = connector(target.system).describe else {
            return Err(LookupError::NoProfiles { target: target.name.clone(), system: target.system });
        };
        let mut answers = Vec::new();
        loop {
            let step =
                next(target, object, &answers).map_err(|Unreadable(what)| LookupError::Unreadable {
                    target: target.name.clone(),
                    what: format!("the description of '{object}': {what}"),
                })?;
            let (path, accept) = match step {
                Step::Done(known) => return Ok(known),
                Step::Ask(path, accept) => (path, accept),
            };
            let request = Request {
                method: Method::GET,
                path,
                headers: vec![("accept".into(), accept.to_owned())],
                body: None,
                repeat: Repeat::Always,
                traceparent: None,
            };
            match self.outbound.call(CLASS, &request, self.deadline).await {
                Ok(response) => answers.push(Some(response.body)),
                Err(error) if error.kind == CallErrorKind::NotFound => answers.push(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn last(object: &str) -> &str {
    object.rsplit('/').next().unwrap_or(object)
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System;

    use super::*;

    #[test]
    fn every_field_that_is_asked_for_is_looked_at() {
        let names = |system| {
            let mapping = ProfileMapping::standard(system).unwrap();
            let named = configured(&mapping).into_iter();
            named
                .map(|field| format!("{} {} {}", field.setting, field.object, field.field))
                .collect::<Vec<_>>()
        };
        let sap = names(System::Sap);
        assert!(sap.contains(
            &"profile.phone API_BUSINESS_PARTNER/A_AddressPhoneNumber InternationalPhoneNumber".to_owned()
        ));
        assert!(sap.iter().any(|name| name.starts_with("profile.items.currency ")), "{sap:?}");
        assert!(
            names(System::ServiceNow)
                .contains(&"profile.tickets.key incident caller_id.user_name".to_owned())
        );
        assert!(names(System::Salesforce).contains(&"profile.fields.accountName Account Name".to_owned()));
    }
}
