//! What can be chosen when a sandbox starts.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::credentials::Credentials;
use crate::fault::FaultProfile;
use crate::own_fields::OwnField;
use crate::quota::{Rule, Window};
use crate::system::System;
use trunkline_load::numbers::Numbering;

/// Everything a sandbox can be told at start.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Seed of latencies and fault draws.
    pub seed: u64,
    /// Address to listen on.
    pub host: IpAddr,
    /// Name or address that other programs reach it by, for URLs in answers; default: the listening address.
    pub public_host: Option<String>,
    /// First of eight consecutive ports; default: whatever is free.
    pub port_base: Option<u16>,
    /// Customers `C-000001` to this number are known to the CRMs, and have contacts at Genesys.
    pub customers: u32,
    /// By what numbers the CRMs know them.
    pub numbering: Numbering,
    /// What the organisation has beside the vendors' standard products.
    pub own_fields: Vec<OwnField>,
    /// Who may ask for tokens; default: fixed ids and random secrets.
    pub credentials: Option<Credentials>,
    /// How long answers take, by system.
    pub latency: BTreeMap<System, Latency>,
    /// Quotas by system; a system without one has no limit.
    pub quotas: BTreeMap<System, Rule>,
    /// Life of a token in seconds, by system; Salesforce tells nobody but keeps to it.
    pub token_seconds: BTreeMap<System, i64>,
    /// Faults from the start on, by system.
    pub faults: BTreeMap<System, FaultProfile>,
}

/// How long an answer takes: a log-normal distribution, as services have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Half of the answers take at most this many milliseconds.
    pub median_ms: f64,
    /// 99 of 100 answers take at most this many milliseconds.
    pub p99_ms: f64,
}

impl Default for SandboxSettings {
    /// Loopback, free ports, 500 customers; quotas of the platforms' documented defaults; latencies chosen for a
    /// developer's machine so that most lookups meet a deadline of 250 ms and some do not.
    fn default() -> Self {
        let latency = |median_ms, p99_ms| Latency { median_ms, p99_ms };
        let quota =
            |calls, window_ms, window, counted_every_ms| Rule { calls, window_ms, window, counted_every_ms };
        Self {
            seed: 1,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            public_host: None,
            port_base: None,
            customers: 500,
            numbering: Numbering::PerSystem,
            own_fields: OwnField::of_the_sandbox(),
            credentials: None,
            latency: BTreeMap::from([
                (System::Genesys, latency(15.0, 60.0)),
                (System::Cxone, latency(15.0, 60.0)),
                (System::Salesforce, latency(25.0, 120.0)),
                (System::Sap, latency(40.0, 200.0)),
                (System::ServiceNow, latency(30.0, 150.0)),
            ]),
            quotas: BTreeMap::from([
                (System::Genesys, quota(300, 60_000, Window::FromFirstCall, 0)),
                (System::Salesforce, quota(100_000, 86_400_000, Window::Rolling, 0)),
                (System::ServiceNow, quota(36_000, 3_600_000, Window::Aligned, 30_000)),
            ]),
            token_seconds: BTreeMap::from([
                (System::Genesys, 86_400),
                (System::Cxone, 3_600),
                (System::Salesforce, 7_200),
                (System::Sap, 1_800),
                (System::ServiceNow, 1_800),
            ]),
            faults: BTreeMap::new(),
        }
    }
}

impl Latency {
    /// No waiting at all.
    pub const NONE: Self = Self { median_ms: 0.0, p99_ms: 0.0 };

    /// The latency at a standard normal deviate, in milliseconds, at most ten times the 99th percentile.
    #[must_use]
    pub fn at(&self, deviate: f64) -> f64 {
        if self.median_ms <= 0.0 {
            return 0.0;
        }
        // 2.326 is the 99th percentile of the standard normal distribution.
        let sigma = (self.p99_ms.max(self.median_ms) / self.median_ms).ln() / 2.326;
        (self.median_ms * (sigma * deviate).exp()).min(self.p99_ms.max(self.median_ms) * 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_meets_its_percentiles() {
        let latency = Latency { median_ms: 20.0, p99_ms: 100.0 };
        assert!((latency.at(0.0) - 20.0).abs() < 1e-9);
        assert!((latency.at(2.326) - 100.0).abs() < 1e-6);
        assert!(latency.at(50.0) <= 1000.0);
        assert_eq!(Latency::NONE.at(3.0), 0.0);
    }
}
