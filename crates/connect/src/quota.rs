//! How the roles that use one target share its quota.
//!
//! A target's rate is what its credential may be called in all. When both the processor (enrichment) and the
//! sink (write-backs) use it, each gets a fixed part, so that together they never exceed it.

use trunkline_config::{Config, Target};
use trunkline_systems::Rate;

/// Why a binary calls outside systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The processor: customer profiles, and what plugins look up.
    Enrichment,
    /// The sink: write-backs.
    WriteBack,
}

/// A rate that is too small for all roles that need a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "target '{target}': rate_calls = {calls} cannot be shared by enrichment and write-backs; raise it to 2 or more \
     over a longer rate_per"
)]
pub struct TooSmall {
    /// The target.
    pub target: String,
    /// Its calls.
    pub calls: u32,
}

/// The part of the target's rate that is `role`'s: all of it when no other role uses the target, else half;
/// of an odd number enrichment gets the one more.
///
/// # Errors
/// [`TooSmall`] when there is no call for each role.
pub fn share(config: &Config, target: &Target, role: Role) -> Result<Rate, TooSmall> {
    let enriches = config.enrichment.asks(&target.name);
    let writes = config.rules.write_backs.iter().any(|rule| rule.target == target.name);
    split(target, enriches && writes, role)
}

fn split(target: &Target, shared: bool, role: Role) -> Result<Rate, TooSmall> {
    let calls = target.rate.calls;
    if !shared {
        return Ok(target.rate);
    }
    if calls < 2 {
        return Err(TooSmall { target: target.name.clone(), calls });
    }
    let calls = match role {
        Role::Enrichment => calls.div_ceil(2),
        Role::WriteBack => calls / 2,
    };
    Ok(Rate { calls, per: target.rate.per })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing;

    #[test]
    fn the_parts_of_a_shared_target_add_up_to_its_rate() {
        for calls in 2..40 {
            let mut target = testing::target("http://127.0.0.1:1");
            target.rate = Rate { calls, per: Duration::from_secs(1) };
            let part = |role| split(&target, true, role).unwrap().calls;
            assert_eq!(part(Role::Enrichment) + part(Role::WriteBack), calls);
            assert!(part(Role::WriteBack) >= 1);
            assert_eq!(split(&target, false, Role::WriteBack).unwrap().calls, calls);
        }
    }

    #[test]
    fn a_rate_of_one_call_cannot_be_shared() {
        let mut target = testing::target("http://127.0.0.1:1");
        target.rate = Rate { calls: 1, per: Duration::from_secs(1) };
        assert!(split(&target, true, Role::WriteBack).is_err());
    }
}
