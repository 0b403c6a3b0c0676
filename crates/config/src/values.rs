//! Readers of single values: each takes a value and gives it typed, or says what is wrong with it.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::section::{Problem, Read, Value};
use crate::suggest::did_you_mean;

/// A string that is not empty.
pub(crate) fn text(value: &Value<'_>) -> Read<String> {
    match string(value)? {
        "" => Err(Problem::new("must not be empty")),
        text => Ok(text.to_owned()),
    }
}

/// A string as it stands; may be empty.
pub(crate) fn string<'a>(value: &Value<'a>) -> Read<&'a str> {
    value.spanned.get_ref().as_str().ok_or_else(|| value.must_be("a string"))
}

/// `true` or `false`.
pub(crate) fn boolean(value: &Value<'_>) -> Read<bool> {
    value.spanned.get_ref().as_bool().ok_or_else(|| value.must_be("true or false"))
}

/// An integer within a range.
pub(crate) fn integer<T>(range: RangeInclusive<i64>) -> impl Fn(&Value<'_>) -> Read<T>
where
    T: TryFrom<i64>,
{
    move |value| {
        let integer = value.spanned.get_ref().as_integer().ok_or_else(|| value.must_be("an integer"))?;
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let (from, to) = (range.start(), range.end());
        parsed
            .filter(|parsed| range.contains(parsed))
            .and_then(|parsed| T::try_from(parsed).ok())
            .ok_or_else(|| Problem::new(format!("is {integer}, must be between {from} and {to}")))
    }
}

/// A number, as written.
pub(crate) fn number(value: &Value<'_>) -> Read<String> {
    let found = value.spanned.get_ref();
    let written = found.as_float().map(|float| float.as_str());
    let written = written.or_else(|| found.as_integer().map(|integer| integer.as_str()));
    written.map(str::to_owned).ok_or_else(|| value.must_be("a number"))
}

/// A share between 0 and 1.
pub(crate) fn share(value: &Value<'_>) -> Read<f64> {
    let written = number(value)?;
    f64::from_str(&written)
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| Problem::new(format!("is {written}, must be between 0 and 1")))
}

/// A duration such as `"500ms"`, `"30s"`, `"5m"`, `"2h"` or `"5d"`; longer than nothing.
pub(crate) fn duration(value: &Value<'_>) -> Read<Duration> {
    let example = r#"a duration such as "500ms", "30s", "5m", "2h" or "5d""#;
    let written = value.spanned.get_ref().as_str().ok_or_else(|| value.must_be(example))?;
    parse_duration(written)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| Problem::new(format!("is '{written}', must be {example}")))
}

/// A duration that may be `"0s"`.
pub(crate) fn duration_or_zero(value: &Value<'_>) -> Read<Duration> {
    match value.spanned.get_ref().as_str().and_then(parse_duration) {
        Some(duration) => Ok(duration),
        None => duration(value),
    }
}

fn parse_duration(written: &str) -> Option<Duration> {
    let unit_at = written.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = written.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        "d" => seconds(24 * 60 * 60),
        _ => None,
    }
}

/// An address to listen on, such as `"127.0.0.1:8080"`.
pub(crate) fn address(value: &Value<'_>) -> Read<SocketAddr> {
    let written = string(value)?;
    written.parse().map_err(|_| {
        Problem::new(format!("is '{written}', must be an IP address and a port such as '127.0.0.1:8080'"))
    })
}

/// An address to listen on for plain HTTP: on this machine only, unless `insecure` allows more.
pub(crate) fn private_address(value: &Value<'_>) -> Read<SocketAddr> {
    let address = address(value)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    if value.insecure {
        value.report.note_plaintext(address.to_string());
        return Ok(address);
    }
    Err(Problem::new(format!(
        "is '{address}', where others would send plain HTTP: listen on this machine only, or set insecure = true in \
         this section, for instance where a proxy in front of it takes TLS off"
    )))
}

/// Bootstrap servers, `host:port,host:port`.
pub(crate) fn brokers(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    match written.split(',').find(|broker| !is_host_and_port(broker.trim())) {
        None => Ok(written),
        Some(wrong) => {
            Err(Problem::new(format!("holds '{wrong}', must be 'host:port', more of them after commas")))
        }
    }
}

