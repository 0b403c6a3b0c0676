//! Kinds of secrets, each in several ways of writing it, and what is like them and none.

use super::*;

fn assert_masked(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(by_default(text).0, *expected, "{text}");
    }
}

fn assert_stays(texts: &[&str]) {
    for text in texts {
        assert_eq!(redacted(text, &Redaction::default(), 0), None, "{text}");
    }
}

#[test]
fn all_below_the_name_of_a_credential_is_a_secret_but_what_describes_it() {
    assert_masked(&[
        (r#"{"tokens":{"access":"a","refresh":"b"}}"#, r#"{"tokens":{"access":"***","refresh":"***"}}"#),
        (r#"{"secrets":{"db":{"main":["x",7]}}}"#, r#"{"secrets":{"db":{"main":["***",7]}}}"#),
        (
            r#"{"property":"clientSecret","oldValues":["a"],"newValues":["b"]}"#,
            r#"{"property":"clientSecret","oldValues":["***"],"newValues":["***"]}"#,
        ),
        (
            r#"{"delta":{"path":"contact/accessToken","currentValue":"a"}}"#,
            r#"{"delta":{"path":"contact/accessToken","currentValue":"***"}}"#,
        ),
        (
            r#"{"credentials":{"username":"bob","value":"pw"}}"#,
            r#"{"credentials":{"username":"***","value":"***"}}"#,
        ),
        (r#"{"accessToken":["a",{"x":"b"}]}"#, r#"{"accessToken":["***",{"x":"***"}]}"#),
        (r#"{"accessTokens":{"x":"a"},"y":"b"}"#, r#"{"accessTokens":{"x":"***"},"y":"b"}"#),
        (r#"{"cookieJar":["a=1",{"b":"2"}]}"#, r#"{"cookieJar":["***",{"b":"***"}]}"#),
        (
            r#"{"token":{"meta":{"tokenType":"Bearer","expiresIn":60,"x":"1"},"ok":true},"n":1}"#,
            r#"{"token":{"meta":{"tokenType":"Bearer","expiresIn":60,"x":"***"},"ok":true},"n":1}"#,
        ),
        (
            r#"{"authorization":{"type":"Bearer","scope":["a","b"],"value":"x"}}"#,
            r#"{"authorization":{"type":"Bearer","scope":["a","b"],"value":"***"}}"#,
        ),
    ]);
    assert_stays(&[
        r#"{"passwordPolicy":{"minLength":8,"note":"none"},"tokens":17,"tokenCount":17}"#,
        r#"{"tokens":{"used":17,"limit":100,"status":"low"},"signatureRequired":"yes"}"#,
        r#"{"authorizationStatus":"APPROVED","hasPassword":true,"tokens":{},"secrets":[]}"#,
    ]);
}

#[test]
fn numbers_and_roles_below_such_a_name_are_counts_and_names_as_often() {
    assert_stays(&[
        r#"{"tokens":{"prompt":120,"completion":30}}"#,
        r#"{"authorization":{"roles":[{"name":"agent-7"}]}}"#,
        r#"{"cookies":{"analytics":1}}"#,
    ]);
}

#[test]
fn what_stands_behind_the_word_makes_no_difference() {
    // Which names these are is tested where they are known by it.
    for name in ["accessTokenV2", "pw"] {
        let (text, _) = by_default(&format!(r#"{{"{name}":"h1","n":{{"{name}":77881}}}}"#));
        assert_eq!(text, format!(r#"{{"{name}":"***","n":{{"{name}":"***"}}}}"#));
    }
}

#[test]
fn a_private_key_is_one_under_any_name() {
    for title in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let key = format!(r"-----BEGIN {title}-----\nMIIEvQIBADANBg\nabc=\n-----END {title}-----");
        let (text, _) = by_default(&format!(r#"{{"x":"a {key}\nb"}}"#));
        assert_eq!(text, r#"{"x":"a ***\nb"}"#);
        let (cut, _) = key.split_once("abc").unwrap();
        assert_eq!(by_default(&format!(r#"{{"x":"{cut}"}}"#)).0, r#"{"x":"***"}"#);
    }
    assert_stays(&[
        r#"{"x":"-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBg\n-----END CERTIFICATE-----"}"#,
        r#"{"x":"-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBg\n-----END PUBLIC KEY-----"}"#,
        r#"{"x":"-----BEGIN of a private key-----"}"#,
    ]);
}

#[test]
fn addresses_that_let_in_are_masked_whatever_of_them_does() {
    for address in [
        "wss://streaming.mypurecloud.com/channels/streaming-0-abcdef0123456789abcd",
        "wss://h.example/ws?auth=abcdef012345678901234",
        "https://h.example/x?ticket=ST-1234567890-abcdef",
        "https%3A%2F%2Fb.example%2Fk%3FX-Amz-Signature%3Dabcdef0123456789",
        "https%3a%2f%2fb.example%2fk%3fsig%3dabc",
        "//b.example/k?X-Amz-Signature=abc",
        "https://hooks.slack.com/services/T0/B0/a1b2c3d4e5f6g7h8",
    ] {
        let (text, _) = by_default(&format!(r#"{{"x":"see {address}"}}"#));
        assert_eq!(text, r#"{"x":"see ***"}"#, "{address}");
    }
    assert_masked(&[(
        r#"{"x":"/k?a=1&X-Amz-Signature=abc&b=2"}"#,
        r#"{"x":"/k?a=1&X-Amz-Signature=***&b=2"}"#,
    )]);
    assert_stays(&[
        r#"{"x":"//cdn.example/a.js","y":"https%3A%2F%2Fa.example%2Fb%3Fc%3Dd","z":"a // b: c"}"#,
        r#"{"x":"https://maps.example/x?signature=","y":"wss://h.example/channels/general"}"#,
    ]);
}

#[test]
fn parts_of_a_signed_request_are_masked_as_members() {
    assert_masked(&[
        (r#"{"X-Amz-Signature":"abc","n":1}"#, r#"{"X-Amz-Signature":"***","n":1}"#),
        (r#"{"x-goog-signature":"abc"}"#, r#"{"x-goog-signature":"***"}"#),
        (r#"{"signature":"abc","bucket":"b"}"#, r#"{"signature":"***","bucket":"b"}"#),
        (
            r#"{"f":[{"key":"k","policy":"p","sig":"a%3D"}]}"#,
            r#"{"f":[{"key":"k","policy":"p","sig":"***"}]}"#,
        ),
        (r#"{"signature":"8f14e45fceea167a5a36dedd4bea2543"}"#, r#"{"signature":"***"}"#),
        (r#"{"sig":"vjbyPxybdZaNmGa+yT272YEAiv4="}"#, r#"{"sig":"***"}"#),
    ]);
    assert_stays(&[
        r#"{"signature":"Best regards","sig":"nature","n":{"bucket":"b"}}"#,
        r#"{"signature":"Anna","o":{"key":"footer"}}"#,
        r#"{"key":"footer","signature":"Best regards, Anna"}"#,
        r#"{"signatureRequired":"true","key":"k"}"#,
    ]);
}

#[test]
fn credentials_in_headers_and_elements_are_masked() {
    assert_masked(&[
        (r#"{"x":"Token abcdef0123456789abcdef0123456789abcdef01"}"#, r#"{"x":"***"}"#),
        (r#"{"x":"ApiKey abcdef0123456789"}"#, r#"{"x":"***"}"#),
        (r#"{"x":"SSWS 00abcdef0123456789xyz"}"#, r#"{"x":"***"}"#),
        (r#"{"x":"<a><password>x</password></a>"}"#, r#"{"x":"<a><password>***</password></a>"}"#),
        (r#"{"x":"<wsse:Password>it is</wsse:Password>"}"#, r#"{"x":"<wsse:Password>***</wsse:Password>"}"#),
        (r#"{"x":"<api_key>k</api_key><n>1</n>"}"#, r#"{"x":"<api_key>***</api_key><n>1</n>"}"#),
        (r#"[{"field":"token","data":"kv3"}]"#, r#"[{"field":"token","data":"***"}]"#),
        (r#"{"data":4711,"name":"password"}"#, r#"{"data":"***","name":"password"}"#),
    ]);
    assert_stays(&[
        r#"{"x":"Secret: menu2026 is great","y":"bearer bond2024x","z":"Token ring2000 and token: ring2000"}"#,
        r#"{"x":"Token for the parking garage, ApiKey wanted","y":"<tokenType>Bearer</tokenType>"}"#,
        r#"{"x":"<password></password>","y":"a > b: <token> is missing","z":"boarding pass: none"}"#,
        r#"{"field":"colour","data":"red","x":{"type":"RefreshToken","data":{"case":"7"}}}"#,
        r#"{"type":"RefreshToken","metadata":"x"}"#,
    ]);
}

/// The payload of an event, and what is listed, after all of redaction.
fn scrubbed(text: &str) -> (String, Vec<String>) {
    let mut redacted = redacted(text, &Redaction::default(), 0).unwrap();
    redacted.scrub_secrets();
    (redacted.text, redacted.list.finish())
}

#[test]
fn a_secret_by_its_name_is_one_wherever_it_stands() {
    for (text, expected, listed) in [
        (
            r#"{"note":"token is UNIQUE-99 ok","accessToken":"UNIQUE-99"}"#,
            r#"{"note":"token is *** ok","accessToken":"***"}"#,
            2,
        ),
        (
            r#"{"tokens":{"a":"UNIQUE-99"},"log":["UNIQUE-99","\u0055NIQUE-99x \"b\""],"n":1}"#,
            r#"{"tokens":{"a":"***"},"log":["***","***x \"b\""],"n":1}"#,
            3,
        ),
        (
            r#"{"x":"{\"password\":\"UNIQUE-99\"}","y":"UNIQUE-99","z":"UNIQUE-99 at https://h.example/?sig=a"}"#,
            r#"{"x":"{\"password\":\"***\"}","y":"***","z":"*** at ***"}"#,
            3,
        ),
        // Who writes the customer's number, or a date, behind the word takes neither out of the event.
        (
            r#"{"text":"password=+4915112345678","from":"+4915112345678"}"#,
            r#"{"text":"password=***","from":"+4915112345678"}"#,
            1,
        ),
        (
            r#"{"text":"password=2026-03-02","at":"2026-03-02T08:00:00Z"}"#,
            r#"{"text":"password=***","at":"2026-03-02T08:00:00Z"}"#,
            1,
        ),
        // Others may have these as well.
        (r#"{"token":"open","status":"open"}"#, r#"{"token":"***","status":"open"}"#, 1),
        (
            r#"{"password":"New York City","city":"New York City"}"#,
            r#"{"password":"***","city":"New York City"}"#,
            1,
        ),
        (r#"{"password":12345678,"order":12345678}"#, r#"{"password":"***","order":12345678}"#, 1),
    ] {
        let (found, list) = scrubbed(text);
        assert_eq!((found.as_str(), list.len()), (expected, listed), "{text}");
    }
    // What the configuration names goes where it says.
    let rules = vec![rule("/mail", RedactionAction::Mask)];
    let mut found =
        redacted(r#"{"mail":"a@example.test","text":"a@example.test"}"#, &only(rules), 0).unwrap();
    found.scrub_secrets();
    assert_eq!(found.text, r#"{"mail":"***","text":"a@example.test"}"#);
}
