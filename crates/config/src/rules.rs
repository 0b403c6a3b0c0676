//! `[rules]`: routing and write-backs, as CEL expressions.

mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trunkline_schemas::error_codes;
use trunkline_systems::System;

use crate::expression::expression;
use crate::expression_kind::Gives;
use crate::known_targets::KnownTargets;
use crate::section::{Problem, Read, Section, Value};
use crate::suggest::did_you_mean;
use crate::values::{boolean, duration, list, reference, text};
use crate::{Enrichment, Place, Plugin};

/// All rules, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// First 12 hex digits of the SHA-256 of the rules, the condition of enrichment and the plugins' sections
    /// in canonical form: the same rules have the same version, whatever their comments and layout.
    pub version: String,
    /// The queue of conversations that no rule decides.
    pub default_queue: String,
    /// Where conversations go; the first rule that matches decides.
    pub routing: Vec<RoutingRule>,
    /// What is written back; every rule that matches issues a command.
    pub write_backs: Vec<WriteBackRule>,
}

/// Where conversations go.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutingRule {
    /// Unique among all rules.
    pub id: String,
    /// Where it begins.
    pub place: Place,
    /// Event types it looks at; never empty.
    pub on: Vec<String>,
    /// CEL, a bool (default `true`).
    pub when: String,
    /// CEL, a string.
    pub queue: String,
    /// CEL, an int.
    pub priority: Option<String>,
    /// CEL, a list of strings.
    pub skills: Option<String>,
    /// CEL, strings.
    pub attributes: BTreeMap<String, String>,
}

/// What is written back.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteBackRule {
    /// Unique among all rules.
    pub id: String,
    /// Where it begins.
    pub place: Place,
    /// Event types it looks at; never empty.
    pub on: Vec<String>,
    /// CEL, a bool (default `true`).
    pub when: String,
    /// Name of a target.
    pub target: String,
    /// What to do there, for instance `participant_attributes` or `upsert`.
    pub operation: String,
    /// Everything but the write (default false).
    pub observe: bool,
    /// How long after the event the write is worth doing.
    pub expires: Option<Duration>,
    /// CEL, a string: the resource changed, where the operation's own default does not fit.
    pub resource: Option<String>,
    /// CEL: ids and object names that the operation needs.
    pub parameters: BTreeMap<String, String>,
    /// CEL: fields to write.
    pub fields: BTreeMap<String, String>,
}

// === impl Rules ===

impl Rules {
    pub(crate) fn read(
        section: &Section<'_>,
        known: &KnownTargets<'_>,
        enrichment: &Enrichment,
        plugins: &BTreeMap<String, Plugin>,
    ) -> Self {
        let mut ids = BTreeSet::new();
        let default_queue = section.or("default_queue", text, "general".to_owned());
        let routing = section.tables("routing", "routing rule", |rule| RoutingRule::read(rule, &mut ids));
        let write_backs =
            section.tables("writeback", "write-back rule", |rule| WriteBackRule::read(rule, &mut ids, known));
        let version = version::of(&default_queue, &routing, &write_backs, enrichment, plugins);
        Self { version, default_queue, routing, write_backs }
    }
}

// === impl RoutingRule ===

impl RoutingRule {
    fn read(section: &Section<'_>, ids: &mut BTreeSet<String>) -> Option<Self> {
        let id = unique_id(section, ids);
        let on = section.required("on", list(1, text));
        let when = section.or("when", expression(Gives::Bool), "true".to_owned());
        let queue = section.required("queue", expression(Gives::Text));
        let priority = section.optional("priority", expression(Gives::Integer));
        let skills = section.optional("skills", expression(Gives::List));
        let attributes = section.map("attributes", expression(Gives::TextOrNull));
        Some(Self {
            id: id?,
            place: section.place(),
            on: on?,
            when,
            queue: queue?,
            priority,
            skills,
            attributes,
        })
    }
}

// === impl WriteBackRule ===

impl WriteBackRule {
    fn read(section: &Section<'_>, ids: &mut BTreeSet<String>, known: &KnownTargets<'_>) -> Option<Self> {
        let id = unique_id(section, ids);
        let on = section.required("on", list(1, text));
        let when = section.or("when", expression(Gives::Bool), "true".to_owned());
        let target = section.required("target", reference("target", &known.names));
        let system = target.as_ref().and_then(|name| known.targets.get(name)).map(|target| target.system);
        let operation = section.required("operation", |value| operation(value, system));
        let observe = section.or("observe", boolean, false);
        let expires = section.optional("expires", duration);
        let resource = section.optional("resource", expression(Gives::Text));
        let parameters = section.map("parameters", expression(Gives::TextOrNull));
        let fields = section.map("fields", expression(Gives::TextOrNull));
        if !section.has("fields") {
            section
                .refuse("operation", "there is nothing to write: add fields under [rules.writeback.fields]");
        }
        for missing in missing_parameters(system, operation.as_deref(), &parameters) {
            section.refuse("operation", &format!("the operation needs the parameter '{missing}'"));
        }
        Some(Self {
            id: id?,
            place: section.place(),
            on: on?,
            when,
            target: target?,
            operation: operation?,
            observe,
            expires,
            resource,
            parameters,
            fields,
        })
    }
}

/// An operation that the system has; any, where the system is not known for a mistake elsewhere.
fn operation(value: &Value<'_>, system: Option<System>) -> Read<String> {
    let written = text(value)?;
    let Some(system) = system else { return Ok(written) };
    if system.operation(&written).is_some() {
        return Ok(written);
    }
    let hint =
        did_you_mean(&written, system.capabilities().operations.iter().map(|operation| operation.name));
    let code = error_codes::UNKNOWN_OPERATION;
    Err(Problem::new(format!("is '{written}', which {system} does not have in this version ({code}){hint}")))
}

fn missing_parameters(
    system: Option<System>,
    operation: Option<&str>,
    given: &BTreeMap<String, String>,
) -> Vec<&'static str> {
    let operation = system.zip(operation).and_then(|(system, operation)| system.operation(operation));
    let needed = operation.into_iter().flat_map(|operation| operation.parameters_of_rules());
    needed.filter(|parameter| !given.contains_key(*parameter)).collect()
}

/// Rule ids are part of decision and command ids: two rules with one id would overwrite each other's outcome.
fn unique_id(section: &Section<'_>, ids: &mut BTreeSet<String>) -> Option<String> {
    let id = section.required("id", text)?;
    if !ids.insert(id.clone()) {
        section.refuse("id", "another rule has this id already");
    }
    Some(id)
}
