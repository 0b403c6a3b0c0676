//! Where bodies of Genesys Cloud hold the time of what they tell.

/// The fields of a body that hold the time of what it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnTime {
    /// The fields, the best first.
    pub fields: &'static [&'static str],
    /// True where each is the time of a part of the body: the newest counts, and no time is that of the whole.
    pub of_parts: bool,
}

/// Where the body of a topic, with `{id}` for ids, holds its own time. The interval of a queue's observations is that
/// of the figures, not of their change, and is no such time.
pub fn own_time(topic: &str) -> OwnTime {
    let whole = |fields| OwnTime { fields, of_parts: false };
    match topic {
        "v2.users.{id}.presence" | "v2.users.{id}.outofoffice" | "v2.users.{id}.callforwarding" => {
            whole(&["modifiedDate"])
        }
        "v2.users.{id}.routingStatus" => whole(&["routingStatus.startTime", "startTime"]),
        // Published whenever one of its parts changes.
        "v2.users.{id}.activity" => OwnTime {
            fields: &[
                "routingStatus.startTime",
                "presence.modifiedDate",
                "outOfOffice.modifiedDate",
                "dateActiveQueuesChanged",
            ],
            of_parts: true,
        },
        _ => whole(&["eventTime", "timestamp"]),
    }
}
