//! NICE CXone as its contract says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use trunkline_load::generator::CXONE_TENANT;
use trunkline_simulators::http::{Call, Door};
use trunkline_simulators::{Credentials, Cxone, Simulator};

use crate::support::{NOW, basic, form};

fn cxone() -> (Cxone, Credentials) {
    let credentials = Credentials::random();
    let cxone = Cxone::new(&credentials, None, 3600, "http://auth".into(), "http://api".into());
    (cxone, credentials)
}

fn token_call(credentials: &Credentials, body: &str) -> Call {
    form(Call::new("POST", "/auth/token").by(Door::Login), body)
        .with_header("Authorization", &basic(&credentials.cxone_client_id, &credentials.cxone_client_secret))
}

fn password_grant(credentials: &Credentials) -> String {
    format!(
        "grant_type=password&username={}&password={}",
        credentials.cxone_access_key_id, credentials.cxone_access_key_secret
    )
}

fn tokens(cxone: &mut Cxone, credentials: &Credentials) -> Value {
    cxone.answer(&token_call(credentials, &password_grant(credentials)), NOW).body_json()
}

#[test]
fn an_access_key_buys_tokens_that_name_the_tenant() {
    let (mut cxone, credentials) = cxone();
    let tokens = tokens(&mut cxone, &credentials);
    let claims = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["tenantId"], CXONE_TENANT);
    assert_eq!(tokens["expires_in"], 3600);

    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap());
    assert_eq!(cxone.answer(&token_call(&credentials, &refresh), NOW).status, 200);
    let cases = [
        (token_call(&credentials, "grant_type=client_credentials"), 400, "unsupported_grant_type"),
        (token_call(&credentials, "grant_type=password&username=x&password=y"), 400, "invalid_grant"),
        (form(Call::new("POST", "/auth/token").by(Door::Login), ""), 401, "invalid_client"),
    ];
    for (call, status, error) in cases {
        let answer = cxone.answer(&call, NOW);
        assert_eq!((answer.status, answer.body_json()["error"].as_str()), (status, Some(error)));
        assert!(answer.body_json()["errorDescription"].is_string());
    }
}

#[test]
fn discovery_says_where_the_hosts_are() {
    let (mut cxone, _) = cxone();
    let mut get = |target: &str| cxone.answer(&Call::new("GET", target).by(Door::Login), NOW);
    assert_eq!(
        get("/.well-known/openid-configuration").body_json()["token_endpoint"],
        "http://auth/auth/token"
    );
    let found = get(&format!("/.well-known/cxone-configuration?tenantId={CXONE_TENANT}"));
    assert_eq!(found.body_json()["api_endpoint"], "http://api");
    assert_eq!(get("/.well-known/cxone-configuration?tenantId=other").status, 404);
}

#[test]
fn business_data_is_kept_and_a_contact_takes_only_so_many_updates() {
    let (mut cxone, credentials) = cxone();
    let bearer = format!("Bearer {}", tokens(&mut cxone, &credentials)["access_token"].as_str().unwrap());
    let put = |contact: &str, value: &str| {
        Call::new("PUT", &format!("/Business-Data-Manager/v1/business-data/contact/{contact}"))
            .with_header("Authorization", &bearer)
            .with_json(&json!([{"tier": value}]))
    };
    let first = cxone.answer(&put("c1", "GOLD"), NOW);
    assert_eq!(
        (first.status, first.effect, first.resource.as_deref()),
        (204, true, Some("cxone/contact/c1"))
    );
    assert!(!cxone.answer(&put("c1", "GOLD"), NOW).effect);
    let accepted = (0..300).filter(|_| cxone.answer(&put("c1", "GOLD"), NOW).status == 204).count();
    assert_eq!(accepted, 248);
    let refused = cxone.answer(&put("c1", "GOLD"), NOW);
    assert_eq!((refused.status, refused.header_value("Retry-After")), (429, Some("4")));
    assert!(refused.body.is_empty() && refused.header_value("icStatusDescription").is_some());
    assert_eq!(cxone.answer(&put("c2", "GOLD"), NOW).status, 204);
    assert_eq!(cxone.answer(&put("c1", "GOLD"), NOW + 4000).status, 204);

    let detail = Call::new("GET", "/dfo/3.0/contacts/c1/detail").with_header("Authorization", &bearer);
    let fields = cxone.answer(&detail, NOW).body_json()["customFields"].clone();
    assert_eq!(fields, json!([{"ident": "tier", "value": "GOLD"}]));
    assert_eq!(cxone.answer(&Call::new("GET", "/dfo/3.0/contacts/c1/detail"), NOW).status, 401);
    cxone.revoke_tokens();
    assert_eq!(cxone.answer(&detail, NOW).status, 401);
}
