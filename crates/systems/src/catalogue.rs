//! The systems, one row each.

mod cxone;
mod genesys;
mod http;
mod salesforce;
mod sap;
mod servicenow;

use std::fmt;

use crate::{Capabilities, Limits, Operation, ProfileField};

macro_rules! systems {
    ($($(#[$doc:meta])* $system:ident = $file:ident;)*) => {
        /// An outside system that is read and written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum System {
            $($(#[$doc])* $system,)*
        }

        impl System {
            /// All of them, in the order of their names.
            pub const ALL: [Self; [$(stringify!($system)),*].len()] = [$(Self::$system),*];

            /// What it can do.
            pub const fn capabilities(self) -> &'static Capabilities {
                match self {
                    $(Self::$system => &$file::CAPABILITIES,)*
                }
            }
        }
    };
}

systems! {
    /// NICE CXone.
    Cxone = cxone;
    /// Genesys Cloud CX.
    Genesys = genesys;
    /// Any JSON API over HTTP.
    Http = http;
    /// Salesforce.
    Salesforce = salesforce;
    /// SAP S/4HANA.
    Sap = sap;
    /// ServiceNow.
    ServiceNow = servicenow;
}

// === impl System ===

impl System {
    /// As written in the configuration, in keys and in names of topics, for instance `servicenow`.
    pub const fn as_str(self) -> &'static str {
        self.capabilities().name
    }

    /// How often it may be called.
    pub const fn limits(self) -> Limits {
        self.capabilities().limits
    }

    /// The operation of that name.
    pub fn operation(self, name: &str) -> Option<&'static Operation> {
        self.capabilities().operations.iter().find(|operation| operation.name == name)
    }

    /// Whether it knows customers.
    pub const fn has_profiles(self) -> bool {
        self.capabilities().standard_profile.is_some()
    }

    /// Whether a profile's field comes from it.
    pub fn owns(self, field: ProfileField) -> bool {
        self.capabilities().profile_fields.contains(&field)
    }

    /// The system of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.as_str() == name)
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{EventParameter, Parameter};

    #[test]
    fn every_system_with_operations_has_its_topic_of_commands() {
        let topics = BTreeSet::from(trunkline_schemas::catalog::WRITEBACK_SYSTEMS);
        assert!(topics.iter().all(|system| System::from_name(system).is_some()), "{topics:?}");
        let written = System::ALL.into_iter().filter(|system| !system.capabilities().operations.is_empty());
        for system in written {
            assert!(topics.contains(system.as_str()), "{system}");
        }
        assert!(System::ALL.is_sorted_by_key(|system| system.as_str()));
    }

    #[test]
    fn a_system_is_found_by_its_name() {
        for system in System::ALL {
            assert_eq!(System::from_name(system.as_str()), Some(system));
        }
        assert_eq!(System::from_name("oracle"), None);
    }

    #[test]
    fn every_field_of_a_profile_comes_from_one_system() {
        // The last two are no system's.
        for field in &ProfileField::ALL[..5] {
            let owners = System::ALL.into_iter().filter(|system| system.owns(*field)).count();
            assert_eq!(owners, 1, "{}", field.as_str());
        }
        for system in System::ALL {
            let fields = system.capabilities().profile_fields;
            assert_eq!(system.has_profiles(), !fields.is_empty(), "{system}");
            assert_eq!(system.has_profiles(), !system.capabilities().profile_classes.is_empty(), "{system}");
        }
    }

    #[test]
    fn what_a_standard_profile_reads_can_be_read_of_a_record() {
        for system in System::ALL {
            let Some(standard) = system.capabilities().standard_profile else { continue };
            assert!(standard.fields.iter().all(|(field, _)| standard.readable.contains(field)), "{system}");
        }
    }

    #[test]
    fn names_of_operations_and_parameters_are_unique() {
        for system in System::ALL {
            let operations = system.capabilities().operations;
            let names: BTreeSet<_> = operations.iter().map(|operation| operation.name).collect();
            assert_eq!(names.len(), operations.len(), "{system}");
            for operation in operations {
                let names: BTreeSet<_> =
                    operation.parameters.iter().map(|parameter| parameter.name()).collect();
                assert_eq!(names.len(), operation.parameters.len(), "{system} {}", operation.name);
            }
        }
    }

    #[test]
    fn what_an_event_gives_needs_no_rule() {
        let operation = System::Genesys.operation("participant_attributes").unwrap();
        assert!(operation.parameters_of_rules().next().is_none());
        assert_eq!(operation.parameters[0], Parameter::Event(EventParameter::ConversationId));
        let upsert = System::Salesforce.operation("upsert").unwrap();
        assert_eq!(
            upsert.parameters_of_rules().collect::<Vec<_>>(),
            ["object", "externalIdField", "externalId"]
        );
    }
}
