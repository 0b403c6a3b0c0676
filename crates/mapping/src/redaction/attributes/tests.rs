//! What attributes keep of texts that were redacted elsewhere.

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn values(texts: &[&str], replacement: Replacement) -> Values {
    let mut values = Values::default();
    texts.iter().for_each(|text| values.insert(text, replacement.clone()));
    values
}

#[test]
fn a_common_value_is_redacted_only_where_it_came_from() {
    let before =
        [map(&[("caseStatus", "OPEN"), ("wish", "OPEN"), ("count", "1")]), map(&[("place", "Wonderland")])];
    let again = || Some([map(&[("caseStatus", "OPEN"), ("count", "1")]), map(&[("place", "Wonderland")])]);
    let dropped = values(&["OPEN", "1", "Wonderland"], None);
    let mut attributes = before.clone();
    dropped.scrub(&mut attributes, again);
    assert_eq!(attributes, again().unwrap());

    let mut attributes = before.clone();
    dropped.scrub(&mut attributes, || None);
    assert_eq!(attributes, [BTreeMap::new(), BTreeMap::new()], "it is not known where they came from");

    let mut attributes = before;
    values(&["OPEN"], Some(MASK.into())).scrub(&mut attributes, again);
    assert_eq!(attributes[0], map(&[("caseStatus", "OPEN"), ("wish", "***"), ("count", "1")]));
}

#[test]
fn a_value_that_nothing_else_has_is_redacted_everywhere() {
    let before = [map(&[("a", "s3cret-s3cret"), ("b", "it is s3cret-s3cret!")]), map(&[("c", "s3cret")])];
    let mut attributes = before.clone();
    values(&["s3cret-s3cret"], None).scrub(&mut attributes, || panic!("it makes no difference"));
    assert_eq!(attributes, [map(&[("b", "it is !")]), map(&[("c", "s3cret")])]);
}

#[test]
fn words_and_short_values_stay_in_texts() {
    let before = [
        map(&[("a", "the case is COMPLETED with 17 of 20 in New York City"), ("b", "4111111111111111.")]),
        map(&[]),
    ];
    let mut attributes = before.clone();
    values(&["COMPLETED", "17 of", "New York City", "4111111111111111"], Some(MASK.into()))
        .scrub(&mut attributes, || panic!("nothing equals them"));
    assert_eq!(attributes[0]["a"], before[0]["a"]);
    assert_eq!(attributes[0]["b"], "***.");
}

#[test]
fn of_texts_within_each_other_the_longest_goes() {
    let mut redacted = values(&["secret-12"], Some("short".into()));
    redacted.insert("secret-1234", Some("long".into()));
    let mut attributes = [map(&[("a", "secret-1234, secret-123")]), map(&[])];
    redacted.scrub(&mut attributes, || None);
    assert_eq!(attributes[0]["a"], "long, short3");
}

#[test]
fn of_more_texts_than_are_looked_for_the_beginning_is_enough() {
    let texts: Vec<String> = (0..PARTS_BYTES / 10).map(|n| format!("secret-{n:05}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut attributes =
        [map(&[("a", "a secret-00001."), ("b", "a secret"), ("c", "secret-0 and more")]), map(&[])];
    values(&texts, Some(MASK.into())).scrub(&mut attributes, || None);
    assert_eq!(attributes[0], map(&[("a", "***"), ("b", "a secret"), ("c", "***")]));
}

#[test]
fn what_cannot_be_looked_for_is_taken_for_found() {
    let parts = Parts::TooMany([*b"secret-1"].into_iter().collect());
    let mut attribute = "a secret-1 b".to_owned();
    Values::default().scrub_parts(&mut attribute, &parts);
    assert_eq!(attribute, "***");
    let mut attribute = "a secret-2 b".to_owned();
    Values::default().scrub_parts(&mut attribute, &parts);
    assert_eq!(attribute, "a secret-2 b");
}
