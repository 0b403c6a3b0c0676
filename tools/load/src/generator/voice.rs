//! A voice call on Genesys Cloud: menu, queue, agents, after-call work; or the caller hangs up, or is called back.

use serde_json::json;

use super::address;
use super::behaviour::Behaviour;
use super::callback;
use super::eventbridge::{Conversation, Media, Participant, detail};
use super::handover::Talk;
use super::script::{Fact, Script};
use super::seat::Seat;
use super::snapshot::mute_for_a_while;
use super::waiting::wait_in_queue;
use super::world::World;
use crate::customers::Customer;

/// Share of callers who hang up in the menu, and of those who reach a queue and hang up there.
const LEFT_IN_MENU: f64 = 0.04;
const ABANDONED: f64 = 0.08;
/// Share of callers who talk to an agent, of those who are not to be called back.
pub(crate) const ANSWERED: f64 = (1.0 - LEFT_IN_MENU) * (1.0 - ABANDONED);
/// How many facts a menu tells, on average (exact).
pub(crate) const MENU_FACTS: f64 = 3.0 + CONTACT_KNOWN + INTENT_KNOWN;
const CONTACT_KNOWN: f64 = 0.1;
const INTENT_KNOWN: f64 = 0.5;
const INTENTS: [&str; 4] = ["billing", "delivery", "cancellation", "technical"];

pub(crate) fn call(world: &World, mut script: Script<'_>) -> Vec<Fact> {
    let customer = Customer::of(world.caller(script.dice));
    let id = script.dice.uuid();
    let unlinked = script.dice.chance(world.shares.unlinked);
    let conversation = Conversation {
        id,
        contact_id: (!unlinked).then(|| customer.contact_id.to_string()),
        address: address::calling(&customer),
        phone: customer.phone,
        dnis: "+13175550100".into(),
    };
    script.about(&conversation.id, &customer.id);
    let caller = Participant::new(&mut script, Media::Voice);
    let at_once = script.dice.chance(world.shares.equal_milliseconds);
    script.behave(at_once.then_some(Behaviour::EqualMilliseconds));
    detail(&mut script, &conversation, &caller, "customer.start", json!({}));
    menu(world, &mut script, &conversation, &caller, &customer.id, at_once);
    if script.dice.chance(world.shares.callbacks) {
        return callback::promised(world, script, &conversation, &caller);
    }
    let seat = if script.dice.chance(LEFT_IN_MENU) {
        None
    } else {
        wait_in_queue(world, &mut script, &conversation, Media::Voice, ABANDONED)
    };
    let Some(seat) = seat else {
        script.blink();
        hang_up(&mut script, &conversation, &caller, "PEER");
        return script.finish();
    };
    if script.dice.chance(world.shares.muting) {
        mute_for_a_while(&mut script, &conversation, &caller, &seat);
        script.think(0.9);
    } else {
        script.think(3.0);
    }
    let talk = Talk { world, conversation: &conversation, caller: &caller };
    let seat = talk.with_others(&mut script, seat);
    script.blink();
    if script.dice.chance(world.shares.equal_milliseconds) {
        end_at_once(&mut script, &conversation, &caller, &seat, "PEER");
    } else {
        hang_up(&mut script, &conversation, &caller, "PEER");
        seat.leave(&mut script, &conversation, "PEER");
    }
    seat.wrap_up(world, &mut script, &conversation);
    script.finish()
}

/// The interactive voice response menu, with what it learned about the caller: some flows ask for the customer's
/// number, which is the CRM's. It begins in the millisecond of the call or soon after.
fn menu(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
    customer_id: &str,
    at_once: bool,
) {
    let flow = script.dice.pick(&world.flows).clone();
    let fields = json!({"flowId": flow, "flowType": "INBOUNDCALL", "flowVersion": "7.0"});
    if !at_once {
        script.blink();
    }
    let ivr = Participant::new(script, Media::Voice);
    detail(script, conversation, &ivr, "flow.start", fields.clone());
    script.behave(None);
    if script.dice.chance(CONTACT_KNOWN) {
        script.blink();
        let known = json!({"externalOrganizationId": "5846bd38-fc14-4ee9-9bab-68a6818f4a9e"});
        detail(script, conversation, caller, "contact", known);
    }
    script.think(1.0);
    if script.dice.chance(INTENT_KNOWN) {
        let intent = *script.dice.pick(&INTENTS);
        let attributes =
            json!({"customerId": customer_id, "intent": intent, "language": "en-US", "menuVisits": "1"});
        detail(script, conversation, caller, "attributes", json!({"attributes": attributes}));
        script.blink();
    }
    let outcome = if script.dice.chance(0.8) { "SUCCESS" } else { "FAILURE" };
    let outcome = json!({
        "flowId": flow, "flowType": "INBOUNDCALL",
        "flowOutcomeId": "0a5f2d30-1c9b-4b57-9a51-7d3a2c4f8e10", "flowOutcomeValue": outcome,
    });
    detail(script, conversation, &ivr, "flow.outcome", outcome);
    script.blink();
    detail(script, conversation, &ivr, "flow.end", fields);
}

/// The agent leaves, and with it, in the same millisecond, the customer.
pub(crate) fn end_at_once(
    script: &mut Script<'_>,
    conversation: &Conversation,
    customer: &Participant,
    seat: &Seat,
    how: &str,
) {
    let of = script.behave(Some(Behaviour::EqualMilliseconds));
    seat.leave(script, conversation, how);
    hang_up(script, conversation, customer, how);
    script.behave(of);
}

/// The customer's session ends.
pub(crate) fn hang_up(
    script: &mut Script<'_>,
    conversation: &Conversation,
    customer: &Participant,
    how: &str,
) {
    let fields = json!({"disconnectType": how, "interactingDurationMs": customer.span_ms(script)});
    detail(script, conversation, customer, "customer.end", fields);
}
