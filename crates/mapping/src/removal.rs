//! Taking a value out of a payload, where nothing else may move.

use serde_json::Value;

/// Takes the value at a JSON Pointer out of an object, or puts null in its place in an array, where the others keep
/// their positions; an array in which null does not fit either goes as a whole. False where nothing was done.
pub fn remove(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&name.replace("~1", "/").replace("~0", "~")).is_some(),
        Some(Value::Array(items)) => {
            match name.parse::<usize>().ok().and_then(|position| items.get_mut(position)) {
                Some(Value::Null) => remove(value, parent),
                Some(item) => {
                    *item = Value::Null;
                    true
                }
                None => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_taken_out_moves_nothing_else() {
        let value = json!({"a": {"b/c": 1, "d": [1, 2, null]}, "e": 7});
        for (pointer, expected) in [
            ("/a/b~1c", Some(json!({"a": {"d": [1, 2, null]}, "e": 7}))),
            ("/a/d/0", Some(json!({"a": {"b/c": 1, "d": [null, 2, null]}, "e": 7}))),
            ("/a/d/2", Some(json!({"a": {"b/c": 1}, "e": 7}))),
            ("/e", Some(json!({"a": {"b/c": 1, "d": [1, 2, null]}}))),
            ("/a/d/3", None),
            ("/a/x", None),
            ("/e/x", None),
            ("", None),
        ] {
            let mut left = value.clone();
            let removed = remove(&mut left, pointer);
            assert_eq!(removed.then_some(left), expected, "{pointer}");
        }
    }
}
