//! What the platform answers to what it does not do.

use serde_json::json;

use crate::http::Answer;

/// Why a request cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownObject,
    /// In a query.
    UnknownType {
        object: String,
    },
    NotFound {
        field: String,
        value: String,
    },
    NoExternalId {
        field: String,
    },
    UnknownField {
        object: String,
        field: String,
    },
    /// In a query.
    UnknownColumn {
        object: String,
        field: String,
    },
    ReadOnly {
        field: String,
    },
    Required {
        fields: Vec<String>,
    },
    Duplicate {
        field: String,
        id: String,
    },
}

/// Errors are an array, always.
pub(super) fn failure(status: u16, code: &str, message: &str, fields: &[&str]) -> Answer {
    let mut error = json!({"message": message, "errorCode": code});
    if !fields.is_empty() {
        error["fields"] = json!(fields);
    }
    Answer::json(status, &json!([error]))
}

pub(super) fn unknown_resource() -> Answer {
    failure(404, "NOT_FOUND", "The requested resource does not exist", &[])
}

pub(super) fn unreadable() -> Answer {
    failure(400, "JSON_PARSER_ERROR", "The body is not a JSON object", &[])
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::UnknownObject => unknown_resource(),
        Refusal::NotFound { field, value } if field == "Id" => failure(
            404,
            "NOT_FOUND",
            &format!("Provided external ID field does not exist or is not accessible: {value}"),
            &[],
        ),
        Refusal::NotFound { .. } => unknown_resource(),
        Refusal::NoExternalId { field } => failure(
            404,
            "NOT_FOUND",
            &format!("Provided external ID field does not exist or is not accessible: {field}"),
            &[],
        ),
        Refusal::UnknownType { object } => failure(
            400,
            "INVALID_TYPE",
            &format!(
                "sObject type '{object}' is not supported. If you are attempting to use a custom object, be sure to \
                 append the '__c' after the entity name. Please reference your WSDL or the describe call for the \
                 appropriate names."
            ),
            &[],
        ),
        Refusal::UnknownColumn { object, field } => failure(
            400,
            "INVALID_FIELD",
            &format!(
                "No such column '{field}' on entity '{object}'. If you are attempting to use a custom field, be sure \
                 to append the '__c' after the custom field name. Please reference your WSDL or the describe call for \
                 the appropriate names."
            ),
            &[],
        ),
        Refusal::UnknownField { object, field } => failure(
            400,
            "INVALID_FIELD",
            &format!("No such column '{field}' on sobject of type {object}"),
            &[],
        ),
        Refusal::ReadOnly { field } => failure(
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &format!(
                "Unable to create/update fields: {field}. Please check the security settings of this field and verify that it is read/write for your profile or permission set."
            ),
            &[field],
        ),
        Refusal::Required { fields } => {
            let names: Vec<&str> = fields.iter().map(String::as_str).collect();
            failure(
                400,
                "REQUIRED_FIELD_MISSING",
                &format!("Required fields are missing: [{}]", names.join(", ")),
                &names,
            )
        }
        Refusal::Duplicate { field, id } => failure(
            400,
            "DUPLICATE_VALUE",
            &format!("duplicate value found: {field} duplicates value on record with id: {id}"),
            &[],
        ),
    }
}
