use super::Novelty::{New, PossibleRepeat, Repeat};
use super::*;

const WINDOW: i64 = 1_000;

fn subject(topic: u32, member: u32) -> Subject {
    Subject::numbered(7, topic, member)
}

fn state(topic: u32, member: u32, content: u64) -> Statement {
    let subject = subject(topic, member);
    Statement { subject, content: Some(content), core: Some(content), declared: None, is_state: true }
}

fn between(subject: Subject) -> Statement {
    Statement { subject, content: None, core: None, declared: None, is_state: true }
}

fn say(contents: &mut Contents, statement: Statement, taken_in: i64) -> Novelty {
    let novelty = contents.judge(&statement, taken_in, WINDOW);
    if novelty != Repeat {
        contents.published(&statement, taken_in, WINDOW);
    }
    novelty
}

/// What comes of statements that are taken in one after the other, each published unless it is a repetition.
fn judged(said: &[(Statement, i64)]) -> Vec<Novelty> {
    let mut contents = Contents::default();
    said.iter().map(|(statement, at)| say(&mut contents, *statement, *at)).collect()
}

fn of_one_topic(said: &[(u64, i64)]) -> Vec<Novelty> {
    judged(&said.iter().map(|(content, at)| (state(1, 0, *content), *at)).collect::<Vec<_>>())
}

#[test]
fn a_state_that_returns_is_no_repetition_and_one_said_twice_is() {
    assert_eq!(of_one_topic(&[(1, 0), (2, 1), (1, 2)]), [New, New, PossibleRepeat]);
    assert_eq!(of_one_topic(&[(1, 0), (1, 1), (2, 2), (2, 3)]), [New, Repeat, New, Repeat]);
    assert_eq!(
        of_one_topic(&[(1, 0), (2, 1), (1, 1_001)]),
        [New, New, New],
        "too long ago to be a repetition"
    );
    let many: Vec<(u64, i64)> = (0..20).chain([3]).zip(0..).collect();
    assert_eq!(of_one_topic(&many)[19..], [New, PossibleRepeat], "however much came in between");
}

#[test]
fn the_window_begins_with_what_was_published_and_ends_what_may_be_a_repetition() {
    let said = [(1, 0), (1, 600), (1, 1_000), (1, 1_200), (1, 2_000)];
    assert_eq!(of_one_topic(&said), [New, Repeat, Repeat, PossibleRepeat, Repeat]);
}

#[test]
fn what_is_no_state_may_always_have_happened_again() {
    let happens = Statement { is_state: false, ..state(1, 0, 1) };
    assert_eq!(
        judged(&[(happens, 0), (happens, 1), (happens, 1_002)]),
        [New, PossibleRepeat, PossibleRepeat]
    );
}

#[test]
fn what_is_said_again_with_nothing_between_may_be_a_repetition_however_long_ago() {
    let (on, off, other) = (state(1, 0, 1), state(1, 0, 2), state(2, 0, 1));
    let long = 1_000 * WINDOW;
    assert_eq!(judged(&[(on, 0), (on, long)]), [New, PossibleRepeat]);
    assert_eq!(judged(&[(on, 0), (off, 1), (on, long), (on, 2 * long)]), [New, New, New, PossibleRepeat]);
    // Whatever else is said of another subject meanwhile.
    let meanwhile: Vec<(Statement, i64)> =
        (1..100).map(|n| (Statement { content: Some(n as u64), ..other }, n * WINDOW)).collect();
    let told = judged(&[vec![(on, 0)], meanwhile.clone(), vec![(on, long)]].concat());
    assert_eq!(told.last(), Some(&PossibleRepeat));
    // What may be of any subject comes between, and stays there for as long as what it comes after.
    let anything = (between(Subject::numbered(0, 0, 0)), 1);
    let told = judged(&[vec![(on, 0), anything], meanwhile, vec![(on, long)]].concat());
    assert_eq!(told.last(), Some(&New));
}

#[test]
fn what_is_kept_of_long_ago_is_the_latest_of_each_subject() {
    let mut contents = Contents::default();
    for at in 0..1_000 {
        say(&mut contents, state(1 + at as u32 % 5, 0, at as u64), at * WINDOW);
        say(&mut contents, between(subject(1 + at as u32 % 5, 0)), at * WINDOW);
    }
    assert!(contents.said.len() <= 10, "{} are kept", contents.said.len());
}

