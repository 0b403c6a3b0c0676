//! What was published once is published the same for ever: ids of events, on which deduplication hangs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use support::{DEPTH, NOW, delivery, kinds, payloads, source};
use trunkline_mapping::{ElementOutcome, map_delivery};

#[test]
fn event_ids_are_what_they_always_were() {
    let golden: BTreeMap<&str, &str> =
        include_str!("golden/event_ids.txt").lines().map(|line| line.split_once(' ').unwrap()).collect();
    let (mut checked, mut changed) = (0, Vec::new());
    for kind in kinds() {
        for file in payloads(kind) {
            let name = format!("{kind}/{}", file.file_name().unwrap().to_str().unwrap());
            let source = source(kind);
            let body = std::fs::read(&file).unwrap();
            let outcome = map_delivery(&delivery(&source, &body, NOW), DEPTH).unwrap();
            let [ElementOutcome::Event(accepted)] = &outcome.elements[..] else {
                panic!("{name}: {outcome:?}")
            };
            if let Some(expected) = golden.get(name.as_str()) {
                checked += 1;
                if accepted.event.event_id != *expected {
                    changed.push(format!("{name} {}", accepted.event.event_id));
                }
            }
        }
    }
    assert!(changed.is_empty(), "other ids now:\n{}", changed.join("\n"));
    assert_eq!(checked, golden.len(), "a fixture of the golden ids is gone");
}
