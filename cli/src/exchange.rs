//! How questions to other systems and their answers are shown to people.

use reqwest::Url;
use serde_json::{Map, Value, json};
use trunkline_profiles::ProfileData;

/// So many characters of an answer are shown.
const LONGEST_ANSWER: usize = 4_000;

/// Prints a question, with its body where there is one, and its answer.
pub fn print(method: &str, path: &str, body: Option<&Value>, answer: &Result<Value, String>) {
    println!("asked    {method} {}", decoded(path));
    if let Some(body) = body {
        println!("body     {}", shortened(body));
    }
    match answer {
        Ok(answer) => println!("answer   {}", shortened(answer)),
        Err(error) => println!("answer   {error}"),
    }
}

/// A path and its query, decoded for people.
fn decoded(path: &str) -> String {
    let Ok(url) = Url::parse(&format!("http://x{path}")) else { return path.to_owned() };
    let pairs: Vec<String> = url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    if pairs.is_empty() { url.path().to_owned() } else { format!("{}?{}", url.path(), pairs.join("&")) }
}

fn shortened(answer: &Value) -> String {
    let text = answer.to_string();
    match text.char_indices().nth(LONGEST_ANSWER) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text,
    }
}

/// What was read of a customer, under the canonical names, with further fields; what is not known is left out.
pub fn found(data: &ProfileData, more: Vec<(&'static str, Value)>) -> Value {
    let amounts =
        data.balances.iter().map(|(currency, amount)| (currency.clone(), json!(amount.to_string())));
    let balances: Map<String, Value> = amounts.collect();
    let fields = [
        ("accountName", json!(data.account_name)),
        ("loyaltyTier", json!(data.loyalty_tier)),
        ("balances", if balances.is_empty() { Value::Null } else { Value::Object(balances) }),
        ("openTickets", json!(data.open_tickets)),
        ("lastInteractionDate", json!(data.last_interaction)),
        ("values", if data.values.is_empty() { Value::Null } else { json!(data.values) }),
    ];
    let known = more.into_iter().chain(fields).filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_readable_and_answers_bounded() {
        assert_eq!(decoded("/query?q=SELECT%20Id%20%3D%20%27x%27"), "/query?q=SELECT Id = 'x'");
        assert_eq!(decoded("/services"), "/services");
        let long = shortened(&json!("ä".repeat(5_000)));
        assert!(long.ends_with("(10002 bytes)"), "{}", &long[long.len() - 40..]);
    }

    #[test]
    fn only_what_is_known_is_shown() {
        let values = [("points".to_owned(), "1200".to_owned())].into();
        let data = ProfileData { loyalty_tier: Some("GOLD".to_owned()), values, ..ProfileData::default() };
        assert_eq!(found(&data, Vec::new()), json!({"loyaltyTier": "GOLD", "values": {"points": "1200"}}));
    }
}
