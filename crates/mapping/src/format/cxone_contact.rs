//! The contact that a CXone Digital event is about, under all the names that streams give it and its parts.
//!
//! What older streams call the case is the contact in newer ones, and the consumer contact in positions of a
//! queue: one thing, whose id is the conversation. An update may tell single fields of it as deltas.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::field::Fields;

/// The names of the contact in `data`, the most telling first.
const NAMES: [&str; 3] = ["case", "contact", "consumerContact"];

/// Where an end user stands in `data` and in the contact.
const END_USERS: [&str; 3] = ["endUser", "customer", "consumer"];

/// Where an end user's identities on channels stand in it.
const IDENTITIES: [&str; 2] = ["identities", "idents"];

/// What a channel calls an end user.
const ID: &str = "idOnExternalPlatform";

/// Where else an end user's identity stands in `data`.
const EVENT_IDENTITIES: [&str; 3] = ["consumerIdentity", "customerIdentity", "endUserIdentity"];

/// The platform whose ids of end users are their phone numbers with the country's code, without a plus sign (`wa_id` of
/// WhatsApp). What text messages and calls write without it may lack the country's code, and stays as it is.
const NUMBERED: &str = "whatsapp";

/// Most digits of a phone number with its country's code (E.164), and fewest that WhatsApp knows.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// How deltas are called in `data`, and in what changed.
const DELTAS: [&str; 4] = ["delta", "deltas", "changes", "_changes"];

/// How a delta calls the field that it is about.
const DELTA_NAMES: [&str; 7] = ["name", "field", "fieldName", "property", "attribute", "key", "path"];

/// What has deltas of its own beside the contact.
const CHANGED_BESIDE: [&str; 2] = ["channel", "routingQueue"];

/// The contact in the `data` of an event.
#[derive(Clone, Copy)]
pub struct Contact<'a> {
    data: Fields<'a>,
    /// What stands under each of its names.
    named: [Fields<'a>; NAMES.len()],
    /// The field that the type of the event is about.
    about: Option<&'static str>,
}

/// Before or after a change.
#[derive(Clone, Copy)]
pub enum Side {
    /// The value that was.
    Previous,
    /// The value that is.
    Current,
}

/// One field that changed.
struct Delta<'a> {
    name: String,
    fields: Fields<'a>,
}

// === impl Contact ===

impl<'a> Contact<'a> {
    /// Reads from the `data` of an event.
    pub fn of(data: Fields<'a>) -> Self {
        Self { data, named: NAMES.map(|name| data.under(name)), about: None }
    }

    /// The same, where the type of the event says which field it is about: a single delta without a name is one of
    /// that.
    pub fn about(self, field: Option<&'static str>) -> Self {
        Self { about: field, ..self }
    }

    /// Whether the type of the event is about a field.
    pub fn is_about(&self, field: &str) -> bool {
        self.about == Some(field)
    }

    /// Whether the contact has one of these fields, be it with nothing in it.
    pub fn has(&self, names: &[&str]) -> bool {
        self.named.iter().any(|contact| names.iter().any(|name| contact.has(name)))
    }

    /// A field of the contact, under whichever name it stands.
    pub fn text(&self, path: &str) -> Option<String> {
        self.named.iter().find_map(|contact| contact.text(path))
    }

    /// The same, or what a delta says that it is now.
    pub fn current(&self, name: &str) -> Option<String> {
        self.text(name).or_else(|| self.changed(name, Side::Current))
    }

    /// The queue that it waits in or is handled from.
    pub fn queue(&self) -> Option<String> {
        somebody(self.data.first(&["routingQueue.id", "routingQueue"]))
            .or_else(|| somebody(self.text("routingQueueId")))
            .or_else(|| somebody(self.text("routingQueue.id")))
            .or_else(|| somebody(self.changed("routingQueue", Side::Current)))
    }

    /// What a delta says about a field; an object is its id.
    pub fn changed(&self, name: &str, side: Side) -> Option<String> {
        self.delta(name)?.value(side)
    }

    /// Whether the contact has one of something now, as far as a delta says.
    pub fn becomes(&self, name: &str) -> Option<bool> {
        Some(is_one(&self.delta(name)?.fields.under("currentValue")))
    }

