//! Genesys Cloud as its contract says.

use serde_json::{Value, json};
use trunkline_load::customers::{self, Customer};
use trunkline_load::external_contact::ExternalContact;
use trunkline_load::numbers::{Numbering, Population};
use trunkline_simulators::http::{Answer, Call, Door};
use trunkline_simulators::quota::{Rule, Window};
use trunkline_simulators::{Credentials, Genesys, Simulator};
use uuid::Uuid;

use crate::support::{NOW, basic, form};

const CONVERSATION: &str = "2f7bf00a-0fc2-4d6a-9b56-92238191433e";
const PARTICIPANT: &str = "9fb2ca78-8389-4758-b76a-9b0300de1fce";

fn genesys(calls: u32) -> (Genesys, Credentials) {
    let credentials = Credentials::random();
    let rule = Rule { calls, window_ms: 60_000, window: Window::FromFirstCall, counted_every_ms: 0 };
    (Genesys::new(&credentials, Some(rule), 86_400, Population::new(500), NOW), credentials)
}

fn token_call(credentials: &Credentials) -> Call {
    form(Call::new("POST", "/oauth/token").by(Door::Login), "grant_type=client_credentials").with_header(
        "Authorization",
        &basic(&credentials.genesys_client_id, &credentials.genesys_client_secret),
    )
}

fn token(genesys: &mut Genesys, credentials: &Credentials) -> String {
    let answer = genesys.answer(&token_call(credentials), NOW);
    answer.body_json()["access_token"].as_str().unwrap().to_owned()
}

fn attributes_path() -> String {
    format!("/api/v2/conversations/{CONVERSATION}/participants/{PARTICIPANT}/attributes")
}

fn contact_path(id: Uuid) -> String {
    format!("/api/v2/externalcontacts/contacts/{id}")
}

fn patch(token: &str, body: &Value) -> Call {
    Call::new("PATCH", &attributes_path())
        .with_header("Authorization", &format!("Bearer {token}"))
        .with_json(body)
}

#[test]
fn the_login_host_gives_tokens_to_whom_it_knows() {
    let (mut genesys, credentials) = genesys(300);
    let good = genesys.answer(&token_call(&credentials), NOW);
    assert_eq!(good.status, 200);
    assert_eq!(good.body_json()["token_type"], "bearer");
    assert_eq!(good.body_json()["expires_in"], 86_400);
    assert_eq!(good.credential.as_deref(), Some("trunkline-genesys"));

    let login = || Call::new("POST", "/oauth/token").by(Door::Login);
    let cases = [
        (form(login(), "grant_type=client_credentials"), 400, "invalid_request"),
        (
            form(login(), "grant_type=client_credentials")
                .with_header("Authorization", &basic("trunkline-genesys", "guess")),
            401,
            "invalid_client",
        ),
        (form(token_call(&credentials), "grant_type=password"), 400, "unsupported_grant_type"),
        (
            form(token_call(&credentials), "grant_type=client_credentials&scope=user%3Aread+admin"),
            400,
            "invalid_scope",
        ),
    ];
    for (call, status, error) in cases {
        let answer = genesys.answer(&call, NOW);
        // OAuth's shape, not that of the API's errors.
        assert_eq!((answer.status, answer.body_json()["error"].as_str()), (status, Some(error)));
        assert!(answer.body_json().get("code").is_none());
    }
    // The API host has no token endpoint: it wants a token.
    assert_eq!(genesys.answer(&token_call(&credentials).by(Door::Api), NOW).status, 401);
}

#[test]
fn a_token_is_good_for_what_it_was_asked_for() {
    let (mut genesys, credentials) = genesys(300);
    let bearer = |genesys: &mut Genesys, scope: &str| {
        let request = format!("grant_type=client_credentials&scope={scope}");
        let answer = genesys.answer(&form(token_call(&credentials), &request), NOW);
        format!("Bearer {}", answer.body_json()["access_token"].as_str().unwrap())
    };
    let contact = format!("/api/v2/externalcontacts/reversewhitepageslookup?lookupVal={}", "a%40b.example");
    let reads = || Call::new("GET", &attributes_path());
    let writes = || Call::new("PATCH", &attributes_path()).with_json(&json!({"attributes": {"a": "b"}}));
    let finds = || Call::new("GET", &contact);
    for (scope, statuses) in [
        ("", [200, 200, 200]),
        ("conversations", [200, 200, 403]),
        ("conversations%3Areadonly", [200, 403, 403]),
        ("external-contacts%3Areadonly+user%3Aread", [403, 403, 200]),
    ] {
        let bearer = bearer(&mut genesys, scope);
        let answers = [reads(), writes(), finds()]
            .map(|call| genesys.answer(&call.with_header("Authorization", &bearer), NOW));
        assert_eq!(answers.each_ref().map(|answer| answer.status), statuses, "{scope}");
        for refused in answers.iter().filter(|answer| answer.status == 403) {
            assert_eq!(refused.body_json()["code"], "not.authorized", "{scope}");
        }
    }
}