#[test]
fn what_has_an_id_of_its_own_comes_between_two_contents() {
    let (on, other) = (state(1, 0, 1), state(2, 0, 1));
    for (what, between_them) in [
        ("its topic", between(subject(1, 0))),
        ("one of its members", between(subject(1, 5))),
        ("its type alone", between(subject(0, 0))),
        ("nothing", between(Subject::numbered(0, 0, 0))),
    ] {
        let told = judged(&[(on, 0), (between_them, 1), (on, 2), (on, 3)]);
        assert_eq!(told, [New, New, PossibleRepeat, Repeat], "an event that names {what}");
    }
    let told = judged(&[(on, 0), (other, 1), (between(subject(2, 0)), 2), (on, 3), (other, 4)]);
    assert_eq!(told, [New, New, New, Repeat, PossibleRepeat], "topics do not know of each other");
    let of_another_type = between(Subject::numbered(8, 0, 0));
    assert_eq!(judged(&[(on, 0), (of_another_type, 1), (on, 2)]), [New, New, Repeat]);
}

#[test]
fn what_has_ids_of_its_own_takes_no_more_room_than_it_needs() {
    let mut contents = Contents::default();
    for at in 0..10 {
        say(&mut contents, between(subject(1, 0)), at);
    }
    assert!(contents.is_empty(), "nothing was said that it could come after");
    say(&mut contents, state(1, 0, 1), 10);
    for at in 11..20 {
        say(&mut contents, between(subject(1, 0)), at);
    }
    assert_eq!(contents.said.len(), 2);
}

#[test]
fn members_of_a_topic_do_not_know_of_each_other() {
    let all: Vec<(Statement, i64)> = (1..=40).map(|member| (state(1, member, member.into()), 0)).collect();
    let again = all.iter().chain(&all).copied().collect::<Vec<_>>();
    assert_eq!(judged(&again), [vec![New; 40], vec![Repeat; 40]].concat());
    // One whose member is not named may be any of them.
    let unknown = (state(1, 0, 99), 1);
    assert_eq!(judged(&[all[0], unknown, all[0], unknown]), [New, New, PossibleRepeat, PossibleRepeat]);
}

#[test]
fn what_there_was_no_room_for_may_be_repeated() {
    let mut contents = Contents::default();
    let of_member = |member: u32| state(1, member, member.into());
    for member in 1..=LIMIT as u32 {
        assert_eq!(say(&mut contents, of_member(member), 0), New);
    }
    assert_eq!(contents.judge(&of_member(1), 1, WINDOW), Repeat);
    assert_eq!(say(&mut contents, of_member(1_000), 500), New);
    assert_eq!(contents.said.len(), LIMIT);
    assert_eq!(say(&mut contents, of_member(1), 501), PossibleRepeat, "it is not known any more");
    assert_eq!(contents.judge(&of_member(1_001), 1_000, WINDOW), PossibleRepeat);
    assert_eq!(contents.judge(&of_member(1_001), 1_001, WINDOW), New, "what was forgotten is too long ago");
}

#[test]
fn what_is_too_old_to_be_compared_takes_no_room() {
    let mut contents = Contents::default();
    for at in 0..10 {
        say(&mut contents, state(1, 0, at as u64), at * WINDOW);
    }
    assert_eq!(contents.said.len(), 3);
    assert_eq!(contents.forgotten, None);
}

#[test]
fn a_window_of_zero_lets_everything_through() {
    let mut contents = Contents::default();
    contents.published(&state(1, 0, 1), 0, WINDOW);
    assert_eq!(contents.judge(&state(1, 0, 1), 0, 0), New);
    contents.published(&state(1, 0, 1), 0, 0);
    assert!(contents.is_empty());
}

#[test]
fn what_differs_in_unknown_fields_alone_may_be_a_repetition_within_the_window_and_is_never_left_out() {
    let plain = state(1, 0, 1);
    // Each has another field that no schema names.
    let with_unknown =
        |content| Statement { declared: Some(1), ..Statement { core: Some(1), ..state(1, 0, content) } };
    let (one, other) = (with_unknown(101), with_unknown(102));
    assert_eq!(judged(&[(plain, 0), (one, 1), (other, 2)]), [New, PossibleRepeat, PossibleRepeat]);
    assert_eq!(judged(&[(one, 0), (plain, 1), (plain, 2)]), [New, PossibleRepeat, Repeat]);
    assert_eq!(judged(&[(one, 0), (one, 1)]), [New, Repeat], "the whole body is the same");
    assert_eq!(judged(&[(one, 0), (other, 1 + WINDOW)]), [New, New]);
    assert_eq!(judged(&[(one, 0), (state(1, 0, 2), 1), (other, 2)]), [New, New, PossibleRepeat]);
    assert_eq!(judged(&[(one, 0), (Statement { subject: subject(2, 0), ..other }, 1)]), [New, New]);
    // What its id names is compared as well, by what is left of it.
    let happens = |core| Statement { content: None, core: Some(core), ..one };
    assert_eq!(judged(&[(happens(1), 0), (happens(1), 1), (happens(2), 2)]), [New, PossibleRepeat, New]);
    let whole = Statement { declared: None, ..happens(1) };
    assert_eq!(judged(&[(happens(1), 0), (whole, 1), (whole, 2 + WINDOW)]), [New, PossibleRepeat, New]);
}

