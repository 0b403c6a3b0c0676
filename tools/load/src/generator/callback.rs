//! A caller who is called back: the first call ends while the promise waits in the queue.

use serde_json::json;

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Media, Participant, detail};
use super::script::{Fact, Script};
use super::seat::{Seat, WRAP_UP_FACTS};
use super::voice::hang_up;
use super::waiting::Wait;
use super::world::World;

/// How many facts follow the menu, on average (exact).
pub(crate) const PROMISED_FACTS: f64 = 9.0 + WRAP_UP_FACTS;

/// The rest of the conversation: the caller is promised a call and hangs up, an agent takes the promise and calls.
pub(crate) fn promised(
    world: &World,
    mut script: Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
) -> Vec<Fact> {
    script.behave(Some(Behaviour::Callback));
    let media = Media::Callback(script.now_ms() + script.dice.between(1_000, 60_000));
    let wait = Wait::enter(world, &mut script, conversation, media);
    script.blink();
    hang_up(&mut script, conversation, caller, "CLIENT");
    script.think(1.5);
    // The promise stays in the queue until somebody has it: at no time is nothing open.
    let agent = script.dice.pick(&world.agents).clone();
    let queue = wait.queue().clone();
    let mut promise = Seat::alert(&mut script, conversation, media, &agent, &queue);
    promise.answer(&mut script);
    wait.answered_by(&mut script, conversation, &agent);
    script.think(0.2);
    let call = promise.also_by(&mut script, conversation, Media::VoiceOut);
    script.blink();
    let customer = Participant::new(&mut script, Media::VoiceOut);
    detail(&mut script, conversation, &customer, "customer.start", json!({}));
    script.think(2.0);
    hang_up(&mut script, conversation, &customer, "PEER");
    call.leave(&mut script, conversation, "PEER");
    promise.leave(&mut script, conversation, "CLIENT");
    promise.wrap_up(world, &mut script, conversation);
    script.finish()
}
