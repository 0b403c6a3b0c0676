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

#[test]
fn secrets_in_many_texts_take_no_longer_than_both() {
    let texts: Vec<_> = (0..VALUES).map(|n| format!("\"text {n} with s3cret-{n:08} in it\"")).collect();
    for secrets in [1, 1_000, VALUES] {
        let secrets: Vec<_> = (0..secrets).map(|n| format!("\"s3cret-{n:08}\"")).collect();
        let text = format!(r#"{{"token":[{}],"log":[{}]}}"#, secrets.join(","), texts.join(","));
        let began = Instant::now();
        let mut redacted = redacted(&text, &Redaction::default(), 0).unwrap();
        redacted.scrub_secrets();
        let milliseconds = began.elapsed().as_millis();
        assert!(!redacted.text.contains("s3cret-00000000"));
        assert!(milliseconds < 3_000, "{milliseconds} ms; by the product it takes minutes");
        println!("{milliseconds} ms");
    }
}
