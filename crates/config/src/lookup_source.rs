//! `[enrichment.sources.NAME]`: any HTTP service that knows something of customers.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_systems::{ProfileField, System};

use crate::body_template::{BodyTemplate, body_template};
use crate::extra_headers;
use crate::identity::Identity;
use crate::known_targets::KnownTargets;
use crate::section::{Problem, Read, Section, Value};
use crate::template::{Placeholder, Template, is_identifier, path_template, template};
use crate::values::{duration_or_zero, one_of, pointer, reference, text};

/// Values that a source may have: all of them stand in each profile and each event.
const MOST_VALUES: usize = 50;

/// Fields of a profile that one pointer leads to.
const SINGLE_FIELDS: [ProfileField; 4] = [
    ProfileField::AccountName,
    ProfileField::LoyaltyTier,
    ProfileField::OpenTickets,
    ProfileField::LastInteractionDate,
];

/// An HTTP service that knows something of customers: what it is asked, and what is read of its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupSource {
    /// Its name in the configuration.
    pub name: String,
    /// Name of the target that is called, whose login, rate and breaker count.
    pub target: String,
    /// When it is asked (default: always).
    pub asked: Asked,
    /// How it is asked (default: GET).
    pub method: SourceMethod,
    /// The path, below the target's base URL.
    pub path: Template,
    /// The query, by the names of its parameters.
    pub query: BTreeMap<String, Template>,
    /// The JSON body; `None` for none.
    pub body: Option<BodyTemplate>,
    /// Headers beside those of the target, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// Name or id of the external source, in the platform's external contacts, whose numbers this service knows
    /// customers by.
    pub external_source: Option<String>,
    /// JSON Pointer to something that is in the answer only if the customer is known; `None` where 404 says so.
    pub found: Option<String>,
    /// JSON Pointer to a list with an element for each customer who fits: the other pointers lead on from the only one.
    /// `None` where the answer is about one customer.
    pub one_of: Option<String>,
    /// Fields of the profile, by JSON Pointers into the answer; the balance has its own.
    pub fields: BTreeMap<ProfileField, String>,
    /// The balance in the answer.
    pub balance: Option<BalanceAt>,
    /// Further values, under names of the user's, by JSON Pointers into the answer.
    pub values: BTreeMap<String, String>,
    /// An answer younger than this is not asked for again (default: `[enrichment] freshness`).
    pub cache: Duration,
}

/// When a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// For each profile, and by plugins.
    Always,
    /// Only by plugins.
    ByPlugins,
}

/// How a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceMethod {
    /// GET.
    Get,
    /// POST. It is a question all the same, and may be repeated.
    Post,
}

/// Where an answer has a balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceAt {
    /// JSON Pointer to the amount.
    pub amount: String,
    /// Its currency.
    pub currency: CurrencyAt,
}

/// Where an answer has the currency of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CurrencyAt {
    /// JSON Pointer to its ISO 4217 code.
    Pointer(String),
    /// Nowhere: it is always this one.
    Fixed(String),
}

// === impl LookupSource ===

