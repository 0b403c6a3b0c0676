//! A voice call on Genesys Cloud: menu, queue, agent, perhaps a transfer, after-call work; or the caller hangs up.

use serde_json::json;

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Media, Names, Participant, agent_fields, detail, user_activity};
use super::script::{Fact, Script};
use super::snapshot::mute_for_a_while;
use super::world::{Agent, Queue, World};
use crate::customers::Customer;

/// Share of callers who hang up in the menu, and of those who reach a queue and hang up there.
const LEFT_IN_MENU: f64 = 0.04;
const ABANDONED: f64 = 0.08;
/// Share of callers who talk to an agent.
pub(crate) const ANSWERED: f64 = (1.0 - LEFT_IN_MENU) * (1.0 - ABANDONED);
const TRANSFERRED: f64 = 0.15;
const WRAPUP_CODES: [&str; 4] = ["Resolved", "Callback agreed", "Complaint", "Order placed"];
const INTENTS: [&str; 4] = ["billing", "delivery", "cancellation", "technical"];

pub(crate) fn call(world: &World, mut script: Script<'_>) -> Vec<Fact> {
    let customer = Customer::of(world.caller(script.dice));
    let conversation = Conversation {
        id: script.dice.uuid(),
        customer_id: customer.id,
        media: Media::Voice,
        ani: customer.phone,
        dnis: "+13175550100".into(),
    };
    script.about(&conversation.id, &conversation.customer_id);
    let caller = Participant::new(script.dice);
    let at_once = script.dice.chance(world.shares.equal_milliseconds);
    script.behave(at_once.then_some(Behaviour::EqualMilliseconds));
    detail(&mut script, &conversation, &caller, "customer.start", Names::Customer, json!({}));
    menu(world, &mut script, &conversation, &caller, at_once);
    if script.dice.chance(LEFT_IN_MENU) {
        script.blink();
        hang_up(&mut script, &conversation, &caller, "PEER");
        return script.finish();
    }
    let mut queue = script.dice.pick(&world.queues).clone();
    if !wait_in_queue(&mut script, &conversation, &queue, ABANDONED) {
        script.blink();
        hang_up(&mut script, &conversation, &caller, "PEER");
        return script.finish();
    }
    let mut agent = script.dice.pick(&world.agents).clone();
    let mut seat = connect(world, &mut script, &conversation, &agent, &queue);
    if script.dice.chance(world.shares.muting) {
        mute_for_a_while(&mut script, &conversation, &caller, &seat, &agent, &queue);
        script.think(0.9);
    } else {
        script.think(3.0);
    }
    if script.dice.chance(TRANSFERRED) {
        let next_queue = script.dice.pick(&world.queues).clone();
        wait_in_queue(&mut script, &conversation, &next_queue, 0.0);
        let next_agent = script.dice.pick(&world.agents).clone();
        let next_seat = connect(world, &mut script, &conversation, &next_agent, &next_queue);
        leave(&mut script, &conversation, &seat, &agent, &queue, "TRANSFER");
        wrap_up(world, &mut script, &conversation, &seat, &agent, &queue);
        (agent, queue, seat) = (next_agent, next_queue, next_seat);
        script.think(2.5);
    }
    script.blink();
    if script.dice.chance(world.shares.equal_milliseconds) {
        end_at_once(&mut script, &conversation, &caller, &seat, &agent, &queue, "PEER");
    } else {
        hang_up(&mut script, &conversation, &caller, "PEER");
        script.blink();
        leave(&mut script, &conversation, &seat, &agent, &queue, "PEER");
    }
    wrap_up(world, &mut script, &conversation, &seat, &agent, &queue);
    script.finish()
}

