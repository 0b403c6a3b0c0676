//! The schemas of the catalog in the registry: what is missing, adding it, and under which ids it is.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use trunkline_config::Kafka;
use trunkline_schemas::catalog::{AvroValue, TOPICS};

use crate::registry::{COMPATIBILITY, Registry, RegistryError};

/// Subjects asked about at the same time.
const AT_ONCE: usize = 6;

/// What there is to do about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The subject, `<prefixed topic>-value`.
    pub subject: String,
    /// The schema that belongs there.
    pub value: AvroValue,
    /// What there is to do.
    pub change: Change,
}

/// What there is to do about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the schema is there under this id, and so is the compatibility.
    None {
        /// The schema's id.
        id: u32,
    },
    /// The schema is there; the subject is to be set to FULL_TRANSITIVE.
    Compatibility {
        /// The schema's id.
        id: u32,
        /// What it is set to; none for the registry's default.
        from: Option<String>,
    },
    /// The subject does not exist: its first version is to be added.
    Create,
    /// The schema is to be added as the next version.
    NewVersion,
    /// The registry would refuse the schema as the next version.
    Incompatible,
}

/// The ids of schemas by topic, without prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids(BTreeMap<&'static str, u32>);

// === impl Ids ===

impl Ids {
    /// The id of the schema of a topic's values (`topic` without prefix).
    pub fn get(&self, topic: &str) -> Option<u32> {
        self.0.get(topic).copied()
    }

    /// Every topic with its id.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.0.iter().map(|(topic, id)| (*topic, *id))
    }
}

impl FromIterator<(&'static str, u32)> for Ids {
    fn from_iter<I: IntoIterator<Item = (&'static str, u32)>>(ids: I) -> Self {
        Self(ids.into_iter().collect())
    }
}

// === impl Step ===

impl Step {
    /// Whether there is anything to do.
    pub fn is_change(&self) -> bool {
        !matches!(self.change, Change::None { .. })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, name) = (&self.subject, self.value.name);
        match &self.change {
            Change::None { id } => write!(formatter, "  {subject}: {name} is registered as id {id}"),
            Change::Compatibility { from, .. } => {
                let from = from.as_deref().unwrap_or("the registry's default");
                write!(formatter, "~ {subject}: set compatibility from {from} to {COMPATIBILITY}")
            }
            Change::Create => {
                write!(formatter, "+ {subject}: register {name}, compatibility {COMPATIBILITY}")
            }
            Change::NewVersion => write!(formatter, "~ {subject}: add a version of {name}"),
            Change::Incompatible => {
                write!(formatter, "! {subject}: {name} is not compatible with the versions there; refused")
            }
        }
    }
}

/// Every topic with a schema: its name, its subject, its schema.
fn subjects(kafka: &Kafka) -> impl Iterator<Item = (&'static str, String, AvroValue)> {
    TOPICS.iter().filter_map(|topic| Some((topic.name, topic.subject(&kafka.prefix)?, topic.avro()?)))
}

/// What there is to do so that the registry has every schema; changes nothing.
///
/// # Errors
/// [`RegistryError`] of the first question that was not answered.
pub async fn plan(registry: &Registry, kafka: &Kafka) -> Result<Vec<Step>, RegistryError> {
    stream::iter(subjects(kafka))
        .map(|(_, subject, value)| async move {
            let change = change(registry, &subject, value).await?;
            Ok(Step { subject, value, change })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn change(registry: &Registry, subject: &str, value: AvroValue) -> Result<Change, RegistryError> {
    if let Some(id) = registry.look_up(subject, value.schema).await? {
        return Ok(match registry.compatibility(subject).await? {
            Some(level) if level == COMPATIBILITY => Change::None { id },
            from => Change::Compatibility { id, from },
        });
    }
    if !registry.exists(subject).await? {
        return Ok(Change::Create);
    }
    let compatible = registry.is_compatible(subject, value.schema).await?;
    Ok(if compatible { Change::NewVersion } else { Change::Incompatible })
}

/// Does what a plan says, whatever the configuration says of `auto_register`, and returns the ids.
///
/// # Errors
/// [`RegistryError::Incompatible`] before anything is changed, when the plan has such a step; else [`RegistryError`] of
/// the first step that failed. What was done before stays done, and doing it again is harmless.
pub async fn apply(registry: &Registry, steps: &[Step]) -> Result<BTreeMap<String, u32>, RegistryError> {
    if let Some(step) = steps.iter().find(|step| step.change == Change::Incompatible) {
        let reason = format!("the registry would not take {} as its next version", step.value.name);
        return Err(RegistryError::Incompatible { subject: step.subject.clone(), reason });
    }
    stream::iter(steps.iter().map(Ok))
        .map_ok(|step| async move {
            let id = match &step.change {
                Change::None { id } => *id,
                Change::Compatibility { id, .. } => {
                    registry.require_compatibility(&step.subject).await?;
                    *id
                }
                _ => registry.add(&step.subject, step.value.schema).await?,
            };
            Ok((step.subject.clone(), id))
        })
        .try_buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// The ids of every schema of the catalog, registered where that is missing and allowed.
///
/// # Errors
/// As [`Registry::register`].
pub async fn ids(registry: &Registry, kafka: &Kafka) -> Result<Ids, RegistryError> {
    ids_where(registry, kafka, |_| true).await
}

/// The ids of the schemas of some topics (without prefix), registered where that is missing and allowed.
///
/// # Errors
/// As [`Registry::register`].
pub async fn ids_of(registry: &Registry, kafka: &Kafka, topics: &[&str]) -> Result<Ids, RegistryError> {
    ids_where(registry, kafka, |name| topics.contains(&name)).await
}

async fn ids_where(
    registry: &Registry,
    kafka: &Kafka,
    wanted: impl Fn(&str) -> bool,
) -> Result<Ids, RegistryError> {
    stream::iter(subjects(kafka).filter(|(name, ..)| wanted(name)))
        .map(|(name, subject, value)| async move { Ok((name, registry.register(&subject, value.schema).await?)) })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .map(Ids)
}
