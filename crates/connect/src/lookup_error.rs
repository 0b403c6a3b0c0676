//! Why a lookup of a customer gave nothing, and what somebody can do about it.

use trunkline_config::Target;
use trunkline_schemas::SourceStatus;
use trunkline_systems::System;

use crate::encode::Unsafe;
use crate::error::{CallError, CallErrorKind};
use crate::lookup::Problem;
use crate::record::Unreadable;

/// Why a lookup gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The customer's key cannot be asked for.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    /// The answer is not what the system's interface or the mapping promises.
    #[error("{target}: the answer cannot be read: {what}")]
    Unreadable {
        /// Configured name of the target.
        target: String,
        /// What is wrong with the answer; it names fields, never their values.
        what: String,
    },
    /// The mapping names no field to search by.
    #[error("{target}: no field to search a customer's {kind} by; [targets.{target}.profile] can name some")]
    NoSearchField {
        /// Configured name of the target.
        target: String,
        /// What is known of the customer, for instance `phone`.
        kind: &'static str,
    },
    /// The system does not know customers.
    #[error("{target}: {system} has no customer profiles")]
    NoProfiles {
        /// Configured name of the target.
        target: String,
        /// The system behind it.
        system: System,
    },
}

// === impl LookupError ===

impl LookupError {
    pub(crate) fn of(problem: Problem, target: &str) -> Self {
        let target = target.to_owned();
        match problem {
            Problem::Unsafe(error) => Self::Unsafe(error),
            Problem::Unreadable(Unreadable(what)) => Self::Unreadable { target, what },
            Problem::NoSearchField(kind) => Self::NoSearchField { target, kind },
        }
    }

    /// What it means for a source of a profile.
    pub fn status(&self) -> SourceStatus {
        match self {
            Self::Call(error) => error.kind.source_status(),
            _ => SourceStatus::Error,
        }
    }

    /// What has to be changed at the target or in its mapping, where questions about all customers are answered so;
    /// `target` is the one that was asked. `None` of what passes by itself, and of what is about one customer's key.
    pub fn advice(&self, target: &Target) -> Option<String> {
        let needed = target.system.capabilities().standard_profile?.permissions;
        let name = &target.name;
        match self {
            Self::Call(CallError { kind: CallErrorKind::Rejected, status: Some(403), .. }) => {
                Some(format!("the account lacks a permission or a scope; lookups need: {needed}"))
            }
            Self::Call(CallError { kind: CallErrorKind::Rejected, .. }) => Some(format!(
                "an object or a field that [targets.{name}.profile] names does not exist, or the account may not read \
                 it: `trunkline target describe {name}` says which; lookups need: {needed}"
            )),
            Self::Unreadable { .. } => Some(format!(
                "`trunkline target describe {name}` says what there is; where the account may not read all of it, \
                 lookups need: {needed}"
            )),
            Self::Call(_) | Self::Unsafe(_) | Self::NoSearchField { .. } | Self::NoProfiles { .. } => None,
        }
    }

    /// What happened, without the system's own words: those may hold what was asked for, which is personal data.
    pub(crate) fn without_words(&self) -> String {
        match self {
            Self::Call(CallError { kind, status, code, .. }) => {
                let status = status.map(|status| status.to_string());
                let told: Vec<&str> = status.as_deref().into_iter().chain(code.as_deref()).collect();
                format!("{kind} ({})", told.join(" "))
            }
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn answered(kind: CallErrorKind, status: u16, code: Option<&str>) -> LookupError {
        LookupError::Call(CallError {
            kind,
            target: "crm".to_owned(),
            status: Some(status),
            code: code.map(str::to_owned),
            message: "what about '+4930901820'?".to_owned(),
            attempts: 1,
            sent: true,
        })
    }

    #[test]
    fn what_is_refused_for_good_says_what_to_do() {
        let target = testing::target_with_token("https://crm.example");
        let advice = |error: &LookupError| error.advice(&target);
        let refused = answered(CallErrorKind::Rejected, 403, Some("INSUFFICIENT_ACCESS"));
        let said = advice(&refused).unwrap();
        assert!(said.contains("lacks a permission") && said.contains("field-level security"), "{said}");
        let invisible = answered(CallErrorKind::Rejected, 400, Some("INVALID_FIELD"));
        let said = advice(&invisible).unwrap();
        assert!(
            said.contains("`trunkline target describe crm`") && said.contains("OAuth scope 'api'"),
            "{said}"
        );
        let absent = LookupError::Unreadable { target: "crm".to_owned(), what: "field 'X'".to_owned() };
        assert!(advice(&absent).is_some_and(|said| said.contains("may not read all of it")));
        for passing in [CallErrorKind::Unavailable, CallErrorKind::RateLimited { retry_after: None }] {
            assert_eq!(advice(&answered(passing, 503, None)), None);
        }
        let key = LookupError::NoSearchField { target: "crm".to_owned(), kind: "phone" };
        assert_eq!(advice(&key), None);
        assert_eq!(invisible.without_words(), "rejected (400 INVALID_FIELD)");
    }
}
