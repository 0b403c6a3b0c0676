//! What rules can see: the variables of CEL expressions and their fields.

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
        ],
    ),
    ("conversation", &["state", "startedAt", "queuedMs", "handledMs", "transfers", "events"]),
    ("decision", &["queue", "priority", "ruleId"]),
];

/// Names of types, which `type(x) == string` and the like use.
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

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
