//! What records turn out to be.

use trunkline_schemas::codec::{Encoder, Value};

use super::*;
use crate::testing;

const DAY: Duration = Duration::from_secs(86_400);
const SCHEMA: u32 = 7;

fn parser() -> Parser {
    let mut parser = Parser::new(&BTreeMap::from([("crm".to_owned(), testing::target())]), DAY);
    parser.add_schema(SCHEMA, WriteBack::SCHEMA).unwrap();
    parser
}

fn record(write_back: &WriteBack) -> InboundRecord {
    let value = Encoder::new(SCHEMA).encode_to_vec(write_back).unwrap();
    InboundRecord { value: Some(value), ..testing::record(0, 5, &write_back.resource) }
}

fn command(change: impl Fn(&mut WriteBack)) -> WriteBack {
    let mut write_back = testing::write_back("1", "r");
    change(&mut write_back);
    write_back
}

fn poison_code(parsed: Result<Parsed, SchemaNeeded>) -> &'static str {
    match parsed {
        Ok(Parsed::Poison(poison)) => poison.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_gets_its_terms_from_operation_and_target() {
    let observed = Target { mode: Mode::Observe, ..testing::target() };
    let observing = {
        let mut parser = Parser::new(&BTreeMap::from([("crm".to_owned(), observed)]), DAY);
        parser.add_schema(SCHEMA, WriteBack::SCHEMA).unwrap();
        parser
    };
    let on_trial = command(|write_back| write_back.observe = true);
    for (parser, write_back, observe) in [
        (parser(), testing::write_back("1", "r"), false),
        (parser(), on_trial, true),
        (observing, testing::write_back("1", "r"), true),
    ] {
        let Ok(Parsed::Command(command)) = parser.parse(record(&write_back), 0) else { panic!("no command") };
        let expiry = command.terms.expiry;
        assert_eq!(command.terms, Terms { observe, expiry, ..testing::terms() });
        assert_eq!(command.issued.write_back, write_back);
        assert_eq!(command.request.traceparent.as_deref(), Some(command.issued.traceparent.as_str()));
    }
}

#[test]
fn every_command_expires_by_its_rule_or_a_day_after_it_was_issued_or_written_again() {
    const DAY_MS: i64 = 86_400_000;
    for (expires_at, issued_at, written_at, expires_at_ms) in [
        (Some(7_000), 1_000, 1_000, 7_000),
        (None, 1_000, 1_000, 1_000 + DAY_MS),
        (None, 1_000, 9 * DAY_MS, 10 * DAY_MS),
        (Some(7_000), 1_000, 9 * DAY_MS, 7_000),
    ] {
        let write_back = command(|write_back| {
            (write_back.expires_at, write_back.issued_at) = (expires_at, issued_at);
        });
        let record = InboundRecord { timestamp: written_at, ..record(&write_back) };
        let Ok(Parsed::Command(command)) = parser().parse(record, 0) else { panic!("no command") };
        let expiry = command.terms.expiry;
        assert_eq!((expiry.at_ms, expiry.by_default), (expires_at_ms, expires_at.is_none()));
    }
}

#[test]
fn a_command_goes_on_in_the_trace_it_came_with() {
    let mut record = record(&testing::write_back("1", "r"));
    let incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    record.headers.push(headers::TRACEPARENT, incoming);
    let Ok(Parsed::Command(command)) = parser().parse(record, 0) else { panic!("no command") };
    assert_eq!(command.issued.traceparent, incoming);
}

#[test]
fn what_cannot_be_tried_is_refused_with_the_reason() {
    for (write_back, reason) in [
        (command(|write_back| write_back.target = "gone".to_owned()), "'gone' is not configured"),
        (command(|write_back| write_back.operation = "delete".to_owned()), "no operation 'delete'"),
        (command(|write_back| write_back.fields.clear()), "no fields"),
        (command(|write_back| drop(write_back.parameters.remove("object"))), "'object'"),
    ] {
        let Ok(Parsed::Refused(_, ending)) = parser().parse(record(&write_back), 0) else {
            panic!("{reason}")
        };
        assert_eq!(ending.code.as_deref(), Some("TL-4006"), "{reason}");
        assert!(ending.message.as_deref().is_some_and(|message| message.contains(reason)), "{ending:?}");
        assert!(ending.is_dead_letter());
    }
}

#[test]
fn bytes_that_make_no_sense_are_poison() {
    let good = record(&testing::write_back("1", "r"));
    for (bad, what) in [
        (InboundRecord { value: None, ..good.clone() }, "no value"),
        (InboundRecord { key: None, ..good.clone() }, "no key"),
        (InboundRecord { value: Some(b"{}".to_vec()), ..good.clone() }, "not framed"),
        (
            InboundRecord { value: good.value.clone().map(|value| value[..20].to_vec()), ..good.clone() },
            "cut",
        ),
    ] {
        assert_eq!(poison_code(parser().parse(bad, 0)), "TL-3001", "{what}");
    }
}

#[test]
fn a_record_of_an_unknown_schema_is_given_back_until_the_schema_is_there() {
    let mut parser = Parser::new(&BTreeMap::from([("crm".to_owned(), testing::target())]), DAY);
    let needed = parser.parse(record(&testing::write_back("1", "r")), 0).unwrap_err();
    assert_eq!((needed.id, needed.record.offset), (SCHEMA, 5));
    parser.add_schema(SCHEMA, WriteBack::SCHEMA).unwrap();
    assert!(matches!(parser.parse(*needed.record, 0), Ok(Parsed::Command(_))));
}
