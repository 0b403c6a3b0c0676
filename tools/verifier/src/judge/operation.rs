//! What is known of write operations, from the systems' own documentation.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use crate::evidence::{Call, Command};
use crate::percent::decoded;

/// Where a write goes or a resource is read, as the audit logs name it: system and path.
pub type Target = (String, String);

/// An operation of an outside system.
pub struct Operation {
    system: &'static str,
    name: &'static str,
    /// End of the path of its write request, with the command's parameters in braces.
    path: &'static str,
    /// The path that its resource is read back from.
    read_path: &'static str,
    /// True when its effect happens at most once per idempotency key; false when setting a value again converges.
    pub once: bool,
    /// The body that a command's fields make.
    body: fn(&Command) -> Value,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        system: "genesys",
        name: "participant_attributes",
        path: "/api/v2/conversations/{conversationId}/participants/{participantId}/attributes",
        read_path: "/api/v2/conversations/{conversationId}",
        once: false,
        body: |command| json!({ "attributes": command.write.fields }),
    },
    Operation {
        system: "salesforce",
        name: "upsert",
        path: "/sobjects/{object}/{externalIdField}/{externalId}",
        read_path: "/sobjects/{object}/{externalIdField}/{externalId}",
        once: true,
        body: without_external_id,
    },
];

/// Salesforce refuses a body that names the external id which the address already tells.
fn without_external_id(command: &Command) -> Value {
    let field = command.write.parameters.get("externalIdField").map_or("", String::as_str);
    let fields = command.write.fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(field));
    Value::Object(
        fields.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>(),
    )
}

// === impl Operation ===

impl Operation {
    /// The operation of a command; `None` for one that is not known here.
    pub fn of(command: &Command) -> Option<&'static Self> {
        let write = &command.write;
        OPERATIONS.iter().find(|known| known.system == write.system && known.name == write.operation)
    }

    /// Where a command's write goes.
    pub fn target(&self, command: &Command) -> Target {
        (command.write.system.clone(), filled(self.path, &command.write.parameters))
    }

    /// Whether a command's resource is among these: where it is written, or where it is read back from.
    pub fn touches(&self, command: &Command, targets: &HashSet<Target>) -> bool {
        let read_back = || (command.write.system.clone(), filled(self.read_path, &command.write.parameters));
        targets.contains(&self.target(command)) || targets.contains(&read_back())
    }

    /// What it writes.
    pub fn body(&self, command: &Command) -> Value {
        (self.body)(command)
    }
}

/// The body of a write as JSON; audit logs hold it as text.
pub fn body_of(call: &Call) -> Option<Value> {
    match &call.body {
        Value::Null => None,
        Value::String(text) => serde_json::from_str(text).ok(),
        body => Some(body.clone()),
    }
}

/// The fields that a write sets, by name.
pub fn fields_of(call: &Call) -> Map<String, Value> {
    match body_of(call) {
        Some(Value::Object(mut body)) => match body.remove("attributes") {
            Some(Value::Object(attributes)) => attributes,
            _ => body,
        },
        _ => Map::new(),
    }
}

/// What a call went to.
pub fn target_of(call: &Call) -> Target {
    (call.system.clone(), resource_path(&call.path))
}

/// The part of a path that names the resource: without its query, and Salesforce's without the version of its API.
fn resource_path(path: &str) -> String {
    let path = decoded(path.split('?').next().unwrap_or_default());
    path.find("/sobjects/").map(|at| path[at..].to_owned()).unwrap_or(path)
}

fn filled(template: &str, parameters: &BTreeMap<String, String>) -> String {
    let mut path = template.to_owned();
    for (name, value) in parameters {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    path
}