    /// A delta may name a field by the way to it, and a thing by its id.
    fn delta(&self, name: &str) -> Option<Delta<'a>> {
        let is_it = |delta: &Delta<'_>| field_of(&delta.name).eq_ignore_ascii_case(name);
        let mut deltas = self.deltas();
        let only = matches!(&deltas[..], [only] if only.name.is_empty() && self.about == Some(name));
        let position = if only { Some(0) } else { deltas.iter().position(is_it) };
        position.map(|position| deltas.swap_remove(position))
    }

    /// Names of the fields that deltas tell of, and the values of the only one.
    pub fn changes(&self) -> (Vec<String>, [Option<String>; 2]) {
        let mut deltas = self.deltas();
        deltas.extend(CHANGED_BESIDE.iter().flat_map(|name| deltas_in(&self.data.under(name))));
        let values = match &deltas[..] {
            [only] => [only.value(Side::Previous), only.value(Side::Current)],
            _ => [None, None],
        };
        let about = self.about.filter(|_| deltas.len() == 1).unwrap_or_default();
        let named =
            deltas.into_iter().map(|delta| if delta.name.is_empty() { about.to_owned() } else { delta.name });
        (named.filter(|name| !name.is_empty()).collect(), values)
    }

    /// The conversation.
    pub fn conversation(&self) -> Option<String> {
        let messages = || self.data.items("messages").find_map(|message| message.text("contactNumber"));
        self.named[0]
            .text("id")
            .or_else(|| self.text("caseId"))
            .or_else(|| self.text("id"))
            .or_else(|| self.data.first(&["message.contactNumber", "lastMessage.contactNumber"]))
            .or_else(messages)
    }

    /// The agent that the contact is assigned to, as the event says it, else as the contact or a delta does.
    pub fn assignee(&self) -> Option<String> {
        somebody(self.data.first(&["inboxAssignee.id", "inboxAssignee"]))
            .or_else(|| somebody(self.text("inboxAssignee.id")))
            .or_else(|| somebody(self.text("inboxAssigneeUser.id")))
            .or_else(|| somebody(self.current("inboxAssignee")))
    }

    /// The agent that it is offered to before it is assigned, or was offered to.
    pub fn pre_assignee(&self) -> Option<String> {
        const OFFERED: [&str; 4] =
            ["inboxPreAssignee.id", "inboxPreAssignee", "inboxPreAssigneeUser.id", "inboxPreAssigneeUser"];
        let withdrawn = ["previousInboxPreAssignee.id", "previousInboxPreAssignee"];
        somebody(self.data.first(&OFFERED))
            .or_else(|| self.named.iter().find_map(|contact| somebody(contact.first(&OFFERED))))
            .or_else(|| somebody(self.changed("inboxPreAssignee", Side::Current)))
            .or_else(|| somebody(self.data.first(&withdrawn)))
            .or_else(|| somebody(self.changed("inboxPreAssignee", Side::Previous)))
    }

    /// The agent that it was assigned to before.
    pub fn previous_assignee(&self) -> Option<String> {
        let previous = self.data.first(&["previousInboxAssignee.id", "previousInboxAssignee"]);
        somebody(previous.or_else(|| self.changed("inboxAssignee", Side::Previous)))
    }

    /// The agent of whom the event says that a part of the contact is theirs. The part's own id is no
    /// contact.
    pub fn agent_of_segment(&self) -> Option<String> {
        somebody(self.data.first(&["agentContact.user.id", "agentContact.user"]))
    }

    /// Whether the event says of a part of the contact that it is nobody's.
    pub fn is_segment_of_nobody(&self) -> bool {
        self.data.has("agentContact.user") && !is_one(&self.data.under("agentContact.user"))
    }

    /// The customer: a custom field that names it is the company's own number; else what the channel knows
    /// it by, a phone number as such.
    pub fn customer(&self) -> Option<String> {
        let is_number = |ident: &str| matches!(ident.to_lowercase().as_str(), "customerid" | "customer_id");
        self.custom_fields()
            .into_iter()
            .rev()
            .find_map(|(ident, value)| value.text("").filter(|_| is_number(&ident)))
            .or_else(|| self.identity().map(|id| if self.is_number(&id) { format!("+{id}") } else { id }))
    }

    /// Whether an id is a phone number with the country's code: that of an identity on a platform whose ids are such,
    /// as the identity says itself, else the channel of the event. Digits of other platforms are ids of their own.
    fn is_number(&self, id: &str) -> bool {
        let is_written_so = NUMBER_DIGITS.contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && !id.starts_with('0');
        if !is_written_so {
            return false;
        }
        let own = self.identities().filter(|identity| identity.text(ID).as_deref() == Some(id));
        let told: Vec<String> = own.filter_map(|identity| identity.lower("externalPlatformId")).collect();
        match told.is_empty() {
            true => {
                let channel = self.data.under("channel");
                let platform = channel.lower("realExternalPlatformId");
                platform.or_else(|| channel.lower("externalPlatformId")).as_deref() == Some(NUMBERED)
            }
            false => told.iter().all(|platform| platform == NUMBERED),
        }
    }

    /// Every identity of an end user that the event tells of.
    fn identities(&self) -> impl Iterator<Item = Fields<'a>> {
        const AUTHOR: &str = "authorEndUserIdentity";
        let data = self.data;
        let messages = data.items("messages").chain([data.under("message"), data.under("lastMessage")]);
        let authors = messages.chain(self.named).map(|holder| holder.under(AUTHOR));
        let recipients = self.named.into_iter().flat_map(|contact| contact.items("recipientsCustomers"));
        let listed = self
            .end_users()
            .chain(recipients)
            .flat_map(|end_user| IDENTITIES.into_iter().flat_map(move |name| end_user.items(name)));
        authors.chain(EVENT_IDENTITIES.map(|name| data.under(name))).chain(listed)
    }

    /// Custom fields, which are what the tenant made of them: by ident. What the contact says stands before
    /// what its end user does.
    pub fn tenant_attributes(&self) -> BTreeMap<String, String> {
        let texts = |(ident, value): (String, Fields<'_>)| Some((ident, value.free_text("")?));
        self.custom_fields().into_iter().filter_map(texts).collect()
    }

    /// Custom fields, those that count less first.
    fn custom_fields(&self) -> Vec<(String, Fields<'a>)> {
        let holders = self.end_users().chain(self.named.iter().rev().copied()).chain([self.data]);
        holders.flat_map(|holder| custom_fields(&holder)).collect()
    }

    /// The end user under all its names: of the event, then of the contact.
    fn end_users(&self) -> impl Iterator<Item = Fields<'a>> {
        let holders = [self.data].into_iter().chain(self.named.into_iter().rev());
        holders.flat_map(|holder| END_USERS.map(|name| holder.under(name)))
    }

    /// What the channel knows the customer by, from the most to the least certain.
    fn identity(&self) -> Option<String> {
        let data = self.data;
        let author = || self.text("authorEndUserIdentity.idOnExternalPlatform");
        let of_message = || data.text("message.authorEndUserIdentity.idOnExternalPlatform");
        let of_end_users = || {
            let end_users = || self.end_users().filter(|end_user| end_user.value("").is_some());
            end_users()
                .find_map(|end_user| IDENTITIES.iter().find_map(|name| self.of_this_channel(&end_user, name)))
                .or_else(|| end_users().find_map(|end_user| end_user.first(&["customerIdent", ID])))
        };
        let of_the_event = || EVENT_IDENTITIES.iter().find_map(|name| data.under(name).text(ID));
        let of_messages = || {
            let messages = data.items("messages").chain([data.under("lastMessage")]);
            messages.into_iter().find_map(|m| m.text("authorEndUserIdentity.idOnExternalPlatform"))
        };
        author()
            .or_else(of_message)
            .or_else(of_the_event)
            .or_else(of_end_users)
            .or_else(of_messages)
            .or_else(|| data.text("thread.author.id"))
            .or_else(|| self.recipient())
    }

    /// The identity on the event's own channel, else the first of several.
    fn of_this_channel(&self, end_user: &Fields<'a>, identities: &str) -> Option<String> {
        let platform = self.data.first(&["channel.externalPlatformId", "channel.realExternalPlatformId"]);
        let id = |identity: Fields<'a>| identity.text("idOnExternalPlatform");
        let mut on_channel = end_user
            .items(identities)
            .filter(|identity| platform.is_some() && identity.text("externalPlatformId") == platform);
        on_channel.find_map(id).or_else(|| end_user.items(identities).find_map(id))
    }

    /// Whom the contact is with. The channel itself may be among its recipients.
    fn recipient(&self) -> Option<String> {
        let channel = self.data.text("channel.idOnExternalPlatform");
        let mut recipients = self.named.into_iter().flat_map(|contact| {
            let customers =
                contact.items("recipientsCustomers").flat_map(|customer| customer.items("identities"));
            customers.chain(contact.items("endUserRecipients")).chain(contact.items("recipients"))
        });
        recipients.find_map(|recipient| {
            recipient.text("idOnExternalPlatform").filter(|id| channel.as_ref() != Some(id))
        })
    }

    /// Deltas of the event, and of the contact under each of its names.
    fn deltas(&self) -> Vec<Delta<'a>> {
        [self.data].iter().chain(&self.named).flat_map(deltas_in).collect()
    }
}

