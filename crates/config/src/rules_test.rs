//! `*.rules-test.toml`: cases for the rules, beside the configuration.
//!
//! Each says what an event is like and what the rules must make of it; what it does not say has a default, or
//! is not looked at.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::load::read_document;
use crate::report::Secrets;
use crate::section::{Problem, Read, Section, Value};
use crate::suggest::did_you_mean;
use crate::values::{boolean, duration, integer, list, number, one_of, reference, string, text};
use crate::vocabulary::{self, CONVERSATION_STATES};
use crate::{Config, Mistakes, Place};

/// What a case says of an event, a profile or a conversation, by the fields' published names.
pub type Given = BTreeMap<&'static str, Scalar>;

/// A value that a case gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A whole number; times are UTC milliseconds.
    Integer(i64),
    /// An amount of money, as written.
    Amount(String),
    /// True or false.
    Bool(bool),
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it shows; unique in its file.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// Fields of the event; its `eventType` is always there.
    pub event: Given,
    /// Attributes of the event.
    pub attributes: BTreeMap<String, String>,
    /// Attributes of the event that the tenant's own flows set.
    pub tenant_attributes: BTreeMap<String, String>,
    /// Fields of the event's source.
    pub source: Given,
    /// The customer's profile; `None` when the customer is not known.
    pub profile: Option<Given>,
    /// Figures of the conversation.
    pub conversation: Given,
    /// What must come of it.
    pub expect: Expected,
}

/// What must come of a case. What is `None` is not looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Where it begins.
    pub place: Place,
    /// The decision.
    pub decision: Option<ExpectedDecision>,
    /// The commands, all of them, in the order of their rules.
    pub write_backs: Option<Vec<ExpectedWriteBack>>,
    /// Whether the event gets its customer's profile.
    pub enriched: Option<bool>,
    /// Ids of the rules that fail; none, unless a case says so.
    pub errors: Vec<String>,
}

/// The decision that must come of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectedDecision {
    /// No rule decides.
    None,
    /// A rule decides, with at least this.
    Some {
        /// Where it is written.
        place: Place,
        /// Id of the rule.
        rule: Option<String>,
        /// The queue.
        queue: Option<String>,
        /// The priority.
        priority: Option<i64>,
        /// All skills, in order.
        skills: Option<Vec<String>>,
        /// All attributes.
        attributes: Option<BTreeMap<String, String>>,
    },
}

/// A command that must come of a case, with at least this.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedWriteBack {
    /// Where it is written.
    pub place: Place,
    /// Id of the rule.
    pub rule: Option<String>,
    /// Name of the target.
    pub target: Option<String>,
    /// What to do there.
    pub operation: Option<String>,
    /// What is changed.
    pub resource: Option<String>,
    /// Whether it only observes.
    pub observe: Option<bool>,
    /// How long after the event it is worth doing.
    pub expires: Option<Duration>,
    /// All parameters.
    pub parameters: Option<BTreeMap<String, String>>,
    /// All fields.
    pub fields: Option<BTreeMap<String, String>>,
}

/// What a test file can refer to.
struct Known<'a> {
    rules: Vec<&'a str>,
    targets: Vec<&'a str>,
    event_types: Vec<&'a str>,
}

/// Reads and checks a file of cases for the rules of `config`. `event_types` are the names that sources give
/// to events; those that a rule waits for are known too.
///
/// # Errors
/// Everything that is wrong with it, or that it cannot be read.
pub fn load_rules_test(path: &Path, config: &Config, event_types: &[&str]) -> Result<Vec<Case>, Mistakes> {
    let rules = &config.rules;
    let on = rules.routing.iter().flat_map(|rule| &rule.on);
    let on = on.chain(rules.write_backs.iter().flat_map(|rule| &rule.on)).map(String::as_str);
    let ids = rules.routing.iter().map(|rule| &rule.id);
    let known = Known {
        rules: ids.chain(rules.write_backs.iter().map(|rule| &rule.id)).map(String::as_str).collect(),
        targets: config.targets.keys().map(String::as_str).collect(),
        event_types: event_types.iter().copied().chain(on).collect(),
    };
    read_document(path, "docs/rules.md says what it holds", Secrets::LeftOut, |section| {
        let mut names = Vec::new();
        let cases = section.tables("case", "case", |case| Case::read(case, &known, &mut names));
        if !section.has("case") {
            section.refuse("case", "holds no [[case]]");
        }
        Some(cases)
    })
}

// === impl Case ===