impl LookupSource {
    /// All placeholders of its question.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        let templates = std::iter::once(&self.path).chain(self.query.values());
        templates
            .flat_map(Template::placeholders)
            .chain(self.body.iter().flat_map(BodyTemplate::placeholders))
    }

    /// Reads one; `freshness` is what `[enrichment]` says.
    pub(crate) fn read(
        section: &Section<'_>,
        known: &KnownTargets<'_>,
        identity: &Identity,
        freshness: Duration,
    ) -> Option<Self> {
        let target = section.required("target", |value| target(value, known));
        let asked = [("always", Asked::Always), ("by_plugins", Asked::ByPlugins)];
        let method = [("GET", SourceMethod::Get), ("POST", SourceMethod::Post)];
        let asked = section.or("asked", one_of(asked), Asked::Always);
        let method = section.or("method", one_of(method), SourceMethod::Get);
        let path = section.required("path", path_template);
        let query = section.map("query", template);
        let body = section.optional("body", body_template);
        if body.is_some() && method == SourceMethod::Get {
            section.refuse("body", "'body' needs method = \"POST\"");
        }
        let headers = extra_headers::read(section);
        let external_source = section.optional("external_source", text);
        let found = section.optional("found", pointer);
        let one_of = section.optional("one_of", pointer);
        let (fields, balance) = section.table("fields", fields);
        let values = values(section);
        let cache = section.or("cache", duration_or_zero, freshness);
        if fields.is_empty() && balance.is_none() && values.is_empty() {
            section.refuse(
                "values",
                "nothing is read of its answers; name at least one of 'fields' or 'values'",
            );
        }
        let source = Self {
            name: section.name().to_owned(),
            target: target?,
            asked,
            method,
            path: path?,
            query,
            body,
            headers,
            external_source,
            found,
            one_of,
            fields,
            balance,
            values,
            cache,
        };
        source.refuse_what_does_not_fit(section, identity);
        Some(source)
    }

    fn refuse_what_does_not_fit(&self, section: &Section<'_>, identity: &Identity) {
        let parameter = self.placeholders().find_map(|placeholder| match placeholder {
            Placeholder::Parameter(name) => Some(name),
            _ => None,
        });
        let by_plugins = self.asked == Asked::ByPlugins;
        if let Some(name) = parameter.filter(|_| !by_plugins) {
            let message = format!(
                "'{{parameters.{name}}}' comes from plugins alone; set asked = \"by_plugins\", or use what is known of customers"
            );
            section.refuse("path", &message);
        }
        if !by_plugins && self.placeholders().next().is_none() {
            section.refuse(
                "path",
                "no placeholder says which customer is meant, in 'path', 'query' or 'body': all would be told the same",
            );
        }
        if by_plugins && !(self.fields.is_empty() && self.balance.is_none()) {
            section.refuse(
                "fields",
                "no profile gets the fields of a source that only plugins ask; use 'values'",
            );
        }
        if self.external_source.is_some() {
            if !self.placeholders().any(|placeholder| *placeholder == Placeholder::Number) {
                let message = "'external_source' says where '{number}' comes from, which no template has";
                section.refuse("external_source", message);
            }
            if identity.contacts.is_none() {
                let message = "'external_source' says how to read external contacts, and [enrichment.identity] \
                               'contacts' names none to ask";
                section.refuse("external_source", message);
            }
        }
    }
}

/// The name of a target that any question can be put to.
fn target(value: &Value<'_>, known: &KnownTargets<'_>) -> Read<String> {
    let name = reference("target", &known.names)(value)?;
    match known.targets.get(&name) {
        Some(target) if target.system.capabilities().sources_class.is_none() => {
            let systems =
                System::ALL.into_iter().filter(|system| system.capabilities().sources_class.is_some());
            let systems = systems.map(System::as_str).collect::<Vec<_>>().join(", ");
            Err(Problem::new(format!(
                "names target '{name}' of system '{}'; sources are asked at targets of system {systems}",
                target.system
            )))
        }
        _ => Ok(name),
    }
}

fn fields(section: &Section<'_>) -> (BTreeMap<ProfileField, String>, Option<BalanceAt>) {
    let fields = SINGLE_FIELDS
        .into_iter()
        .filter_map(|field| Some((field, section.optional(field.as_str(), pointer)?)));
    let fields = fields.collect();
    let name = ProfileField::Balance.as_str();
    if !section.has(name) {
        // Asked for so that a misspelt name is told from a known one.
        section.optional(name, |_| Ok(()));
        return (fields, None);
    }
    let balance = section.table(name, |balance| {
        let amount = balance.required("amount", pointer);
        let currency = balance.required("currency", currency);
        Some(BalanceAt { amount: amount?, currency: currency? })
    });
    (fields, balance)
}

fn currency(value: &Value<'_>) -> Read<CurrencyAt> {
    let written = text(value)?;
    if written.len() == 3 && written.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(CurrencyAt::Fixed(written));
    }
    pointer(value).map(CurrencyAt::Pointer).map_err(|_| {
        Problem::new(format!(
            "is '{written}', must be a JSON Pointer such as \"/currency\", or a currency such as \"EUR\""
        ))
    })
}

fn values(section: &Section<'_>) -> BTreeMap<String, String> {
    let values = section.map("values", pointer);
    for name in values.keys().filter(|name| !is_identifier(name)) {
        let message = format!(
            "values: '{name}' is no name that rules can use: letters, digits and '_', with a letter first"
        );
        section.refuse_at(&["values", name], &message);
    }
    if values.len() > MOST_VALUES {
        section
            .refuse("values", &format!("there are {} values, at most {MOST_VALUES} are kept", values.len()));
    }
    values
}
