use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::observer::Observers;
use super::super::point::Point;
use super::super::reported::{Disconnect, Durations};
use super::super::sessions::Folded;
use super::super::span::Kind;
use super::super::totals::Totals;
use super::*;

/// Few, so that the same stands in several places.
fn hash() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1 << 32), Just((1 << 32) | 2), Just(u64::MAX), any::<u64>()]
}

fn medium() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0), Just(7), any::<u16>()]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![1_790_000_000_000..1_790_000_100_000_i64, any::<i64>()]
}

fn point() -> impl Strategy<Value = Point> {
    (time(), prop_oneof![Just(0), any::<u32>()]).prop_map(|(time, place)| Point { time, place })
}

fn durations() -> impl Strategy<Value = Durations> {
    let told = || option::of(any::<i64>());
    let all = (told(), told(), told(), told(), told(), told(), told());
    all.prop_map(|(interacting, held, alerting, contacting, dialing, callback, connected)| Durations {
        interacting,
        held,
        alerting,
        contacting,
        dialing,
        callback,
        connected,
    })
}

fn span() -> impl Strategy<Value = Span> {
    let kinds = [Kind::Customer, Kind::Agent, Kind::Assignee, Kind::Queue, Kind::Flow];
    let ends = [
        Disconnect::Untold,
        Disconnect::Other,
        Disconnect::Transfer,
        Disconnect::Consult,
        Disconnect::TransferConference,
        Disconnect::ConferenceTransfer,
        Disconnect::NoAnswer,
    ];
    let whose = (proptest::sample::select(kinds.to_vec()), hash(), medium(), option::of(hash()));
    let told = (option::of(point()), option::of(point()), proptest::sample::select(ends.to_vec()));
    (whose, told, option::of(durations())).prop_map(|(whose, told, durations)| {
        let ((kind, name, media, agent), (start, end, disconnect)) = (whose, told);
        Span { kind, name, media, agent, start, end, disconnect, durations: durations.map(Box::new) }
    })
}

fn any_stage() -> impl Strategy<Value = Stage> {
    (0_u8..6).prop_map(|number| stage(number).unwrap())
}

fn answer() -> impl Strategy<Value = (Whose, Told)> {
    let whose = prop_oneof![
        hash().prop_map(Whose::Session),
        (any::<u32>(), medium()).prop_map(|(participant, media)| Whose::Participant { participant, media }),
        (hash(), medium(), time()).prop_map(|(agent, media, at)| Whose::Agent { agent, media, at }),
    ];
    (whose, prop_oneof![Just(Told::Nothing), Just(Told::Alerted), Just(Told::Answered)])
}

fn customer() -> impl Strategy<Value = Customer> {
    let uuid = any::<u128>().prop_map(|bits| Uuid::from_u128(bits).to_string());
    let id = prop_oneof![uuid.clone(), uuid.prop_map(|id| id.to_uppercase()), "[a-z+@0-9é-]{0,40}"];
    (0_u8..6, id).prop_map(|(number, id)| match number {
        0 => Customer::Unknown,
        1 => Customer::Named(id),
        2 => Customer::Calling(id),
        3 => Customer::OfChannel(id),
        4 => Customer::Contact(id),
        _ => Customer::OfTenant(id),
    })
}

fn kept() -> impl Strategy<Value = Kept> {
    let began = vec((any_stage(), hash().prop_map(name::participant)), 0..5);
    let causes = (any_stage(), began).prop_map(|(furthest, began)| Causes { furthest, began });
    let after_work = vec((hash(), any::<i64>()), 0..4);
    let observers = vec((any::<u32>(), any::<bool>()), 0..3).prop_map(Observers);
    let facts = (vec(span(), 0..9), after_work, observers, vec(answer(), 0..6).prop_map(Answers));
    (causes, option::of(time()), customer(), facts, option::of(folded())).prop_map(
        |(causes, started_at, customer, (spans, after_work, observers, answers), folded)| {
            let sessions = Sessions { spans, after_work, observers, answers, folded };
            Kept { causes, started_at, customer, sessions }
        },
    )
}

fn folded() -> impl Strategy<Value = Box<Folded>> {
    let times = proptest::array::uniform5(option::of(any::<i64>()));
    let counts = proptest::array::uniform8(any::<i32>());
    (times, counts, proptest::array::uniform3(any::<bool>())).prop_map(|(times, counts, flags)| {
        let [queued, handled, held, alerted, after_work] = times;
        let [agents, unanswered, reopened, transfers, blind, attended, consults, conferences] = counts;
        let totals = Totals {
            queued,
            handled,
            held,
            alerted,
            after_work,
            agents,
            unanswered,
            reopened,
            transfers,
            blind,
            attended,
            consults,
            conferences,
        };
        let [customer_ended, agent_left, older_format] = flags;
        Box::new(Folded { totals, customer_ended, agent_left, older_format })
    })
}

proptest! {
    #[test]
    fn whatever_is_kept_comes_back(kept in kept()) {
        // Figures are of no concern here, and sums of such times overflow.
        let conversation = Conversation { kept, ..Conversation::default() };
        let mut out = Writer::after(Vec::new());
        out.times_from(1_790_000_000_000);
        conversation.pack(&mut out).unwrap();
        let bytes = out.into_bytes();
        let mut from = Reader::of(&bytes);
        from.times_from(1_790_000_000_000);
        prop_assert_eq!(unpack_kept(&mut from).unwrap(), conversation.kept);
        prop_assert!(from.rest().is_empty());
        for cut in 0..bytes.len() {
            prop_assert!(unpack_kept(&mut Reader::of(&bytes[..cut])).is_err());
        }
    }

    #[test]
    fn whatever_is_read_is_a_conversation_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        let _ = unpack_kept(&mut Reader::of(&bytes));
    }
}

