//! All configured targets behind one door: profiles and write-backs by name.

mod error;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use tokio::sync::broadcast;
use trunkline_config::{Config, LookupSource, Target};
use trunkline_profiles::ProfilePart;
use trunkline_schemas::{SourceStatus, SystemIdentity};
use trunkline_systems::System;

use crate::breaker::State;
use crate::describe::{self, Described};
use crate::error::{CallError, CallErrorKind};
use crate::event::{Event, Events};
use crate::identity::{Asked, Claim, Contacts, Refusals, Rules};
use crate::lookup::{Depth, Found, ProfileKey};
use crate::lookup_error::LookupError;
use crate::outbound::Outbound;
use crate::profile_part::{self, Exchange, Question};
use crate::quota::{self, Role};
use crate::refused_lookups::RefusedLookups;
use crate::search_memory::SearchMemory;
use crate::sources::{Asking, Source, SourceAnswer, SourceExchange, SourceQuestion};
use crate::terms::{Age, Terms};
use crate::token_endpoint::NotSetUp;
use crate::write_calls;
use crate::writes::{Applied, Current, Request};

pub use error::Error;

/// The outside systems of one binary.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Inner>);

/// The breaker of one endpoint class, as shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    /// Configured name of the target.
    pub target: String,
    /// The system behind it.
    pub system: System,
    /// Endpoint class.
    pub class: &'static str,
    /// Its breaker's state.
    pub breaker: State,
}

#[derive(Debug)]
struct Inner {
    targets: BTreeMap<String, Outbound>,
    enrichment: Vec<Outbound>,
    /// All sources, by name.
    sources: BTreeMap<String, Source>,
    /// Names of those that add to each profile.
    sources_of_profiles: Vec<String>,
    /// Where external contacts are asked for; `None` where none are.
    contacts: Option<Outbound>,
    contacts_refused: Refusals,
    identity: Rules,
    searches: SearchMemory,
    lookups_refused: RefusedLookups,
    events: Events,
}

// === impl Directory ===

impl Directory {
    /// Sets up the targets that `role` calls. Does no I/O.
    ///
    /// # Errors
    /// [`Error`] when the configuration cannot work.
    pub fn from_config(config: &Config, role: Role) -> Result<Self, Error> {
        let events = Events::new();
        let mut targets = BTreeMap::new();
        for target in config.targets.values().filter(|target| is_used(config, target, role)) {
            let rate = quota::share(config, target, role)?;
            let outbound = Outbound::new(target.clone(), rate, events.clone());
            let outbound = outbound.map_err(|error| {
                let target = target.name.clone();
                match error {
                    NotSetUp::Client(source) => Error::Client { target, source },
                    NotSetUp::PrivateKey(reason) => Error::PrivateKey { target, reason },
                }
            })?;
            targets.insert(target.name.clone(), outbound);
        }
        let (enrichment, sources) = match role {
            Role::Enrichment => (enrichment(config, &targets)?, sources(config, &targets)?),
            Role::WriteBack => (Vec::new(), BTreeMap::new()),
        };
        let of_profiles = config.enrichment.sources_of_profiles().map(|source| source.name.clone());
        let sources_of_profiles = of_profiles.filter(|name| sources.contains_key(name)).collect();
        let asked = enrichment.iter().map(Outbound::target);
        let identity = Rules::new(config.enrichment.identity.clone(), asked);
        let identity = identity.ok_or_else(|| Error::Region {
            region: config.enrichment.identity.region.clone().unwrap_or_default(),
        })?;
        let contacts =
            config.enrichment.identity.contacts.as_ref().and_then(|name| targets.get(name).cloned());
        Ok(Self(Arc::new(Inner {
            targets,
            enrichment,
            sources,
            sources_of_profiles,
            contacts,
            contacts_refused: Refusals::default(),
            identity,
            searches: SearchMemory::default(),
            lookups_refused: RefusedLookups::default(),
            events,
        })))
    }

    /// For a process that starts: its predecessor may have been killed a moment ago with every quota used up,
    /// so calls wait until the quotas' windows have passed, where those are a few seconds.
    pub fn await_predecessor(&self) {
        self.0.targets.values().for_each(Outbound::await_predecessor);
    }

    /// For a process that enriches: begins to fetch the tokens of the targets that lookups ask, so that the first
    /// events do not wait for them. What cannot be fetched is fetched again with the first call, which then says why.
    pub fn fetch_tokens(&self) {
        let of_sources = self.0.sources.values().map(Source::outbound);
        self.0.enrichment.iter().chain(&self.0.contacts).chain(of_sources).for_each(Outbound::fetch_token);
    }

