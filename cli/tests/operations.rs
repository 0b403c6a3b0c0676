//! What the configuration allows rules to do is what the sink can do.

use trunkline_config::System;
use trunkline_config::vocabulary::OPERATIONS;
use trunkline_connect::writes::Operation;

/// Parameters that the processor takes from the event where a rule does not give them.
const FILLED_IN: [&str; 2] = ["conversationId", "participantId"];

#[test]
fn every_operation_of_the_configuration_exists_with_its_parameters() {
    for (system, name, parameters) in OPERATIONS {
        let operation = Operation::parse(system, name).unwrap_or_else(|| panic!("{system} has no {name}"));
        let needed: Vec<_> = operation
            .parameters()
            .iter()
            .copied()
            .filter(|parameter| !FILLED_IN.contains(parameter))
            .collect();
        assert_eq!(needed, parameters, "{system} {name}");
    }
}

#[test]
fn no_system_has_the_operation_of_another() {
    for system in System::ALL {
        for (of, name, _) in OPERATIONS {
            assert_eq!(Operation::parse(system, name).is_some(), system == of, "{system} {name}");
        }
    }
}