/// In the bytes that are read for ever: queued and with an agent of a UUID, whom a queue said to have answered.
#[test]
fn the_bytes_of_the_seventh_format_stay_what_they_are() {
    let told = Durations { connected: Some(64), ..Durations::default() };
    let span = |kind, name, agent, start, end, durations| Span {
        kind,
        name,
        media: 0x0A0B,
        agent,
        start: Some(Point::first_of(start)),
        end,
        disconnect: Disconnect::Untold,
        durations,
    };
    let queue =
        span(Kind::Queue, 0x11 << 32, None, 1_000, Some(Point { time: 1_064, place: 1 }), Some(told.into()));
    let agent = span(Kind::Agent, 0x22 << 32 | 0x33, Some(0x44), 1_064, None, None);
    let answers = vec![
        (Whose::Agent { agent: 0x44, media: 0x0A0B, at: 1_064 }, Told::Answered),
        (Whose::Session(0x22 << 32 | 0x33), Told::Nothing),
        (Whose::Participant { participant: 5, media: 6 }, Told::Alerted),
    ];
    let sessions = Sessions {
        spans: vec![queue, agent],
        after_work: vec![(9, 1)],
        answers: Answers(answers),
        ..Sessions::default()
    };
    let began = vec![(Stage::Queue, 0x11), (Stage::Agent, 0x22), (Stage::Flow, 7)];
    let kept = Kept {
        causes: Causes { furthest: Stage::Agent, began },
        started_at: Some(990),
        customer: Customer::Contact(Uuid::from_u128(0xFF).to_string()),
        sessions,
    };
    let conversation = Conversation { kept, ..Conversation::default() };
    let bytes = conversation.to_bytes().unwrap();
    assert_eq!(bytes, frozen());
    assert_eq!(Conversation::from_bytes(&bytes).unwrap().kept, conversation.kept);
}

#[test]
fn bits_that_no_build_wrote_are_refused() {
    // Places of bytes in `frozen`, and bits of them: what there is, the stage, a span, its durations, an answer.
    for (place, unused) in [(0, 128), (1, 8), (22, 32), (22, 64), (22, 128), (38, 128), (77, 8), (77, 128)] {
        let mut bytes = frozen();
        assert_eq!(bytes[place] & unused, 0);
        bytes[place] |= unused;
        assert!(Conversation::from_bytes(&bytes).is_err(), "bit {unused} of the byte at {place}");
    }
    assert!(Conversation::from_bytes(&[0, 0]).is_ok());
    assert!(Conversation::from_bytes(&[0, IS_UUID << 4]).is_err(), "the UUID of nobody");
}

fn frozen() -> Vec<u8> {
    let parts: [&[u8]; 10] = [
        // What there is, the stage with a contact that is a UUID, which follows, and the start.
        &[0b0010_1111, 4 | 12 << 4],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xBC, 0x0F],
        // Two spans: a queue with all but an agent, its name, its medium, its times with places.
        &[2, 3 | 8 | 16 | 64 | 128, 8 | 16, 0, 0, 0, 0, 0x11, 0, 0, 0],
        &[0x0B, 0x0A, 20, 0, 0x80, 1, 1, 0b0100_0000, 0x80, 1],
        // An agent's, of the same medium, which began when that ended.
        &[1 | 8 | 32 | 128, 0, 0x33, 0, 0, 0, 0x22, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0],
        // Who began: of the first span, of the second, of none.
        &[3, 1 << 3 | 3, 2 << 3 | 4, 2, 7],
        // One worked after a session of none.
        &[1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2],
        // Three answers: of the agent in the second span, of its session, of a participant.
        &[3, 2 << 4 | 2, 2, 0],
        &[0, 2],
        &[1 << 4 | 1, 5, 6],
    ];
    parts.concat()
}

/// Observers and what is folded, the parts that serde writes: the order of their fields is that of their bytes.
#[test]
fn the_bytes_of_the_parts_that_serde_writes_stay_what_they_are() {
    let totals = Totals {
        queued: Some(1),
        handled: Some(2),
        held: None,
        alerted: Some(3),
        after_work: Some(4),
        agents: 5,
        unanswered: 6,
        reopened: 7,
        transfers: 8,
        blind: 9,
        attended: 10,
        consults: 11,
        conferences: -1,
    };
    let numbers = [1, 2, 1, 4, 0, 1, 6, 1, 8, 10, 12, 14, 16, 18, 20, 22, 1];
    for flag in 0..3 {
        let [customer_ended, agent_left, older_format] = [0, 1, 2].map(|at| at == flag);
        let folded = Folded { totals, customer_ended, agent_left, older_format };
        let sessions = Sessions {
            observers: Observers(vec![(5, true), (300, false)]),
            folded: Some(Box::new(folded)),
            ..Sessions::default()
        };
        let conversation =
            Conversation { kept: Kept { sessions, ..Kept::default() }, ..Conversation::default() };
        // What there is; nobody who is known, and no stage; two observers, of whom the first barged in.
        let mut expected = vec![0b0101_0000, 0, 2, 5, 1, 0xAC, 2, 0];
        expected.extend(numbers);
        expected.extend([0, 1, 2].map(|at| u8::from(at == flag)));
        let bytes = conversation.to_bytes().unwrap();
        assert_eq!(bytes, expected);
        assert_eq!(Conversation::from_bytes(&bytes).unwrap().kept, conversation.kept);
    }
}
