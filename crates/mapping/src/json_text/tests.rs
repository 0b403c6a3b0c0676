//! Edits of a text against edits of what it says.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Edits every value whose name or position is in the list of its fate.
fn edit(text: &str, remove: &[&str], replace: &[&str]) -> Option<String> {
    let decide = |path: &[Step<'_>], _: &str| {
        let last = pointer(&path[path.len() - 1..]);
        match (remove.contains(&&last[1..]), replace.contains(&&last[1..])) {
            (true, _) => Some(Edit::Remove),
            (false, true) => Some(Edit::Replace("\"new\"".into())),
            (false, false) => None,
        }
    };
    edited(text, decide, |_, _, edit| edit)
}

#[test]
fn all_but_the_value_stays_to_the_byte() {
    for (text, remove, replace, expected) in [
        (
            "{\"a\" : 1.50 ,\n\"b\":\t[1e400,{ }]}\n",
            &[][..],
            &["a"][..],
            "{\"a\" : \"new\" ,\n\"b\":\t[1e400,{ }]}\n",
        ),
        (r#"{"a":1,"b":2,"c":3}"#, &["a"], &[], r#"{"b":2,"c":3}"#),
        (r#"{"a":1,"b":2,"c":3}"#, &["a", "b"], &["c"], r#"{"c":"new"}"#),
        (r#"{"a":1,"b":2,"c":3}"#, &["b", "c"], &[], r#"{"a":1}"#),
        (r#"{"a":1, "b":2 , "c":3}"#, &["a", "c"], &[], r#"{"b":2}"#),
        (r#"{ "a":1, "b":2 }"#, &["a", "b"], &[], "{  }"),
        (r#"[1, 2,3 ,4]"#, &["0", "2"], &[], "[2 ,4]"),
        (
            r#"{"x":{"a":{"x":1}},"a":{"a":[{"a":"}"}]},"b":"a"}"#,
            &[],
            &["a"],
            r#"{"x":{"a":"new"},"a":"new","b":"a"}"#,
        ),
        (r#"{"\u0061":"\"}","a":"\\"}"#, &[], &["a"], r#"{"\u0061":"new","a":"new"}"#),
        (r#"{"a/b~":true,"ü":null}"#, &["a~1b~0"], &["ü"], r#"{"ü":"new"}"#),
    ] {
        assert_eq!(edit(text, remove, replace).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(edit(r#"{"b":[1,{"c":"a"}]}"#, &["a"], &["z"]), None);
    assert_eq!(scalars(r#"{"b":[1.50,{"c":"a"},[]],"d":null}"#), ["1.50", r#""a""#, "null"]);
}

/// What an edit of the value itself would give.
fn reference(value: &Value, remove: &[&str], replace: &[&str]) -> Value {
    let part = |name: &str, part: &Value| match (remove.contains(&name), replace.contains(&name)) {
        (true, _) => None,
        (false, true) => Some(json!("new")),
        (false, false) => Some(reference(part, remove, replace)),
    };
    match value {
        Value::Object(map) => {
            map.iter().filter_map(|(name, value)| Some((name.clone(), part(name, value)?))).collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.filter_map(|(position, item)| part(&position.to_string(), item)).collect()
        }
        leaf => leaf.clone(),
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<i32>().prop_map(Value::from),
        "[a-c{}\\[\\]\",:\\\\é ]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-d]|a\"|é", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_edit_of_the_text_is_an_edit_of_the_value(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let (remove, replace) = (&["a", "1", "é"][..], &["b", "2"][..]);
        let found = edit(&text, remove, replace).unwrap_or(text);
        let found: Value = serde_json::from_str(&found).unwrap();
        prop_assert_eq!(found, reference(&value, remove, replace));
    }

    #[test]
    fn what_is_no_json_does_no_harm(text in "[\\[\\]{}\",:\\\\ é01a]{0,40}") {
        let _ = edit(&text, &["a", "0"], &["1", "é"]);
    }
}
