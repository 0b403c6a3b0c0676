//! What is broken on purpose during a demo, and when.

use std::str::FromStr;
use std::time::Duration;

use trunkline_simulators::System;

/// A system that is down for a while, written `SYSTEM@FROM..TO` in seconds from the start of the play.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// Which system.
    pub system: System,
    /// When it goes down.
    pub from: Duration,
    /// When it is back.
    pub to: Duration,
}

impl FromStr for Outage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (system, times) = text.split_once('@')?;
            let (from, to) = times.split_once("..")?;
            let seconds = |text: &str| text.trim_end_matches('s').parse::<f64>().ok();
            let (from, to) = (seconds(from)?, seconds(to)?);
            let system = System::from_name(system)?;
            let span = |seconds| Duration::try_from_secs_f64(seconds).ok();
            (from < to).then_some(Self { system, from: span(from)?, to: span(to)? })
        };
        parse().ok_or_else(|| {
            let systems = System::ALL.map(System::as_str).join(", ");
            format!("'{text}' is not of the form SYSTEM@FROM..TO in seconds, for instance salesforce@10..20; systems are {systems}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_outages() {
        let outage: Outage = "salesforce@10..20.5".parse().unwrap();
        assert_eq!(outage.system, System::Salesforce);
        assert_eq!((outage.from, outage.to), (Duration::from_secs(10), Duration::from_millis(20_500)));
        for wrong in ["salesforce", "oracle@1..2", "sap@2..1", "sap@-1..2", "sap@1-2"] {
            assert!(wrong.parse::<Outage>().is_err(), "{wrong}");
        }
    }
}
