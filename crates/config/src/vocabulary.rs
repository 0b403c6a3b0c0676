//! What rules can see: the variables of CEL expressions and their fields. What they can do is in the
//! catalogue of systems.

/// Each variable with its fields, named as in the Avro values.
pub const VARIABLES: [(&str, &[&str]); 4] = [
    (
        "event",
        &[
            "eventId",
            "eventType",
            "sourceType",
            "platform",
            "orgId",
            "entityType",
            "entityId",
            "conversationId",
            "contactId",
            "flowSessionId",
            "participantId",
            "agentId",
            "queueId",
            "customerId",
            "mediaType",
            "direction",
            "eventTime",
            "eventTimeSource",
            "ingestTime",
            "sequence",
            "correlationId",
            "source",
            "attributes",
            "tenantAttributes",
            "data",
        ],
    ),
    (
        "profile",
        &[
            "customerId",
            "accountName",
            "loyaltyTier",
            "balance",
            "currency",
            "openTickets",
            "lastInteractionDate",
            "balances",
            "numbers",
            "values",
        ],
    ),
    (
        "conversation",
        &[
            "state",
            "startedAt",
            "queuedMs",
            "handledMs",
            "transfers",
            "events",
            "reopened",
            "agents",
            "connectedAgents",
            "alertedMs",
            "heldMs",
            "acwMs",
            "consults",
            "conferences",
            "attendedTransfers",
            "blindTransfers",
            "unanswered",
        ],
    ),
    ("decision", &["queue", "priority", "ruleId"]),
];

/// The fields of `event.source`.
pub const SOURCE_FIELDS: [&str; 7] =
    ["name", "kind", "channel", "transportId", "adapter", "schemaVersion", "backfilled"];

/// Functions and methods that expressions can call; the macros (`has`, `all`, `exists`, `exists_one`, `map`,
/// `filter`) are gone by the time this is looked at.
pub const FUNCTIONS: [&str; 29] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "duration",
    "timestamp",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "value",
    "hasValue",
    "or",
    "orValue",
];

/// Names of types, which `type(x) == string` and the like use.
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// What `conversation.state` can be.
pub const CONVERSATION_STATES: [&str; 8] =
    ["new", "started", "ivr", "queued", "connected", "wrapup", "ended", "none"];

/// The names of the variables.
pub(crate) fn variables() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().map(|(name, _)| *name)
}

/// The fields of a variable; `None` when there is no such variable.
pub(crate) fn fields(variable: &str) -> Option<&'static [&'static str]> {
    VARIABLES.iter().find(|(name, _)| *name == variable).map(|(_, fields)| *fields)
}

/// Whether a name is that of a type.
pub(crate) fn is_type(name: &str) -> bool {
    TYPES.contains(&name)
}
