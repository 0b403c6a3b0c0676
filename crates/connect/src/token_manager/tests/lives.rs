//! Lives of tokens and clocks that differ: the table of `docs/logins.md`, row by row.

use trunkline_systems::ClientAuthentication;

use super::*;

const DAY: u64 = 24 * 60 * 60;

/// What was seen: requests until there is a token, seconds until it is replaced, seconds until it ends.
type Seen = (usize, u64, u64);

/// An issuer whose clock is ahead of ours by so many seconds, and which tells this life.
async fn issuer(expires_in: Option<u64>, ahead: i64) -> Stub {
    Stub::start(move |asked| {
        let now = crate::wire::unix_seconds() + ahead;
        let date = chrono::DateTime::from_timestamp(now, 0).unwrap();
        let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        // As Salesforce: an assertion ends after now and within five minutes, by the issuer's clock.
        let ends = asked.body.contains("assertion=").then(|| end_of_assertion(&asked.body));
        let good = ends.is_none_or(|ends| ends > now && ends <= now + 300);
        let life = expires_in.map_or(String::new(), |seconds| format!(r#","expires_in":{seconds}"#));
        match good {
            true => Reply::json(200, &format!(r#"{{"access_token":"t"{life}}}"#)),
            false => Reply::json(400, r#"{"error":"invalid_grant"}"#),
        }
        .header("date", &date)
    })
    .await
}

async fn seen(proof: Proof, expires_in: Option<u64>, ahead: i64) -> Seen {
    let stub = issuer(expires_in, ahead).await;
    let token = manager_of(&login(&stub, proof, None), &stub.url, SHORT).0.token(soon()).await.unwrap();
    let seconds = |at: Instant| (at - token.issued).as_secs();
    (stub.asked("/token").len(), seconds(token.refresh_at), seconds(token.expires))
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end_whatever_its_life_and_the_issuers_clock() {
    let client = || Proof::Client(client(ClientAuthentication::Form));
    let key = assertion::tests::key().0;
    let assertion = || Proof::Assertion {
        client_id: "app".to_owned(),
        username: "user".to_owned(),
        audience: "https://login".to_owned(),
        private_key: key.clone().into(),
    };
    for (expires_in, replaced, ends) in
        [(Some(30), 24, 30), (Some(DAY), DAY - 300, DAY), (None, 720, 900), (Some(0), 720, 900)]
    {
        for (ahead, requests_with_assertion) in [(-300, 2), (0, 1), (300, 2)] {
            let case = format!("{expires_in:?} {ahead}");
            assert_eq!(seen(client(), expires_in, ahead).await, (1, replaced, ends), "{case}");
            let expected = (requests_with_assertion, replaced, ends);
            assert_eq!(seen(assertion(), expires_in, ahead).await, expected, "{case} assertion");
        }
    }
}