fn is_host_and_port(broker: &str) -> bool {
    let named = |host: &str| !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    broker
        .rsplit_once(':')
        .is_some_and(|(host, port)| named(host) && port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// What may stand before a topic's name: the characters that Kafka allows in it.
pub(crate) fn topic_prefix(value: &Value<'_>) -> Read<String> {
    let written = string(value)?;
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    match written.chars().all(allowed) && written.len() <= 100 {
        true => Ok(written.to_owned()),
        false => Err(Problem::new("may hold letters, digits, '.', '_' and '-' only, at most 100 of them")),
    }
}

/// The name of an HTTP header.
pub(crate) fn header(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    match is_header(&written) {
        true => Ok(written),
        false => Err(Problem::new(format!("is '{written}', which is no header name"))),
    }
}

/// Whether this can be the name of an HTTP header.
pub(crate) fn is_header(written: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !written.is_empty() && written.bytes().all(allowed)
}

/// A path; relative ones start at the document's folder.
pub(crate) fn path(value: &Value<'_>) -> Read<PathBuf> {
    Ok(value.report.path(&text(value)?))
}

/// A JSON Pointer (RFC 6901) to something within a payload.
pub(crate) fn pointer(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    match well_formed_pointer(&written) {
        true => Ok(written),
        false => Err(Problem::new(format!(
            "is '{written}', must be a JSON Pointer such as \"/sequence\" or \"/data/number\""
        ))),
    }
}

/// Whether this is a JSON Pointer to something within a payload.
pub(crate) fn well_formed_pointer(written: &str) -> bool {
    // `~` stands for itself only as `~0`, and for `/` as `~1`.
    written.starts_with('/') && written.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

/// Texts of the code as a configuration has them.
pub(crate) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// One JSON Pointer, or a list of them, of which the first one at which something stands counts.
pub(crate) fn pointers(value: &Value<'_>) -> Read<Vec<String>> {
    match value.spanned.get_ref().as_array() {
        Some(_) => list(1, pointer)(value),
        None => Ok(vec![pointer(value)?]),
    }
}

/// One of a few words.
pub(crate) fn one_of<T: Copy, const N: usize>(
    choices: [(&'static str, T); N],
) -> impl Fn(&Value<'_>) -> Read<T> {
    move |value| {
        let written = string(value)?;
        let found = choices.iter().find(|(word, _)| *word == written).map(|(_, choice)| *choice);
        found.ok_or_else(|| unknown(written, &choices.map(|(word, _)| word)))
    }
}

/// One of the names that the user gave to things elsewhere in the document.
pub(crate) fn reference<'n>(noun: &'n str, names: &'n [&'n str]) -> impl Fn(&Value<'_>) -> Read<String> + 'n {
    move |value| {
        let written = string(value)?;
        if names.contains(&written) {
            return Ok(written.to_owned());
        }
        let hint = did_you_mean(written, names.iter().copied());
        Err(Problem::new(format!("names {noun} '{written}', which is not configured{hint}")))
    }
}

/// A list of at least `least` values.
pub(crate) fn list<'a, T>(
    least: usize,
    read: impl Fn(&Value<'a>) -> Read<T>,
) -> impl Fn(&Value<'a>) -> Read<Vec<T>> {
    move |value| {
        let array = value.spanned.get_ref().as_array().ok_or_else(|| value.must_be("a list"))?;
        if array.len() < least {
            return Err(Problem::new(format!("must hold at least {least}")));
        }
        array
            .iter()
            .map(|element| read(&value.within(element)).map_err(|problem| problem.at(element.span().start)))
            .collect()
    }
}

fn unknown(written: &str, words: &[&'static str]) -> Problem {
    let hint = did_you_mean(written, words.iter().copied());
    if hint.is_empty() {
        Problem::new(format!("is '{written}', must be one of: {}", words.join(", ")))
    } else {
        Problem::new(format!("is '{written}'{hint}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("500ms", Some(Duration::from_millis(500))),
            ("30s", Some(Duration::from_secs(30))),
            ("5m", Some(Duration::from_secs(300))),
            ("2h", Some(Duration::from_secs(7200))),
            ("5d", Some(Duration::from_secs(432_000))),
            ("5", None),
            ("s", None),
            ("-5s", None),
            ("1.5s", None),
            ("5 s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(parse_duration(written), expected, "{written}");
        }
    }

    #[test]
    fn hosts_with_ports() {
        for broker in ["localhost:9092", "kafka-0.kafka.svc:9092", "[::1]:9092", "10.0.0.1:1"] {
            assert!(is_host_and_port(broker), "{broker}");
        }
        for broker in
            ["", "localhost", "localhost:", ":9092", "localhost:0", "localhost:70000", "a b:1", "http://a:1"]
        {
            assert!(!is_host_and_port(broker), "{broker}");
        }
    }
}