#[test]
fn what_has_unknown_fields_and_had_to_be_forgotten_may_be_repeated() {
    let of_member = |member: u32, core: u64| Statement {
        subject: subject(1, member),
        content: None,
        core: Some(core),
        declared: None,
        is_state: false,
    };
    let unknown = |member, core: u64| Statement { declared: Some(core.into()), ..of_member(member, core) };
    let mut contents = Contents::default();
    assert_eq!(say(&mut contents, unknown(1, 1), 0), New);
    for member in 2..=LIMIT as u32 + 1 {
        assert_eq!(say(&mut contents, state(1, member, member.into()), 1), New);
    }
    // Whether the event that its id names has unknown fields or not; one that a number names says nothing again.
    for again in [unknown(1, 1), of_member(1, 1)] {
        assert_eq!(contents.judge(&again, WINDOW, WINDOW), PossibleRepeat, "it is not known any more");
        assert_eq!(contents.judge(&again, WINDOW + 1, WINDOW), New, "what was forgotten is too long ago");
    }
    assert_eq!(contents.judge(&between(subject(1, 1)), 1, WINDOW), New);
    // Of contents that are forgotten, only contents may be repetitions.
    assert_eq!(say(&mut contents, state(1, 1_000, 1), 3 * WINDOW), New);
    assert_eq!((contents.forgotten, contents.forgotten_declared), (Some(1), None));
    assert_eq!(contents.judge(&of_member(2, 2), WINDOW, WINDOW), New);
    assert_eq!(contents.judge(&state(1, 2, 2), WINDOW, WINDOW), PossibleRepeat);
}

#[test]
fn contents_come_back_from_state_in_little_room() {
    let mut contents = Contents::default();
    let mut largest = 0;
    for (n, at) in (0..4 * LIMIT as u32).zip((0..).step_by(7)) {
        let said = Statement {
            declared: (n % 3 == 0).then_some(u128::from(n)),
            content: (n % 4 != 0).then_some(u64::MAX - u64::from(n)),
            subject: Subject { source_type: u32::MAX - n, topic: n % 2, member: u32::MAX - n % 5 },
            ..state(0, 0, 0)
        };
        say(&mut contents, said, 1_790_000_000_000 + at);
        let mut out = Writer::after(Vec::new());
        contents.pack(&mut out).unwrap();
        let bytes = out.into_bytes();
        largest = largest.max(bytes.len());
        let mut from = Reader::of(&bytes);
        assert_eq!(Contents::unpack(&mut from).unwrap(), contents);
        assert!(from.rest().is_empty());
        let cut = &bytes[..bytes.len() - 1];
        assert!(Contents::unpack(&mut Reader::of(cut)).is_err());
    }
    assert!(largest > 128 * 16 && largest <= 4096, "{largest} bytes");
}

#[test]
fn at_worst_contents_take_a_sixteenth_more_than_a_block() {
    let began = 1_790_000_000_000;
    let mut contents = Contents::default();
    for n in 1..=LIMIT as u32 {
        let said = Statement {
            subject: Subject::numbered(n, n, n),
            declared: Some(n.into()),
            ..state(0, 0, n.into())
        };
        // Two days after the one before, which takes five bytes.
        assert_eq!(say(&mut contents, said, began + i64::from(n) * 48 * 3_600_000), New);
    }
    assert_eq!((contents.said.len(), contents.forgotten), (LIMIT, None));
    let mut out = Writer::after(Vec::new());
    out.times_from(began);
    contents.pack(&mut out).unwrap();
    // Beside two bytes of their number.
    assert_eq!(out.into_bytes().len() - 2, 4096 + 4096 / 16);
}

#[test]
fn bits_that_no_build_wrote_are_refused() {
    // One that has nothing but a time: its number, its bits, its time.
    let with = |bits: u8| Contents::unpack(&mut Reader::of(&[1 << 2, bits, 2])).is_ok();
    assert_eq!([0, 32, 64, 128].map(with), [true, false, false, false]);
}
