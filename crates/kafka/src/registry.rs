//! The schema registry with the Confluent API.
//!
//! Fetching and registering go through `schema_registry_converter`; setting and reading a subject's
//! compatibility, which it does not know, through the same kind of HTTP client. Ids and texts never change,
//! so both are kept for ever.

mod backoff;
mod connection;
mod error;

pub use error::RegistryError;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use schema_registry_converter::async_impl::schema_registry::{SrSettings, get_schema_by_id, post_schema};
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};
use serde_json::{Value, json};
use trunkline_config as config;
use trunkline_http::Remade;

use connection::Connection;

/// What every subject of ours is set to: consumers are upgraded after us, and old data stays readable.
pub const COMPATIBILITY: &str = "FULL_TRANSITIVE";

/// A client of the registry; cheap to clone, its caches are shared.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    /// The settings of the library.
    settings: Remade<SrSettings>,
    connection: Connection,
    auto_register: bool,
    /// Schema texts by id.
    texts: Mutex<HashMap<u32, Arc<str>>>,
    /// Ids by subject and text.
    ids: Mutex<HashMap<(String, String), u32>>,
    /// Subjects whose compatibility is known to be [`COMPATIBILITY`].
    compatible: Mutex<HashSet<String>>,
}

// === impl Registry ===