/// The interactive voice response menu, with what it learned about the caller. It begins in the millisecond of the call
/// or soon after.
fn menu(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
    at_once: bool,
) {
    let flow = script.dice.pick(&world.flows).clone();
    let ivr = Participant::new(script.dice);
    let fields =
        json!({"flowId": flow.id, "flowName": flow.name, "flowType": "INBOUNDCALL", "flowVersion": "7.0"});
    if !at_once {
        script.blink();
    }
    detail(script, conversation, &ivr, "flow.start", Names::Customer, fields.clone());
    script.behave(None);
    if script.dice.chance(0.1) {
        script.blink();
        let known = json!({"externalOrganizationId": "5846bd38-fc14-4ee9-9bab-68a6818f4a9e"});
        detail(script, conversation, caller, "contact", Names::Customer, known);
    }
    script.think(1.0);
    if script.dice.chance(0.5) {
        let intent = *script.dice.pick(&INTENTS);
        let attributes = json!({"customerId": conversation.customer_id, "intent": intent, "language": "en-US", "menuVisits": "1"});
        detail(
            script,
            conversation,
            caller,
            "attributes",
            Names::ConversationOnly,
            json!({"attributes": attributes}),
        );
        script.blink();
    }
    let outcome = if script.dice.chance(0.8) { "SUCCESS" } else { "FAILURE" };
    let outcome = json!({
        "flowId": flow.id, "flowName": flow.name, "flowType": "INBOUNDCALL",
        "flowOutcomeId": "0a5f2d30-1c9b-4b57-9a51-7d3a2c4f8e10", "flowOutcomeValue": outcome,
    });
    detail(script, conversation, &ivr, "flow.outcome", Names::Customer, outcome);
    script.blink();
    detail(script, conversation, &ivr, "flow.end", Names::Customer, fields);
}

/// Waits in a queue; false when the caller hung up.
pub(crate) fn wait_in_queue(
    script: &mut Script<'_>,
    conversation: &Conversation,
    queue: &Queue,
    abandoned: f64,
) -> bool {
    let acd = Participant::new(script.dice);
    script.blink();
    detail(script, conversation, &acd, "acd.start", Names::Customer, json!({"queueId": queue.id}));
    let began = script.now_ms();
    script.think(1.2);
    let answered = !script.dice.chance(abandoned);
    let outcome = if answered { "ANSWERED" } else { "ABANDON" };
    let waited = script.now_ms() - began;
    let end = json!({"queueId": queue.id, "acdOutcome": outcome, "connectedDurationMs": waited});
    detail(script, conversation, &acd, "acd.end", Names::Customer, end);
    answered
}

/// An agent answers.
pub(crate) fn connect(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    agent: &Agent,
    queue: &Queue,
) -> Participant {
    let seat = Participant::new(script.dice);
    script.blink();
    detail(script, conversation, &seat, "user.start", Names::ConversationOnly, agent_fields(agent, queue));
    if script.dice.chance(0.4) {
        script.blink();
        user_activity(script, world, agent, "INTERACTING");
    }
    seat
}

pub(crate) fn leave(
    script: &mut Script<'_>,
    conversation: &Conversation,
    seat: &Participant,
    agent: &Agent,
    queue: &Queue,
    how: &str,
) {
    let mut fields = agent_fields(agent, queue);
    fields["disconnectType"] = json!(how);
    fields["interactingDurationMs"] = json!(script.dice.between(30_000, 600_000));
    fields["heldDurationMs"] = json!(0);
    script.blink();
    detail(script, conversation, seat, "user.end", Names::ConversationOnly, fields);
}

/// After-call work, and the code that the agent chose.
pub(crate) fn wrap_up(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    seat: &Participant,
    agent: &Agent,
    queue: &Queue,
) {
    script.think(0.8);
    let mut fields = agent_fields(agent, queue);
    fields["wrapupCode"] = json!(*script.dice.pick(&WRAPUP_CODES));
    fields["wrapupDurationMs"] = json!(script.dice.between(2_000, 90_000));
    detail(script, conversation, seat, "wrapup", Names::ConversationOnly, fields.clone());
    script.blink();
    detail(script, conversation, seat, "acw", Names::ConversationOnly, fields);
    if script.dice.chance(0.4) {
        script.blink();
        user_activity(script, world, agent, "IDLE");
    }
}

/// The agent leaves, and with it, in the same millisecond, the customer.
pub(crate) fn end_at_once(
    script: &mut Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
    seat: &Participant,
    agent: &Agent,
    queue: &Queue,
    how: &str,
) {
    script.behave(Some(Behaviour::EqualMilliseconds));
    leave(script, conversation, seat, agent, queue, how);
    hang_up(script, conversation, caller, how);
    script.behave(None);
}

pub(crate) fn hang_up(script: &mut Script<'_>, conversation: &Conversation, caller: &Participant, how: &str) {
    let fields = json!({"disconnectType": how, "interactingDurationMs": script.dice.between(5_000, 700_000)});
    detail(script, conversation, caller, "customer.end", Names::Customer, fields);
}
