//! A conversation by messages on Genesys Cloud: the texts by Open Messaging, the rest by EventBridge.

use serde_json::json;

use super::address::Sender;
use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Media, Participant, detail};
use super::open_messaging::Thread;
use super::script::{Fact, Script};
use super::seat::{CONNECT_FACTS, Seat, WRAP_UP_FACTS};
use super::voice::{end_at_once, hang_up};
use super::waiting::{Wait, wait_in_queue};
use super::world::World;
use crate::customers::Customer;

const ABANDONED: f64 = 0.03;
/// Share of the exchanges that an agent answers.
pub(crate) const ANSWERED: f64 = 1.0 - ABANDONED;
/// How many facts an exchange tells that goes on after its end, on average (exact).
pub(crate) const REOPENED_FACTS: f64 = 8.0 + CONNECT_FACTS + WRAP_UP_FACTS;
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
    let sender = Sender::of(&customer);
    let conversation = Conversation {
        id: script.dice.uuid(),
        contact_id: Some(customer.contact_id.to_string()),
        address: sender.id.clone(),
        phone: String::new(),
        dnis: String::new(),
    };
    script.about(&conversation.id, &customer.id);
    let nickname = &customer.name;
    let thread = Thread { world, conversation_id: &conversation.id, sender: &sender, nickname };
    let writer = Participant::new(&mut script, Media::Message);
    detail(&mut script, &conversation, &writer, "customer.start", json!({}));
    script.blink();
    write(&mut script, &thread);
    let Some(seat) = wait_in_queue(world, &mut script, &conversation, Media::Message, ABANDONED) else {
        script.blink();
        hang_up(&mut script, &conversation, &writer, "TIMEOUT");
        return script.finish();
    };
    for _ in 0..script.dice.between(1, 4) {
        answer(&mut script, &thread);
        if script.dice.chance(0.7) {
            script.think(0.8);
            write(&mut script, &thread);
        }
    }
    end(world, &mut script, &conversation, &writer, &seat);
    if script.dice.chance(world.shares.reopened) {
        reopen(world, &mut script, &conversation, &writer, &thread);
    }
    script.finish()
}

/// The customer writes again after the end: the same conversation has another session of the same customer.
fn reopen(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    writer: &Participant,
    thread: &Thread<'_>,
) {
    script.behave(Some(Behaviour::Reopened));
    script.think(0.5);
    let writer = writer.again(script, Media::Message);
    detail(script, conversation, &writer, "customer.start", json!({}));
    script.blink();
    write(script, thread);
    let wait = Wait::enter(world, script, conversation, Media::Message);
    script.think(0.5);
    let seat = wait.connect(world, script, conversation);
    answer(script, thread);
    end(world, script, conversation, &writer, &seat);
}

fn end(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    writer: &Participant,
    seat: &Seat,
) {
    script.think(0.5);
    if script.dice.chance(world.shares.equal_milliseconds) {
        end_at_once(script, conversation, writer, seat, "CLIENT");
    } else {
        seat.leave(script, conversation, "CLIENT");
        script.blink();
        hang_up(script, conversation, writer, "CLIENT");
    }
    seat.wrap_up(world, script, conversation);
}

/// The customer writes.
fn write(script: &mut Script<'_>, thread: &Thread<'_>) {
    let question = *script.dice.pick(&QUESTIONS);
    thread.inbound(script, question);
}

/// The agent writes, and it is told what became of that.
fn answer(script: &mut Script<'_>, thread: &Thread<'_>) {
    script.think(0.8);
    let answer = *script.dice.pick(&ANSWERS);
    let message_id = thread.outbound(script, answer);
    script.blink();
    let delivered = script.dice.chance(0.97);
    thread.receipt(script, &message_id, delivered);
}
