//! The tenants, their queues and their agents: the same for every day.

use super::dice::Dice;
use super::world_shares::WorldShares;

/// Genesys organisation id of every generated event.
pub const GENESYS_ORG: &str = "7f2c9a54-3b1e-4d0a-9c66-51f0c1a7e2d8";
/// CXone tenant id of every generated event.
pub const CXONE_TENANT: &str = "11ee4c1a-9d3b-7a20-8f15-0242ac110003";
/// CXone brand id.
pub(crate) const CXONE_BRAND: i64 = 6435;

/// Name and wait of the queues, in the order of their indices.
pub(crate) const QUEUE_NAMES: [&str; 6] = ["general", "billing", "technical", "sales", "retention", "vip"];

/// Who works in the contact centre.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) agents: Vec<Agent>,
    pub(crate) queues: Vec<Queue>,
    /// Ids of the menus.
    pub(crate) flows: Vec<String>,
    pub(crate) integration: String,
    pub(crate) channel: String,
    pub(crate) customers: u32,
    /// How often it behaves as the world does.
    pub(crate) shares: WorldShares,
}

#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) name: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) id: String,
    pub(crate) name: &'static str,
}

const AGENT_NAMES: [&str; 12] =
    ["Aiko", "Bruno", "Chidi", "Dana", "Eshe", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luca"];
/// A main menu, a billing self service, and one for out of hours.
const FLOWS: usize = 3;

impl World {
    pub(crate) fn new(customers: u32, shares: WorldShares) -> Self {
        // A seed of its own: queues and agents stay the same whatever the day.
        let mut dice = Dice::new(0x7472_756e_6b6c_696e);
        let agents = (0..60)
            .map(|index| Agent {
                id: dice.uuid(),
                number: 12_300 + index,
                name: AGENT_NAMES[index as usize % AGENT_NAMES.len()],
            })
            .collect();
        let queues = QUEUE_NAMES.iter().map(|name| Queue { id: dice.uuid(), name }).collect();
        let flows = (0..FLOWS).map(|_| dice.uuid()).collect();
        Self {
            agents,
            queues,
            flows,
            integration: dice.uuid(),
            channel: dice.uuid(),
            customers: customers.max(1),
            shares,
        }
    }

    /// A customer's number; some call much more often than others.
    pub(crate) fn caller(&self, dice: &mut Dice) -> u32 {
        let skewed = dice.unit().powi(2);
        1 + (skewed * f64::from(self.customers)) as u32
    }
}
