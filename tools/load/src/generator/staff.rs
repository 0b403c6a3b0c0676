//! Who is at work, and in which state: one person does one thing at a time, and nobody enters a state twice in a row.

use super::dice::Dice;
use super::world::World;

/// The agents, as far as the day remembers what they did.
#[derive(Debug)]
pub(crate) struct Staff {
    desks: Vec<Desk>,
    /// How long after an agent's last fact its deliveries may still come.
    rest_ms: i64,
}

/// An agent and where it works.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) agent: String,
    pub(crate) station: String,
    /// True while the agent is known to sit at the station.
    pub(crate) seated: bool,
    free_at_ms: i64,
}

impl Staff {
    pub(crate) fn new(world: &World, rest_ms: i64, dice: &mut Dice) -> Self {
        let desks = world.agents.iter().map(|agent| Desk::of(agent.id.clone(), dice)).collect();
        Self { desks, rest_ms }
    }

    /// Somebody with nothing to do at that time. When all are busy, somebody is hired: a fast day has more agents.
    pub(crate) fn take(&mut self, now_ms: i64, dice: &mut Dice) -> usize {
        let free: Vec<usize> =
            (0..self.desks.len()).filter(|index| self.desks[*index].free_at_ms <= now_ms).collect();
        let index = if free.is_empty() {
            let agent = dice.uuid();
            self.desks.push(Desk::of(agent, dice));
            self.desks.len() - 1
        } else {
            *dice.pick(&free)
        };
        self.desks[index].free_at_ms = i64::MAX;
        index
    }

    pub(crate) fn desk(&mut self, index: usize) -> &mut Desk {
        &mut self.desks[index]
    }

    /// What the agent did ended at that time.
    pub(crate) fn release(&mut self, index: usize, end_ms: i64) {
        self.desks[index].free_at_ms = end_ms + self.rest_ms;
    }
}

impl Desk {
    fn of(agent: String, dice: &mut Dice) -> Self {
        Self { agent, station: dice.uuid(), seated: false, free_at_ms: i64::MIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::WorldShares;

    #[test]
    fn nobody_is_taken_before_the_rest_is_over() {
        let mut dice = Dice::new(3);
        let mut staff = Staff::new(&World::new(1, WorldShares::NONE), 100, &mut dice);
        let taken: Vec<usize> = (0..60).map(|_| staff.take(0, &mut dice)).collect();
        assert_eq!(staff.desks.len(), 60);
        assert_eq!(staff.take(0, &mut dice), 60, "the next one is hired");
        staff.release(taken[7], 50);
        assert_eq!(staff.take(149, &mut dice), 61);
        assert_eq!(staff.take(150, &mut dice), taken[7]);
    }
}
