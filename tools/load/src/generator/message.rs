//! A conversation by messages on Genesys Cloud: the texts by Open Messaging, the rest by EventBridge.

use serde_json::json;

use super::eventbridge::{Conversation, Media, Names, Participant, detail};
use super::open_messaging::Thread;
use super::script::{Fact, Script};
use super::voice::{connect, end_at_once, hang_up, leave, wait_in_queue, wrap_up};
use super::world::World;
use crate::customers::Customer;

const QUESTIONS: [&str; 5] = [
    "Where is my order?",
    "The invoice from last month looks wrong.",
    "Can I change my delivery address?",
    "Mi factura está equivocada, ¿pueden ayudarme?",
    "The app says \"error 42\" 🤔",
];
const ANSWERS: [&str; 4] =
    ["Let me look that up.", "I have corrected it.", "You will get an e-mail shortly.", "Anything else?"];

pub(crate) fn exchange(world: &World, mut script: Script<'_>) -> Vec<Fact> {
    let customer = Customer::of(world.caller(script.dice));
    let conversation = Conversation {
        id: script.dice.uuid(),
        customer_id: customer.id,
        media: Media::Message,
        ani: String::new(),
        dnis: String::new(),
    };
    script.about(&conversation.id, &conversation.customer_id);
    let thread = Thread { world, conversation_id: &conversation.id, customer_id: &conversation.customer_id };
    let writer = Participant::new(script.dice);
    detail(&mut script, &conversation, &writer, "customer.start", Names::Customer, json!({}));
    script.blink();
    let question = *script.dice.pick(&QUESTIONS);
    thread.inbound(&mut script, question);
    let queue = script.dice.pick(&world.queues).clone();
    if !wait_in_queue(&mut script, &conversation, &queue, 0.03) {
        script.blink();
        hang_up(&mut script, &conversation, &writer, "TIMEOUT");
        return script.finish();
    }
    let agent = script.dice.pick(&world.agents).clone();
    let seat = connect(world, &mut script, &conversation, &agent, &queue);
    for _ in 0..script.dice.between(1, 4) {
        script.think(0.8);
        let answer = *script.dice.pick(&ANSWERS);
        let message_id = thread.outbound(&mut script, answer);
        script.blink();
        let delivered = script.dice.chance(0.97);
        thread.receipt(&mut script, &message_id, delivered);
        if script.dice.chance(0.7) {
            script.think(0.8);
            let question = *script.dice.pick(&QUESTIONS);
            thread.inbound(&mut script, question);
        }
    }
    script.think(0.5);
    if script.dice.chance(world.shares.equal_milliseconds) {
        end_at_once(&mut script, &conversation, &writer, &seat, &agent, &queue, "CLIENT");
    } else {
        leave(&mut script, &conversation, &seat, &agent, &queue, "CLIENT");
        script.blink();
        hang_up(&mut script, &conversation, &writer, "CLIENT");
    }
    wrap_up(world, &mut script, &conversation, &seat, &agent, &queue);
    script.finish()
}