/// Deltas: a list of them, one for each name, or a single one.
fn deltas_in<'a>(holder: &Fields<'a>) -> Vec<Delta<'a>> {
    let named = |fields: Fields<'a>, name: Option<String>| {
        let name = name.or_else(|| fields.first(&DELTA_NAMES));
        let is_delta = fields.has("currentValue") || fields.has("previousValue");
        is_delta.then(|| Delta { name: name.unwrap_or_default(), fields })
    };
    DELTAS
        .iter()
        .flat_map(|place| {
            let all = holder.under(place);
            let listed = all.items("").filter_map(move |fields| named(fields, None));
            let by_name =
                all.members("").filter_map(move |(name, fields)| named(fields, Some(name.to_owned())));
            named(all, None).into_iter().chain(listed).chain(by_name)
        })
        .collect()
}

/// The field of the contact that a delta's name means: the last part of the way to it, which may be that of its id.
fn field_of(name: &str) -> &str {
    let mut parts = name.rsplit(['.', '/']).filter(|part| !part.eq_ignore_ascii_case("id"));
    let mut field = parts.next().unwrap_or_default();
    for suffix in ["Id", "User"] {
        field = field.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(field);
    }
    field
}

/// The id, where it is that of somebody or something.
pub fn somebody(id: Option<String>) -> Option<String> {
    id.filter(|id| is_somebody(id))
}