impl Registry {
    /// Prepares the client. The registry need not be there yet.
    ///
    /// # Errors
    /// [`RegistryError::Settings`] when certificates cannot be used.
    pub fn new(registry: &config::Registry) -> Result<Self, RegistryError> {
        let connection = Connection::new(registry)?;
        let inner = Inner {
            settings: connection::converter_settings(registry)?,
            connection,
            auto_register: registry.auto_register,
            texts: Mutex::default(),
            ids: Mutex::default(),
            compatible: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether [`Registry::register`] registers what is missing.
    pub fn registers(&self) -> bool {
        self.inner.auto_register
    }

    /// The text of the schema with this id.
    ///
    /// # Errors
    /// [`RegistryError::UnknownId`], or [`RegistryError::Unreachable`] after retries.
    pub async fn schema(&self, id: u32) -> Result<Arc<str>, RegistryError> {
        if let Some(text) = lock(&self.inner.texts).get(&id) {
            return Ok(Arc::clone(text));
        }
        let found = backoff::retried(|| async {
            get_schema_by_id(id, &self.inner.settings.current_at_once())
                .await
                .map_err(|error| RegistryError::of_id(id, &error))
        })
        .await?;
        let text: Arc<str> = found.schema.into();
        lock(&self.inner.texts).insert(id, Arc::clone(&text));
        Ok(text)
    }

    /// The id of a schema under a subject. When the configuration says `auto_register`, the subject is set to
    /// [`COMPATIBILITY`] and the schema registered where it is missing; else it is only looked up.
    ///
    /// # Errors
    /// [`RegistryError::NotRegistered`] or [`RegistryError::Incompatible`] say what to do;
    /// [`RegistryError::Unreachable`] after retries.
    pub async fn register(&self, subject: &str, schema_json: &str) -> Result<u32, RegistryError> {
        let key = (subject.to_owned(), schema_json.to_owned());
        if let Some(id) = lock(&self.inner.ids).get(&key) {
            return Ok(*id);
        }
        let found = self.look_up(subject, schema_json).await?;
        let id = match found {
            Some(id) if !self.inner.auto_register => id,
            None if !self.inner.auto_register => {
                return Err(RegistryError::NotRegistered { subject: subject.to_owned() });
            }
            Some(id) => {
                self.require_compatibility(subject).await?;
                id
            }
            None => self.add(subject, schema_json).await?,
        };
        lock(&self.inner.ids).insert(key, id);
        lock(&self.inner.texts).insert(id, schema_json.into());
        Ok(id)
    }

    /// Registers a schema whatever the configuration says of `auto_register`: for `trunkline schemas apply`.
    ///
    /// # Errors
    /// As [`Registry::register`].
    pub async fn add(&self, subject: &str, schema_json: &str) -> Result<u32, RegistryError> {
        // Some registries have no settings for a subject before its first version: then right after it.
        let set_before = self.set_compatibility(subject).await?;
        let id = backoff::retried(|| async {
            let schema = SuppliedSchema::new(None, SchemaType::Avro, schema_json.to_owned());
            post_schema(&self.inner.settings.current_at_once(), subject.to_owned(), schema)
                .await
                .map_err(|error| RegistryError::of_subject(subject, &error))
        })
        .await?
        .id;
        if !set_before {
            self.require_compatibility(subject).await?;
        }
        Ok(id)
    }

    /// The id of a schema under a subject; none when it is not registered there.
    ///
    /// # Errors
    /// [`RegistryError::Unreachable`] after retries, [`RegistryError::Refused`].
    pub async fn look_up(&self, subject: &str, schema_json: &str) -> Result<Option<u32>, RegistryError> {
        let body = json!({ "schema": schema_json, "schemaType": "AVRO" });
        let answer = self.inner.connection.call(Method::POST, &["subjects", subject], Some(body)).await?;
        Ok(answer.and_then(|answer| answer["id"].as_u64()).and_then(|id| u32::try_from(id).ok()))
    }

    /// The compatibility a subject is set to itself; none when it has the registry's default or does not exist.
    ///
    /// # Errors
    /// [`RegistryError::Unreachable`] after retries, [`RegistryError::Refused`].
    pub async fn compatibility(&self, subject: &str) -> Result<Option<String>, RegistryError> {
        let answer = self.inner.connection.call(Method::GET, &["config", subject], None).await?;
        Ok(answer.and_then(|answer| answer["compatibilityLevel"].as_str().map(str::to_owned)))
    }

    /// Whether the registry would take this schema as the next version of a subject; true for a subject without any.
    ///
    /// # Errors
    /// [`RegistryError::Unreachable`] after retries, [`RegistryError::Refused`].
    pub async fn is_compatible(&self, subject: &str, schema_json: &str) -> Result<bool, RegistryError> {
        let body = json!({ "schema": schema_json, "schemaType": "AVRO" });
        let path = ["compatibility", "subjects", subject, "versions"];
        let answer = self.inner.connection.call(Method::POST, &path, Some(body)).await?;
        Ok(answer.is_none_or(|answer| answer["is_compatible"] == Value::Bool(true)))
    }

    /// Whether a subject has any version.
    ///
    /// # Errors
    /// [`RegistryError::Unreachable`] after retries, [`RegistryError::Refused`].
    pub async fn exists(&self, subject: &str) -> Result<bool, RegistryError> {
        let answer =
            self.inner.connection.call(Method::GET, &["subjects", subject, "versions"], None).await?;
        Ok(answer.is_some())
    }

    /// Sets a subject that has a version to [`COMPATIBILITY`], unless it is so already.
    ///
    /// # Errors
    /// [`RegistryError::Unreachable`] after retries, [`RegistryError::Refused`].
    pub async fn require_compatibility(&self, subject: &str) -> Result<(), RegistryError> {
        if lock(&self.inner.compatible).contains(subject) {
            return Ok(());
        }
        if self.compatibility(subject).await?.as_deref() != Some(COMPATIBILITY) {
            self.set_compatibility(subject).await?;
        }
        lock(&self.inner.compatible).insert(subject.to_owned());
        Ok(())
    }

    /// False when the registry does not know the subject (yet).
    async fn set_compatibility(&self, subject: &str) -> Result<bool, RegistryError> {
        let body = json!({ "compatibility": COMPATIBILITY });
        match self.inner.connection.call(Method::PUT, &["config", subject], Some(body)).await {
            Ok(answer) => Ok(answer.is_some()),
            // Apicurio's answer to the slower of two instances that set it in the same moment.
            Err(conflict @ RegistryError::Incompatible { .. }) => match self.compatibility(subject).await? {
                Some(level) if level == COMPATIBILITY => Ok(true),
                _ => Err(conflict),
            },
            Err(error) => Err(error),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
