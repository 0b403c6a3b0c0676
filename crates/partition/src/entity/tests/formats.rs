//! Values as builds of formats 5 and 6 wrote them of an ordinary call (`call`), in their bytes.

use super::*;

/// The position, what was seen, and when it began.
const CAUSES: &str = "18050302fff4da820503e28c9ae9020499ddecc0030180b992c59868";

/// The customer's id with its length.
const ID: &str = "2463656162363431312d376130622d356338322d613261322d626266616230313566653033";

/// Sessions, after-contact work, observers and answers.
const SESSIONS: &str = "\
    04006467823250ee824ca9ea03000180b992c598680001c48dadc5986800010004646e68e57fba5650a9ea030001aaba92c5\
    98680001cc9894c5986800000003d0183fdd6286262da9ea030001e49894c59868000192fb96c59868000001000000000000\
    01aee20201e83f16b4992e1b38a9ea0301d7c3e6af85fc83926501a0da96c598680001c08dadc5986800000101b8911601a8\
    7d01f2200000000001e8ffd8a09bd3cb8d38a8cf02000202d7a1f955e00f2465a9ea0392fb96c598680200e83f16b4992e1b\
    380200";

/// The order of its one channel.
const CHANNELS: &str = "010b6576656e7462726964676501fedcafc5986800";

/// What was said: a snapshot, between what snapshots did not say.
const SAID: &str = "\
    03d9eba2a10b000000b898adc59868d9eba2a10b0000018ee0b5dfcba3bfe19c019c99adc59868d9eba2a10b000000bc98ad\
    c5986800";

/// The same as builds between two releases wrote it, with a declared part of which there is none here.
const SAID_IN_PARTS: &str = "\
    03d9eba2a10b00000000b898adc59868d9eba2a10b0000018ee0b5dfcba3bfe19c01009c99adc59868d9eba2a10b00000000\
    bc98adc5986800";

/// No chunks, the hour, the timer, and the ids of its events.
const IDS: &str = "\
    008cd93c01feda3c08e13b64a87f5937b1085e072ca58708e250863755b25b1884263bb3e58217aa18ca75b0d9095c7b98df\
    5e6944d8659253340dfead0f5e71ae94a3cb89ed36728c65df7adc315b319d8da565197d039786be2198bbd75945b331aa82\
    1b705815a78e5df06fb753bb901949b1b0b5bff5468493e103d35d5e9ff56ec0fe576c6cb8718d9b947b5c05823d5d5f0602\
    3d275765aa3277b159a0ba9c4ba3ac087101297b9a8305ae5c17813e71c9c53e207731efdc3a02695ae2b09ed58597c7b120";

/// The whole of it in format 7, but for the ids of its events.
const SEVENTH: &str = "\
    07188cd93c01f201002fc5ceab64117a0b5c82a2a2bbfab015fe0380dd7004d8016467823250ee824c29f500c4d41a9c0064\
    6e68e57fba565099d31aa2de019b08d0183fdd6286262d18aee20240aee202b908e83f16b4992e1b38d7a1f955e00f2465f1\
    20a0b31607b89116a87df22003121b240104a8cf02022204ad921620040105ece1180c04d9b528b4c5c402010e70edbb1cfd\
    c29c64005f";