/// Whether an id is that of somebody or something: the platform writes 0 where there is none, as a number in any
/// notation or a text.
fn is_somebody(id: &str) -> bool {
    id.parse::<f64>().map_or(!id.is_empty(), |number| number != 0.0)
}

/// Whether there is one of something: null, 0, an empty text, an empty object and one whose id is such are none.
pub fn is_one(fields: &Fields<'_>) -> bool {
    match fields.value("") {
        None => false,
        Some(Value::Object(members)) if members.contains_key("id") => is_one(&fields.under("id")),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => fields.text("").is_some_and(|id| is_somebody(&id)),
    }
}

/// Custom fields of whatever has some: a list of `{ident, value}`, or values by ident. Some answers write the
/// ident with the way to it, `contact.customFields.tier`; it is the same field.
fn custom_fields<'a>(holder: &Fields<'a>) -> Vec<(String, Fields<'a>)> {
    let listed =
        holder.items("customFields").filter_map(|field| Some((field.text("ident")?, field.under("value"))));
    let by_name = holder.members("customFields").map(|(name, field)| (name.to_owned(), field));
    let short = |ident: String| match ident.rsplit_once(".customFields.") {
        Some((_, short)) if !short.is_empty() => short.to_owned(),
        _ => ident,
    };
    listed.chain(by_name).map(|(ident, value)| (short(ident), value)).collect()
}

// === impl Delta ===

impl Delta<'_> {
    /// A value may be a text, a number, or an object with an id.
    fn value(&self, side: Side) -> Option<String> {
        match side {
            Side::Previous => self.fields.first(&["previousValue", "previousValue.id"]),
            Side::Current => self.fields.first(&["currentValue", "currentValue.id"]),
        }
    }
}

#[cfg(test)]
mod tests;