    /// Forgets all answers that are kept, of searches and of sources: somebody was erased.
    pub fn forget_answers(&self) {
        self.0.searches.clear();
        self.0.sources.values().for_each(Source::forget_answers);
    }

    /// What happens to the connections, from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// The breakers of all endpoint classes called so far.
    pub fn status(&self) -> Vec<EndpointStatus> {
        let of_target = |outbound: &Outbound| {
            let target = outbound.target().clone();
            outbound.breakers().into_iter().map(move |(class, breaker)| EndpointStatus {
                target: target.name.clone(),
                system: target.system,
                class,
                breaker,
            })
        };
        self.0.targets.values().flat_map(of_target).collect()
    }

    /// A target's connection, for calls of one's own.
    pub fn outbound(&self, target: &str) -> Option<&Outbound> {
        self.0.targets.get(target)
    }

    /// Asks all enrichment targets and sources at once about a customer. There is one part for each, first of the
    /// targets in the configured order, then of the sources by their names; one that does not answer by the deadline
    /// says so. The customer is found in each of them as `[enrichment.identity]`
    /// says, or by what was found out before (`identities`). They are told which conversation wants it. An answer is
    /// stamped when it is there, by `now` (UTC milliseconds): whoever measures its age by a clock of its own does not
    /// want the machine's.
    pub async fn profile_parts(
        &self,
        customer_id: &str,
        identities: &[SystemIdentity],
        deadline: Instant,
        traceparent: Option<&str>,
        conversation: Option<&str>,
        now: &(dyn Fn() -> i64 + Sync),
    ) -> Vec<ProfilePart> {
        let Inner {
            contacts,
            identity: rules,
            searches: memory,
            lookups_refused: refused,
            enrichment,
            sources,
            sources_of_profiles,
            ..
        } = &*self.0;
        let claim = &Claim::of(customer_id, contacts.is_some());
        let age = &Age::default();
        let terms = Terms { deadline, traceparent, conversation, memory: Some(memory), age };
        let contacts = &Contacts::new(self.0.asked_for_contacts(), terms);
        let question = Question { claim, identities, rules, contacts, refused, terms, now };
        let (customer, claim, parameters) = (Some(customer_id), Some(claim), &BTreeMap::new());
        let asking =
            Asking { customer, claim, parameters, rules, contacts, deadline, traceparent, conversation, now };
        let of_targets = join_all(enrichment.iter().map(|outbound| profile_part::ask(outbound, question)));
        let asked = sources_of_profiles.iter().filter_map(|name| sources.get(name));
        let of_sources = join_all(asked.map(|source| source.part(asking)));
        let (mut parts, of_sources) = futures_util::future::join(of_targets, of_sources).await;
        if parts.iter().all(|part: &ProfilePart| part.fetched_at.is_some()) {
            contacts.forget();
        }
        parts.extend(of_sources);
        parts
    }

    /// Asks one source, by its configured name. An answer that was given a while ago counts, as long as the source's
    /// configuration says; `now` (UTC milliseconds) is by the clock of whoever asks. A name that is not configured is
    /// an error of the source.
    pub async fn look_up(
        &self,
        question: SourceQuestion<'_>,
        now: &(dyn Fn() -> i64 + Sync),
    ) -> SourceAnswer {
        let Inner { contacts, identity: rules, searches: memory, sources, .. } = &*self.0;
        let SourceQuestion { source, customer, parameters, deadline, traceparent, conversation } = question;
        let Some(source) = sources.get(source) else {
            return SourceAnswer { status: SourceStatus::Error, values: BTreeMap::new() };
        };
        let claim = customer.map(|customer| Claim::of(customer, contacts.is_some()));
        let claim = claim.as_ref();
        let age = &Age::default();
        let terms = Terms { deadline, traceparent, conversation, memory: Some(memory), age };
        let contacts = &Contacts::new(self.0.asked_for_contacts(), terms);
        let asking =
            Asking { customer, claim, parameters, rules, contacts, deadline, traceparent, conversation, now };
        source.look_up(asking).await
    }

    /// Asks one source once, whatever answers are kept, and shows the question to `seen` with its answer; `None` where
    /// the source does not know the customer.
    ///
    /// # Errors
    /// Why nothing could be asked, or what is wrong with the answer, as a sentence.
    pub async fn try_source(
        &self,
        question: SourceQuestion<'_>,
        now: &(dyn Fn() -> i64 + Sync),
        seen: &mut (dyn FnMut(SourceExchange) + Send),
    ) -> Result<Option<trunkline_profiles::ProfileData>, String> {
        let Inner { contacts, identity: rules, sources, .. } = &*self.0;
        let SourceQuestion { source, customer, parameters, deadline, traceparent, conversation } = question;
        let source = sources.get(source).ok_or_else(|| format!("no source '{source}' is configured"))?;
        let claim = customer.map(|customer| Claim::of(customer, contacts.is_some()));
        let claim = claim.as_ref();
        let age = &Age::default();
        let terms = Terms { deadline, traceparent, conversation, memory: None, age };
        let contacts = &Contacts::new(self.0.asked_for_contacts(), terms);
        let asking =
            Asking { customer, claim, parameters, rules, contacts, deadline, traceparent, conversation, now };
        source.attempt(asking, seen).await
    }

