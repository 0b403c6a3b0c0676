//! What redaction costs grows with the payload, and not with the product of its values and attributes.

use std::time::Instant;

use super::*;

const VALUES: usize = 49_000;

/// Times one redaction of the attributes and the payload; milliseconds.
fn took(text: &str, attributes: [BTreeMap<String, String>; 2]) -> u128 {
    let began = Instant::now();
    let redacted = redacted(text, &Redaction::default(), 0).unwrap();
    let mut attributes = attributes;
    redacted.values.scrub(&mut attributes, || None);
    began.elapsed().as_millis()
}

/// A payload of 2 MiB with so many secrets, and as many attributes as there may be.
fn payload(secret: impl Fn(usize) -> String) -> String {
    let secrets: Vec<_> = (0..VALUES).map(|n| format!("\"{}\"", secret(n))).collect();
    format!(r#"{{"token":[{}]}}"#, secrets.join(","))
}

#[test]
fn many_secrets_and_many_attributes_take_no_longer_than_both() {
    let attributes = || {
        let attribute = |n| {
            (format!("k{n}"), format!("value {n} of a customer, in a text of some length; {n}").repeat(3))
        };
        [(0..256).map(attribute).collect::<BTreeMap<_, _>>(), (256..512).map(attribute).collect()]
    };
    for secret in [
        (|n| format!("s3cret-{n:032}")) as fn(usize) -> String,
        |n| format!("{n:032}-s3cret"),
        // Each begins like what attributes hold.
        |n| format!("value {n} of a customer, in a text of"),
    ] {
        let milliseconds = took(&payload(secret), attributes());
        assert!(milliseconds < 2_000, "{milliseconds} ms; by the product it takes minutes");
        println!("{milliseconds} ms");
    }
}
