//! What the end of a session tells, read from its text.

/// How strongly a disconnect type speaks, see the session's `how`.
pub(super) fn strength(how: &str) -> u8 {
    let letters: String = how.to_ascii_lowercase().chars().filter(char::is_ascii_lowercase).collect();
    let no_answer = ["noanswer", "notavailable", "dnd"].iter().any(|word| {
        [(*word).to_owned(), format!("{word}transfer"), format!("transfer{word}")].contains(&letters)
    });
    match letters.as_str() {
        _ if no_answer => 6,
        "dndendpoint" => 6,
        "conferencetransfer" => 5,
        "transferconference" => 4,
        "transferconsult" | "consulttransfer" => 3,
        how if how.starts_with("transfer") || how.ends_with("transfer") => 2,
        _ => 1,
    }
}

/// A duration in any notation of JSON: the point moves as far as the exponent says, and what stands behind it then is
/// left out.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let (number, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (back, exponent) = match exponent.chars().next()? {
        '-' => (true, &exponent[1..]),
        '+' => (false, &exponent[1..]),
        _ => (false, exponent),
    };
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let parts: Vec<&str> = number.split('.').collect();
    let numeric = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if parts.len() > 2 || !parts.iter().all(numeric) || !numeric(&exponent) {
        return None;
    }
    let digits = parts.concat();
    if negative && digits.chars().any(|digit| digit != '0') {
        return None;
    }
    let by = exponent.parse::<usize>().unwrap_or(999).min(999);
    let point = if back { parts[0].len().saturating_sub(by) } else { parts[0].len() + by };
    let padded = format!("{digits}{}", "0".repeat(point));
    if point == 0 { Some(0) } else { padded[..point].parse().ok() }
}