    /// Asks one target, by its configured name, whom a key means. Each question is shown to `seen` with its answer.
    ///
    /// # Errors
    /// [`LookupError`]; that nobody or several are known by the key is no error.
    pub async fn find_customer(
        &self,
        target: &str,
        key: &ProfileKey,
        depth: Depth,
        deadline: Instant,
        traceparent: Option<&str>,
        seen: &mut (dyn FnMut(Exchange) + Send),
    ) -> Result<Found, LookupError> {
        let age = &Age::default();
        let terms = Terms { deadline, traceparent, conversation: None, memory: None, age };
        profile_part::find(self.find(target)?, key, depth, terms, seen).await
    }

    /// A fingerprint of the settings under which a target's customers are searched: who was found under others is
    /// searched anew. `None` for a target that is not asked for profiles.
    pub fn search_settings(&self, target: &str) -> Option<&str> {
        let outbound = self.0.enrichment.iter().find(|outbound| outbound.target().name == target)?;
        Some(self.0.identity.settings(outbound.target()))
    }

    /// Asks one target, by its configured name, for the objects and fields that its mapping names.
    ///
    /// # Errors
    /// [`LookupError`]; that something does not exist is no error.
    pub async fn describe(&self, target: &str, deadline: Instant) -> Result<Described, LookupError> {
        describe::describe(self.find(target)?, deadline).await
    }

    /// Reads the present values of what a write would change.
    ///
    /// # Errors
    /// [`CallError`]; a resource that does not exist is no error.
    pub async fn current(
        &self,
        target: &str,
        write: &Request,
        deadline: Instant,
    ) -> Result<Current, CallError> {
        write_calls::current(self.find(target)?, write, deadline).await
    }

    /// Carries out a write.
    ///
    /// # Errors
    /// [`CallError`]; its `sent` says whether the write may have taken effect all the same.
    pub async fn apply(
        &self,
        target: &str,
        write: &Request,
        deadline: Instant,
    ) -> Result<Applied, CallError> {
        write_calls::apply(self.find(target)?, write, deadline).await
    }

    fn find(&self, target: &str) -> Result<&Outbound, CallError> {
        self.0.targets.get(target).ok_or_else(|| CallError {
            kind: CallErrorKind::Rejected,
            target: target.to_owned(),
            status: None,
            code: None,
            message: format!(
                "no target of this name is configured; add [targets.{target}] or correct the rule"
            ),
            attempts: 0,
            sent: false,
        })
    }
}

// === impl Inner ===

impl Inner {
    fn asked_for_contacts(&self) -> Option<Asked<'_>> {
        let Self { contacts, identity: rules, contacts_refused: refused, .. } = self;
        contacts.as_ref().map(|outbound| Asked { outbound, rules, refused })
    }
}

// Commands on the topic may come from an earlier set of rules, so the sink knows every target.
fn is_used(config: &Config, target: &Target, role: Role) -> bool {
    match role {
        Role::Enrichment => config.enrichment.asks(&target.name),
        Role::WriteBack => true,
    }
}

fn enrichment(config: &Config, targets: &BTreeMap<String, Outbound>) -> Result<Vec<Outbound>, Error> {
    let find = |name: &String| {
        let wrong = |reason| Error::Enrichment { target: name.clone(), reason };
        let outbound = targets.get(name).ok_or_else(|| wrong("is not configured under [targets]"))?;
        if outbound.target().system.has_profiles() {
            Ok(outbound.clone())
        } else {
            Err(wrong("has no customer profiles"))
        }
    };
    config.enrichment.targets.iter().map(find).collect()
}

fn sources(config: &Config, targets: &BTreeMap<String, Outbound>) -> Result<BTreeMap<String, Source>, Error> {
    let set_up = |settings: &LookupSource| {
        let outbound = targets.get(&settings.target).cloned();
        let source = outbound.and_then(|outbound| Source::new(settings.clone(), outbound));
        source.ok_or_else(|| Error::Source { name: settings.name.clone(), target: settings.target.clone() })
    };
    let sources = config.enrichment.sources.iter();
    sources.map(|(name, settings)| Ok((name.clone(), set_up(settings)?))).collect()
}

#[cfg(test)]
mod tests;