#[test]
fn errors_have_the_platforms_codes_and_its_correlation_id() {
    let (mut genesys, credentials) = genesys(300);
    let token = token(&mut genesys, &credentials);
    let bearer = format!("Bearer {token}");
    let with = |call: Call| call.with_header("Authorization", &bearer);
    let unknown = format!(
        "/api/v2/conversations/00000000-0fc2-4d6a-9b56-92238191433e/participants/{PARTICIPANT}/attributes"
    );
    let cases = [
        (Call::new("GET", &attributes_path()), 401, "authentication.required"),
        (
            Call::new("GET", &attributes_path()).with_header("Authorization", "Bearer other"),
            401,
            "bad.credentials",
        ),
        (with(Call::new("GET", "/api/v2/nothing")), 404, "not.found"),
        (with(Call::new("GET", "/api/v2/conversations/17")), 400, "bad.request"),
        (with(Call::new("PATCH", &unknown)), 404, "not.found"),
        (with(Call::new("DELETE", &attributes_path())), 405, "method.not.allowed"),
        (
            with(Call::new("PATCH", &attributes_path()).with_body("text/plain", b"{}")),
            415,
            "unsupported.media.type",
        ),
        (
            with(Call::new("PATCH", &attributes_path()).with_body("application/json", b"{")),
            400,
            "bad.request",
        ),
        (with(Call::new("GET", "/api/v2/externalcontacts/contacts/C-000001")), 400, "bad.request"),
        (with(Call::new("GET", &contact_path(customers::contact(501)))), 404, "not.found"),
        (with(Call::new("DELETE", &contact_path(customers::contact(1)))), 405, "method.not.allowed"),
        (with(Call::new("GET", "/api/v2/externalcontacts/reversewhitepageslookup")), 400, "bad.request"),
        (Call::new("GET", &contact_path(customers::contact(1))), 401, "authentication.required"),
        (patch(&token, &json!({})), 400, "bad.request"),
        (patch(&token, &json!({"attributes": {"tier": 3}})), 400, "invalid.value"),
    ];
    for (call, status, code) in cases {
        let answer = genesys.answer(&call, NOW);
        let body = answer.body_json();
        assert_eq!(
            (answer.status, body["code"].as_str()),
            (status, Some(code)),
            "{} {}",
            call.method,
            call.target
        );
        assert_eq!(body["status"], status);
        assert_eq!(body["contextId"].as_str(), answer.header_value("ININ-Correlation-Id"));
        assert!(!answer.effect);
    }
}

#[test]
fn attributes_merge_and_only_a_change_is_an_effect() {
    let (mut genesys, credentials) = genesys(300);
    let token = token(&mut genesys, &credentials);
    let steps = [
        (json!({"a": "1", "b": "1"}), json!({"a": "1", "b": "1"}), true),
        (json!({"b": "2"}), json!({"a": "1", "b": "2"}), true),
        (json!({"b": "2"}), json!({"a": "1", "b": "2"}), false),
    ];
    for (changes, expected, effect) in steps {
        let answer = genesys.answer(&patch(&token, &json!({"attributes": changes})), NOW);
        assert_eq!(
            (answer.status, &answer.body_json()["attributes"], answer.effect),
            (200, &expected, effect)
        );
        assert_eq!(answer.resource, Some(format!("genesys/participant/{CONVERSATION}/{PARTICIPANT}")));
        assert!(answer.keep_body);
    }
    let bearer = format!("Bearer {token}");
    let get = Call::new("GET", &attributes_path()).with_header("Authorization", &bearer);
    assert_eq!(genesys.answer(&get, NOW).body_json(), json!({"attributes": {"a": "1", "b": "2"}}));
    let get = Call::new("GET", &format!("/api/v2/conversations/{CONVERSATION}"))
        .with_header("Authorization", &bearer);
    let conversation = genesys.answer(&get, NOW).body_json();
    assert_eq!(conversation["participants"][0]["id"], PARTICIPANT);
    assert_eq!(conversation["participants"][0]["attributes"]["b"], "2");
}

/// Each contact tells what it is to tell: the customer's number, a way to reach them, or nothing to find anybody by.
#[test]
fn contacts_tell_how_their_customers_can_be_found() {
    let (mut genesys, credentials) = genesys(100_000);
    let bearer = format!("Bearer {}", token(&mut genesys, &credentials));
    let mut get = |id: Uuid| {
        let path = format!("{}?expand=externalDataSources", contact_path(id));
        let answer = genesys.answer(&Call::new("GET", &path).with_header("Authorization", &bearer), NOW);
        assert_eq!((answer.status, answer.resource.clone()), (200, Some(format!("genesys/contact/{id}"))));
        assert!(answer.header_value("inin-ratelimit-count").is_some(), "it counts");
        answer.body_json()
    };
    let (mut merged, mut without_number, mut without_anything) = (0, 0, 0);
    for customer in (1..=500).map(Customer::of) {
        let contact = ExternalContact::of(&customer);
        let body = get(customer.contact_id);
        assert_eq!(body["id"], customer.contact_id.to_string());
        assert_eq!(body["lastName"], customer.name);
        let told = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let numbers = Numbering::PerSystem.of(&customer);
        for (index, number) in [numbers.salesforce, numbers.sap, numbers.servicenow].into_iter().enumerate() {
            assert_eq!(told(&format!("/externalIds/{index}/value")), contact.has_numbers.then_some(number));
        }
        assert_eq!((told("/workPhone/e164"), told("/workEmail")), (contact.phone.clone(), contact.email));
        assert_eq!(told("/canonicalContact/id"), contact.canonical.map(|id| id.to_string()));
        if let Some(canonical) = contact.canonical {
            let of_canonical = get(canonical);
            assert_eq!(of_canonical["id"], canonical.to_string());
            assert_eq!(of_canonical["externalIds"], body["externalIds"]);
        }
        merged += usize::from(contact.canonical.is_some());
        without_number += usize::from(!contact.has_numbers);
        without_anything += usize::from(contact.phone.is_none());
    }
    assert!(merged > 0 && without_number > without_anything && without_anything > 0);
}

