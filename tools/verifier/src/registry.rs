//! Fetches writers' schemas from the registry, once each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apache_avro::Schema;
use serde::Deserialize;

use crate::avro::{self, Fields};

/// Decodes values of any topic, fetching the schemas it meets.
#[derive(Debug)]
pub struct Decoder {
    url: String,
    client: reqwest::Client,
    schemas: HashMap<u32, Arc<Schema>>,
}

/// Why a value could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value itself.
    #[error(transparent)]
    Value(#[from] avro::Error),
    /// The registry did not give the schema.
    #[error("registry {url}, schema {id}: {source}")]
    Registry {
        /// Base URL.
        url: String,
        /// The schema asked for.
        id: u32,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// The registry has no such schema: nobody can read the value.
    #[error("the registry has no schema {id}")]
    Unknown {
        /// The schema asked for.
        id: u32,
    },
    /// The registry's schema is none.
    #[error("registry schema {id} does not parse: {source}")]
    Schema {
        /// The schema.
        id: u32,
        /// What apache-avro says.
        #[source]
        source: Box<apache_avro::Error>,
    },
}

#[derive(Deserialize)]
struct SchemaAnswer {
    schema: String,
}

// === impl Decoder ===

impl Decoder {
    /// A decoder over the Confluent API at `url`.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            client: reqwest::Client::new(),
            schemas: HashMap::new(),
        }
    }

    /// Decodes a value in the Confluent wire format.
    ///
    /// # Errors
    /// When it is not in that format, its schema cannot be had, or the bytes do not fit it.
    pub async fn decode(&mut self, bytes: &[u8]) -> Result<Fields, Error> {
        let (id, body) = avro::split(bytes)?;
        let schema = match self.schemas.get(&id) {
            Some(schema) => schema.clone(),
            None => {
                let schema = Arc::new(self.fetch(id).await?);
                self.schemas.insert(id, schema.clone());
                schema
            }
        };
        Ok(avro::decode(id, &schema, body)?)
    }

    async fn fetch(&self, id: u32) -> Result<Schema, Error> {
        let failed = |source| Error::Registry { url: self.url.clone(), id, source };
        let answer = self
            .client
            .get(format!("{}/schemas/ids/{id}", self.url))
            .timeout(Duration::from_secs(10))
            .send()
            .await
            .map_err(failed)?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Err(Error::Unknown { id });
        }
        let answer = answer.error_for_status().map_err(failed)?;
        let answer: SchemaAnswer = answer.json().await.map_err(failed)?;
        Schema::parse_str(&answer.schema).map_err(|source| Error::Schema { id, source: Box::new(source) })
    }
}
