//! How an operation of the catalogue is carried out over HTTP.

use reqwest::Method;
use serde_json::Value;

use super::{Current, Request};
use crate::request::Response;

/// What the catalogue does not say of an operation: its addresses, and how its answers are read.
pub(crate) struct Implementation {
    /// Its name in the catalogue.
    pub(crate) operation: &'static str,
    /// Method of the write.
    pub(crate) method: Method,
    /// Path of the write, behind where the API begins.
    pub(crate) path: fn(&Request) -> String,
    /// Headers of the write beside those that every request has.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Whether an answer to the write says that the resource did not exist before; `None` when it says that
    /// the write did not succeed.
    pub(crate) created: fn(&Response) -> Option<bool>,
    /// Path and query of the reading back, behind where the API begins.
    pub(crate) read_path: fn(&Request) -> String,
    /// The present values of the write's fields, from the answer to the reading back.
    pub(crate) read: fn(&Request, &Value) -> Current,
}