impl Case {
    fn read(section: &Section<'_>, known: &Known<'_>, names: &mut Vec<String>) -> Option<Self> {
        let name = section.required("name", text)?;
        if names.contains(&name) {
            section.refuse("name", "another case of this file has this name already");
        }
        names.push(name.clone());
        let event_type = |value: &Value<'_>| {
            let written = text(value)?;
            if known.event_types.contains(&written.as_str()) {
                return Ok(Scalar::Text(written));
            }
            let hint = did_you_mean(&written, known.event_types.iter().copied());
            Err(Problem::new(format!("is '{written}', which no source gives and no rule waits for{hint}")))
        };
        let (event, attributes, tenant_attributes, source) = section.table("event", |event| {
            let mut given = Given::new();
            given.extend(event.required("eventType", event_type).map(|value| ("eventType", value)));
            let own = ["eventType", "attributes", "tenantAttributes", "source"];
            read_given(event, vocabulary::VARIABLES[0].1, &own, &mut given);
            let mut source = Given::new();
            event
                .table("source", |section| read_given(section, &vocabulary::SOURCE_FIELDS, &[], &mut source));
            let [attributes, tenant_attributes] =
                ["attributes", "tenantAttributes"].map(|name| event.map(name, text_as_it_stands));
            (given, attributes, tenant_attributes, source)
        });
        let profile = section.table_if_there("profile", |profile| {
            let mut given = Given::new();
            read_given(profile, vocabulary::VARIABLES[1].1, &[], &mut given);
            given
        });
        let conversation = section.table("conversation", |conversation| {
            let mut given = Given::new();
            let state =
                conversation.optional("state", one_of(CONVERSATION_STATES.map(|state| (state, state))));
            given.extend(state.map(|state| ("state", Scalar::Text(state.to_owned()))));
            read_given(conversation, vocabulary::VARIABLES[2].1, &["state"], &mut given);
            given
        });
        let expect = section.table("expect", |expect| Expected::read(expect, known));
        let place = section.place();
        Some(Self {
            name,
            place,
            event,
            attributes,
            tenant_attributes,
            source,
            profile,
            conversation,
            expect,
        })
    }
}

// === impl Expected ===

impl Expected {
    fn read(section: &Section<'_>, known: &Known<'_>) -> Self {
        let decision = if section.is_table("decision") {
            section.table_if_there("decision", |decision| ExpectedDecision::read(decision, known))
        } else {
            section.optional("decision", one_of([("none", ())])).map(|()| ExpectedDecision::None)
        };
        let write_backs = section.has("writeback").then(|| {
            section.tables("writeback", "write-back", |command| ExpectedWriteBack::read(command, known))
        });
        if !["decision", "writeback", "enriched", "errors"].iter().any(|field| section.has(field)) {
            section.refuse("decision", "expects nothing: add a decision, a writeback, enriched or errors");
        }
        let enriched = section.optional("enriched", boolean);
        let errors = section.or("errors", list(0, reference("rule", &known.rules)), Vec::new());
        Self { place: section.place(), decision, write_backs, enriched, errors }
    }
}

// === impl ExpectedDecision ===

impl ExpectedDecision {
    fn read(section: &Section<'_>, known: &Known<'_>) -> Self {
        Self::Some {
            place: section.place(),
            rule: section.optional("rule", reference("rule", &known.rules)),
            queue: section.optional("queue", text),
            priority: section.optional("priority", any_integer),
            skills: section.optional("skills", list(0, text)),
            attributes: section.has("attributes").then(|| section.map("attributes", text_as_it_stands)),
        }
    }
}

// === impl ExpectedWriteBack ===

impl ExpectedWriteBack {
    fn read(section: &Section<'_>, known: &Known<'_>) -> Option<Self> {
        Some(Self {
            place: section.place(),
            rule: section.optional("rule", reference("rule", &known.rules)),
            target: section.optional("target", reference("target", &known.targets)),
            operation: section.optional("operation", text),
            resource: section.optional("resource", text),
            observe: section.optional("observe", boolean),
            expires: section.optional("expires", duration),
            parameters: section.has("parameters").then(|| section.map("parameters", text_as_it_stands)),
            fields: section.has("fields").then(|| section.map("fields", text_as_it_stands)),
        })
    }
}

/// Reads each of `fields` by its own type, but for those that are read elsewhere.
fn read_given(section: &Section<'_>, fields: &[&'static str], elsewhere: &[&str], given: &mut Given) {
    for field in fields.iter().filter(|field| !elsewhere.contains(field)) {
        given.extend(section.optional(field, |value| scalar(field, value)).map(|value| (*field, value)));
    }
}

fn scalar(field: &str, value: &Value<'_>) -> Read<Scalar> {
    match field {
        "eventTime"
        | "ingestTime"
        | "sequence"
        | "openTickets"
        | "lastInteractionDate"
        | "startedAt"
        | "queuedMs"
        | "handledMs"
        | "transfers"
        | "events"
        | "reopened"
        | "agents"
        | "connectedAgents"
        | "alertedMs"
        | "heldMs"
        | "acwMs"
        | "consults"
        | "conferences"
        | "attendedTransfers"
        | "blindTransfers"
        | "unanswered" => any_integer(value).map(Scalar::Integer),
        "balance" => number(value).map(Scalar::Amount),
        "backfilled" => boolean(value).map(Scalar::Bool),
        "eventTimeSource" => one_of([("PLATFORM", "PLATFORM"), ("INGEST", "INGEST")])(value)
            .map(|source| Scalar::Text(source.to_owned())),
        _ => text_as_it_stands(value).map(Scalar::Text),
    }
}

fn any_integer(value: &Value<'_>) -> Read<i64> {
    integer(i64::MIN..=i64::MAX)(value)
}

fn text_as_it_stands(value: &Value<'_>) -> Read<String> {
    string(value).map(str::to_owned)
}