#[test]
fn the_command_is_recognised_wherever_it_is_named() {
    let (mut genesys, credentials) = genesys(300);
    let token = token(&mut genesys, &credentials);
    let body = json!({"attributes": {"trunkline.commandId": "c-1", "tier": "GOLD"}});
    let cases = [
        (patch(&token, &body), Some("c-1")),
        (patch(&token, &body).with_header("Idempotency-Key", "k-1"), Some("k-1")),
        (patch(&token, &json!({"attributes": {"tier": "GOLD"}})), None),
    ];
    for (call, key) in cases {
        assert_eq!(genesys.answer(&call, NOW).idempotency_key.as_deref(), key);
    }
}

#[test]
fn the_rate_limit_is_told_on_success_and_enforced_per_window() {
    let (mut genesys, credentials) = genesys(2);
    let token = token(&mut genesys, &credentials);
    let call = Call::new("GET", &attributes_path()).with_header("Authorization", &format!("Bearer {token}"));
    let limits = |answer: &Answer| {
        ["inin-ratelimit-count", "inin-ratelimit-allowed", "inin-ratelimit-reset", "Retry-After"]
            .map(|name| answer.header_value(name).map(|value| value.parse::<i64>().unwrap()))
    };
    let first = genesys.answer(&call, NOW);
    assert_eq!(limits(&first), [Some(1), Some(2), Some(60), None]);
    let second = genesys.answer(&call, NOW + 17_500);
    assert_eq!(limits(&second), [Some(2), Some(2), Some(43), None]);
    let third = genesys.answer(&call, NOW + 18_000);
    assert_eq!((third.status, limits(&third)), (429, [None, None, None, Some(42)]));
    let captured = json!({
        "message": "Rate limit exceeded the maximum. Retry the request in [42] seconds",
        "code": "too.many.requests.retry.after", "status": 429, "details": [], "errors": [],
        "contextId": third.header_value("ININ-Correlation-Id"),
    });
    assert_eq!(third.body_json(), captured);
    assert_eq!(genesys.answer(&call, NOW + 60_000).status, 200);
    let usage = &genesys.quota(NOW + 60_000)[0];
    assert_eq!(
        (usage.credential.as_str(), usage.count, usage.peak, usage.refused),
        ("trunkline-genesys", 1, 2, 1)
    );
}

#[test]
fn tokens_expire_and_can_be_revoked() {
    let (mut genesys, credentials) = genesys(300);
    let first = token(&mut genesys, &credentials);
    let get = |token: &str| {
        Call::new("GET", &attributes_path()).with_header("Authorization", &format!("Bearer {token}"))
    };
    let expired = genesys.answer(&get(&first), NOW + 86_400_000);
    assert_eq!((expired.status, expired.body_json()["code"].as_str()), (401, Some("credentials.expired")));
    let second = token(&mut genesys, &credentials);
    genesys.revoke_tokens();
    let revoked = genesys.answer(&get(&second), NOW);
    assert_eq!((revoked.status, revoked.body_json()["code"].as_str()), (401, Some("bad.credentials")));
    assert_eq!(genesys.issued().len(), 2);
}

#[test]
fn contacts_are_found_by_their_phone_numbers_and_addresses_unless_they_are_not_listed() {
    let (mut genesys, credentials) = genesys(10_000);
    let token = token(&mut genesys, &credentials);
    let mut seen = [0; 3];
    for number in 1..=500 {
        let customer = customers::Customer::of(number);
        let contact = trunkline_load::external_contact::ExternalContact::of(&customer);
        for address in [contact.phone.clone(), contact.email.clone()].into_iter().flatten() {
            let query = address.replace('+', "%2B");
            let path = format!("/api/v2/externalcontacts/reversewhitepageslookup?lookupVal={query}");
            let call = Call::new("GET", &path).with_header("Authorization", &format!("Bearer {token}"));
            let found = genesys.answer(&call, NOW).body_json();
            let found = found["contacts"].as_array().unwrap();
            let id = contact.canonical.unwrap_or(contact.id).to_string();
            assert_eq!(found.iter().any(|found| found["id"] == id), contact.is_listed, "{address}");
            seen[found.len()] += 1;
        }
    }
    assert!(seen.iter().all(|times| *times > 10), "none, one and two are found: {seen:?}");
}
