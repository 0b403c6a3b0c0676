//! Secrets in texts, and texts that only look as if they had one.

use super::*;

fn of(text: &str) -> String {
    masked(text).unwrap_or_else(|| text.to_owned())
}

#[test]
fn secrets_are_masked_wherever_they_stand_in_a_text() {
    for (text, expected) in [
        // Addresses.
        ("see https://bucket.example/k?X-Amz-Signature=abc, please", "see ***, please"),
        ("(https://api.example/x?access_token=abc)", "(***)"),
        ("https://user:pass@host.example/", "***"),
        ("ftp://user:pa55@files.example and more", "*** and more"),
        ("wss://streams.example/channels?token=abc", "***"),
        ("postgres://app:pw@db.example:5432/calls", "***"),
        ("mongodb+srv://app:pw@db.example", "***"),
        ("a https://one.example/ b https://two.example/?sig=abc c", "a https://one.example/ b *** c"),
        ("https://go.example/?to=https%3A%2F%2Fx.example%2F%3Fjwt%3Dabc", "***"),
        ("https://h.example/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "https://h.example/***"),
        // Schemes.
        ("Bearer s3cret", "***"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz\nHost: x", "Authorization: ***\nHost: x"),
        ("sent with bearer ABCdefGHIjklMNOpqr.", "sent with ***."),
        ("BEARER%20a1b2c3d4", "***"),
        ("curl -H 'Authorization: Basic YWRhOnMzY3JldA=='", "curl -H 'Authorization: ***'"),
        ("basic dXNlcjpwYXNz", "***"),
        ("Basic dXNlcjpwYXNzd29yZA and on", "*** and on"),
        // Web tokens: signed, encrypted, with an empty key, without a signature, cut off.
        ("my eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl.", "my ***."),
        ("eyJhbGciOiJSU0EifQ.a2V5.aXY.dGV4dA.dGFn", "***"),
        ("<eyJhbGciOiJkaXIifQ..aXY.dGV4dA.dGFn>", "<***>"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "***."),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi", "***"),
        // Assignments.
        (
            "grant_type=client_credentials&client_secret=a1-b2-c3&scope=x",
            "grant_type=client_credentials&client_secret=***&scope=x",
        ),
        ("Server=db;Password=Tr0ub4dor&3;Timeout=5", "Server=db;Password=***&3;Timeout=5"),
        ("DefaultEndpoints=x;AccountKey=bXkga2V5IGlzIGxvbmc=;y", "DefaultEndpoints=x;AccountKey=***;y"),
        ("my password: hunter2!", "my password: ***"),
        ("x-api-key: 0123456789abcdef", "x-api-key: ***"),
        (r#"body {"access_token":"abc", "n": 1"#, r#"body {"access_token":"***", "n": 1"#),
        (r#"{\"apiKey\": \"abc\"}"#, r#"{\"apiKey\": \"***\"}"#),
        ("/download?id=7&token=abcdef012345", "/download?id=7&token=***"),
        ("Signature=8f14e45fceea167a5a36dedd4bea2543", "Signature=***"),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn texts_that_only_look_as_if_they_had_a_secret_stay() {
    for text in [
        "Bearer of bad news",
        "The bearer is entitled to a refund",
        "bearer authentication is what we use",
        "Bearer token authorization",
        "forbearer a1b2c3d4",
        "Basic plan, 2026 prices",
        "basic information about my order",
        "Basic English",
        "Basic 1234567",
        "What is ?token= for",
        "append ?token= and &sig= to it",
        "my token: thanks",
        "token: I have lost it",
        "password: forgotten",
        "Password = reset please",
        "secret=yes",
        "token=1",
        "key: a1b2c3d4",
        "the code is: 483920",
        "nextPageToken=abcdef0123456789",
        "https://shop.example/list?pageToken=abcdef0123456789",
        "https://app.example/care?redirect=no#/care/tab/1/case/2",
        "mailto:ada@example.test or sip:ada@example.test",
        "https://app.example/@ada:matrix.example",
        "call me at 10:30, or 11:45",
        "eyJ is how a token begins. Is it not. Or is it",
        "eyJ.a.b",
        "keyJust.some.words",
        "eyJvZmZzZXQiOjEwMH0",
        "a = b; c = d",
        "://",
        "",
        "Größe=überall",
    ] {
        assert_eq!(of(text), text);
    }
}

#[test]
fn no_text_takes_long() {
    const BYTES: usize = 1 << 20;
    for unit in [
        "token:",
        "token=",
        "token:\"",
        "\"token\": ",
        "bearer ",
        "bearer+",
        "basic/",
        "eyJ.",
        "eyJ",
        "a://",
        "a",
        ":",
        "=",
        "://a?",
        "password: x ",
        "eyJhbGciOi.",
        "é=",
        "\\\"",
        "token: \\",
        "a:b@",
        "%253D",
        "basic YTpi ",
        ":token>",
        "<token>",
        "<token>a",
        "//",
        "//a?",
        "%3A%2F%2F",
        "a%3A%2F%2F",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "-----BEGIN PRIVATE KEY-----END ",
        "token ",
        "token a1b2c3d4e5f6g7h8 ",
    ] {
        let text = unit.repeat(BYTES / unit.len());
        let began = std::time::Instant::now();
        masked(&text);
        // A fiftieth of it is usual; what grows with the square takes minutes.
        assert!(began.elapsed().as_secs() < 5, "{unit}: {:?}", began.elapsed());
    }
}