/// A value of a format, of a customer who was named by `evidence`, who said this.
fn value(format: u8, evidence: u8, said: &str) -> Vec<u8> {
    let named = [vec![evidence], if evidence == 0 { Vec::new() } else { bytes(ID) }].concat();
    [vec![format], bytes(CAUSES), named, bytes(SESSIONS), bytes(CHANNELS), bytes(said), bytes(IDS)].concat()
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// What is read of a value, once as it is and once as it is written anew.
fn read(value: Vec<u8>) -> Entity {
    let mut state = MemoryState::default();
    state.apply(&[Change::put(keys::entity(KEY), value)]);
    let mut older = Entity::load(KEY, &state).unwrap();
    assert!(older.is_dirty(), "it is written anew");
    commit(&mut older, &mut state);
    assert_eq!(state.get(&keys::entity(KEY)).unwrap().unwrap()[0], FORMAT_VERSION);
    let again = Entity::load(KEY, &state).unwrap();
    assert!(!again.is_dirty() && again.stored == older.stored);
    again
}

fn whole_call() -> Entity {
    call::taken(&call::events()).last().unwrap()
}

/// All that there is to an entity but by what its customer was named.
fn assert_same(read: &Entity, expected: &Entity) {
    assert_eq!(read.stored.contents, expected.stored.contents);
    assert_eq!(read.stored.channels, expected.stored.channels);
    assert_eq!(read.stored.recent, expected.stored.recent);
    let rest = |stored: &Stored| (stored.position, stored.hour, stored.timer_hour);
    assert_eq!(rest(&read.stored), rest(&expected.stored));
    assert_eq!(read.conversation().summary(12), expected.conversation().summary(12));
    assert_eq!(read.conversation().causes(), expected.conversation().causes());
}

#[test]
fn the_fifth_format_is_read_and_rewritten() {
    // It had an optional id of the customer, which is as if there were no other evidence.
    let (named, expected) = (read(value(5, 1, SAID)), whole_call());
    assert_same(&named, &expected);
    assert_eq!(named.conversation().customer_id(), Some(call::id("contact").as_str()));
    let unnamed = read(value(5, 0, SAID));
    assert_same(&unnamed, &expected);
    assert_eq!(unnamed.conversation().profile_key(), None);
}

#[test]
fn the_sixth_format_is_read_and_rewritten() {
    let (expected, id) = (whole_call(), call::id("contact"));
    for said in [SAID, SAID_IN_PARTS] {
        let of = |evidence: u8| read(value(6, evidence, said));
        let (unknown, named, calling) = (of(0), of(1), of(2));
        let keys = |read: &Entity| {
            let conversation = read.conversation();
            (conversation.customer_id().is_some(), conversation.profile_key() == Some(&id))
        };
        assert_eq!([&unknown, &named, &calling].map(keys), [(false, false), (true, true), (false, true)]);
        [unknown, named, calling].iter().for_each(|read| assert_same(read, &expected));
        // Evidence came with later builds of this number.
        assert_eq!(of(4).stored, expected.stored);
    }
}

#[test]
fn what_the_sixth_format_had_of_declared_parts_is_read() {
    // One subject, the content 7 and its part 8 at the time 1,790,000,000,000; nothing was forgotten.
    let read = read(value(6, 4, "010100000107010880b083c5986800"));
    let statement = |content| Statement {
        subject: statement::Subject::numbered(1, 0, 0),
        content: Some(content),
        core: Some(content),
        declared: None,
        is_state: true,
    };
    let judged = [7, 8, 9].map(|content| read.novelty(&statement(content), 1_790_000_000_001, 60_000));
    assert_eq!(judged, [Novelty::Repeat, Novelty::PossibleRepeat, Novelty::New]);
}

#[test]
fn what_the_sixth_format_had_forgotten_may_have_had_a_declared_part() {
    // The same, without and with a declared part; something of the same time was forgotten.
    let without = read(value(6, 4, "01010000010780b083c598680180b083c59868"));
    let with = read(value(6, 4, "010100000107010880b083c598680180b083c59868"));
    // An event with an id of its own: what it says but for unknown fields.
    let names_itself = Statement {
        subject: statement::Subject::numbered(1, 0, 0),
        content: None,
        core: Some(9),
        declared: None,
        is_state: true,
    };
    let content = Statement { content: Some(9), ..names_itself };
    let judge = |read: &Entity, statement| read.novelty(statement, 1_790_000_000_001, 60_000);
    assert_eq!([&without, &with].map(|read| judge(read, &content)), [Novelty::PossibleRepeat; 2]);
    assert_eq!(judge(&with, &names_itself), Novelty::PossibleRepeat);
    assert_eq!(judge(&without, &names_itself), Novelty::New, "that build noted no declared parts");
}

#[test]
fn the_seventh_format_is_written_and_read() {
    let expected = whole_call();
    let value = expected.stored.encode().unwrap();
    let ids = value.len() - 16 * expected.ids();
    assert_eq!(value[..ids], bytes(SEVENTH), "as builds of format 7 write it");
    assert_eq!(value[ids..], bytes(IDS)[8..]);
    let mut state = MemoryState::default();
    state.apply(&[Change::put(keys::entity(KEY), value)]);
    let read = Entity::load(KEY, &state).unwrap();
    assert!(!read.is_dirty() && read.stored == expected.stored);
}

#[test]
fn what_no_build_wrote_is_refused() {
    let whole = value(6, 1, SAID);
    let mut state = MemoryState::default();
    for broken in [whole[..whole.len() - 1].to_vec(), value(6, 6, SAID), value(FORMAT_VERSION + 1, 1, SAID)] {
        state.apply(&[Change::put(keys::entity(KEY), broken)]);
        assert!(Entity::load(KEY, &state).is_err());
    }
}
