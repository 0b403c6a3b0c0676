//! What happens beside the conversations: agents come and go, administrators change things.

use super::eventbridge::{audit, user_activity};
use super::script::{Fact, Script};
use super::world::World;

const STATUSES: [&str; 4] = ["OFF_QUEUE", "IDLE", "NOT_RESPONDING", "COMMUNICATING"];

pub(crate) fn event(world: &World, mut script: Script<'_>) -> Vec<Fact> {
    let agent = script.dice.pick(&world.agents).clone();
    if script.dice.chance(0.1) {
        let queue = script.dice.pick(&world.queues).clone();
        audit(&mut script, &agent, &queue);
    } else {
        let status = *script.dice.pick(&STATUSES);
        user_activity(&mut script, world, &agent, status);
    }
    script.finish()
}
