//! ServiceNow as its contract says.

use serde_json::{Value, json};
use trunkline_load::customers::Customer;
use trunkline_load::numbers::Population;
use trunkline_simulators::http::{Answer, Call};
use trunkline_simulators::quota::{Rule, Window};
use trunkline_simulators::{Credentials, ServiceNow, Simulator};

use crate::support::{NOW, basic, encoded, form};

struct Instance {
    servicenow: ServiceNow,
    credentials: Credentials,
    bearer: String,
}

fn instance(quota: Option<Rule>) -> Instance {
    let credentials = Credentials::random();
    let servicenow = ServiceNow::new(&credentials, quota, 1800, Population::new(500), NOW);
    let mut instance = Instance { servicenow, credentials, bearer: String::new() };
    instance.bearer = format!("Bearer {}", instance.token().body_json()["access_token"].as_str().unwrap());
    instance
}

impl Instance {
    fn token(&mut self) -> Answer {
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            self.credentials.servicenow_client_id, self.credentials.servicenow_client_secret
        );
        self.servicenow.answer(&form(Call::new("POST", "/oauth_token.do"), &body), NOW)
    }

    fn send(&mut self, call: Call, now_ms: i64) -> Answer {
        self.servicenow.answer(&call.with_header("Authorization", &self.bearer), now_ms)
    }

    fn get(&mut self, target: &str) -> Answer {
        self.send(Call::new("GET", target), NOW)
    }
}

#[test]
fn a_token_has_the_platforms_shape() {
    let mut instance = instance(None);
    let token = instance.token().body_json();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(1799)));
    let wrong = form(
        Call::new("POST", "/oauth_token.do"),
        "grant_type=client_credentials&client_id=a&client_secret=b",
    );
    let answer = instance.servicenow.answer(&wrong, NOW);
    assert_eq!((answer.status, answer.body_json()["error"].as_str()), (401, Some("invalid_client")));
}

#[test]
fn statistics_and_table_agree_on_the_open_tickets() {
    let mut instance = instance(None);
    for customer in (1..=500).map(Customer::of) {
        let query = encoded(&format!("active=true^correlation_display={}", customer.id));
        let stats =
            instance.get(&format!("/api/now/stats/incident?sysparm_query={query}&sysparm_count=true"));
        assert_eq!(
            stats.body_json(),
            json!({"result": {"stats": {"count": customer.open_tickets.to_string()}}})
        );
        let table = instance.get(&format!(
            "/api/now/table/incident?sysparm_query={query}&sysparm_fields=sys_id&sysparm_limit=1"
        ));
        assert_eq!(table.header_value("X-Total-Count"), Some(customer.open_tickets.to_string().as_str()));
        assert_eq!(
            table.body_json()["result"].as_array().unwrap().len(),
            customer.open_tickets.min(1) as usize
        );
    }
    let grouped =
        instance.get("/api/now/stats/incident?sysparm_count=true&sysparm_group_by=active").body_json();
    assert_eq!(grouped["result"][0]["groupby_fields"], json!([{"field": "active", "value": "false"}]));
    assert!(grouped["result"][0]["stats"]["count"].is_string());
}

#[test]
fn no_match_is_an_error_in_version_1_only() {
    let mut instance = instance(None);
    let none = "sysparm_query=number%3DINC0";
    let first = instance.get(&format!("/api/now/v1/table/incident?{none}"));
    let captured = json!({
        "error": {
            "message": "No Record found",
            "detail": "Records matching query not found. Check query parameter or offset parameter",
        },
        "status": "failure",
    });
    assert_eq!((first.status, first.body_json()), (404, captured.clone()));
    for version in ["", "/v2"] {
        let answer = instance.get(&format!("/api/now{version}/table/incident?{none}"));
        assert_eq!((answer.status, answer.body_json()), (200, json!({"result": []})));
    }
    let single = instance.get("/api/now/table/incident/0123");
    assert_eq!((single.status, single.body_json()), (404, captured));
    let unknown = instance.get("/api/now/table/nonsense");
    assert_eq!((unknown.status, unknown.body_json()["error"]["detail"].clone()), (400, Value::Null));
}

#[test]
fn pages_are_linked() {
    let mut instance = instance(None);
    let answer = instance
        .get("/api/now/table/incident?sysparm_limit=10&sysparm_offset=10&sysparm_query=ORDERBYnumber");
    let link = answer.header_value("Link").unwrap();
    for relation in ["first", "prev", "next", "last"] {
        assert!(link.contains(&format!("rel=\"{relation}\"")), "{link}");
    }
    assert!(link.contains("sysparm_offset=20>;rel=\"next\""), "{link}");
}

#[test]
fn values_are_text_and_a_version_counts_the_changes() {
    let mut instance = instance(None);
    let create = Call::new("POST", "/api/now/table/incident")
        .with_json(&json!({"short_description": "No dial tone", "priority": 2, "active": true, "correlation_id": "cmd-1"}));
    let created = instance.send(create, NOW);
    let record = created.body_json()["result"].clone();
    assert_eq!(
        (created.status, created.effect, created.idempotency_key.as_deref()),
        (201, true, Some("cmd-1"))
    );
    assert_eq!(
        (&record["priority"], &record["active"], &record["sys_mod_count"]),
        (&json!("2"), &json!("true"), &json!("0"))
    );
    assert_eq!(record["sys_created_on"].as_str().unwrap().len(), "2016-01-22 14:28:24".len());
    let path = format!("/api/now/v2/table/incident/{}", record["sys_id"].as_str().unwrap());
    for (method, body, count, effect) in [
        ("PATCH", json!({"priority": "1"}), "1", true),
        ("PUT", json!({"priority": "1"}), "1", false),
        ("PATCH", json!({"priority": "3", "sys_mod_count": "77"}), "2", true),
    ] {
        let answer = instance.send(Call::new(method, &path).with_json(&body), NOW);
        let found = (answer.status, answer.body_json()["result"]["sys_mod_count"].clone(), answer.effect);
        assert_eq!(found, (200, json!(count), effect), "{method} {body}");
    }
    let shown =
        instance.get(&format!("{path}?sysparm_display_value=all&sysparm_fields=priority")).body_json();
    assert_eq!(shown, json!({"result": {"priority": {"display_value": "3", "value": "3"}}}));
    assert_eq!(instance.send(Call::new("DELETE", &path), NOW).status, 204);
    assert_eq!(instance.get(&path).status, 404);
}

#[test]
fn a_rate_rule_shows_in_headers_and_is_enforced_late() {
    let rule = Rule { calls: 2, window_ms: 3_600_000, window: Window::Aligned, counted_every_ms: 30_000 };
    let mut instance = instance(Some(rule));
    let call = || Call::new("GET", "/api/now/table/incident?sysparm_limit=1");
    let first = instance.send(call(), NOW + 1000);
    assert_eq!(first.header_value("X-RateLimit-Limit"), Some("2"));
    assert_eq!(
        first.header_value("X-RateLimit-Reset"),
        Some(((NOW + 3_600_000) / 1000).to_string().as_str())
    );
    assert!(first.header_value("X-RateLimit-Rule").is_some());
    for offset in 2..10 {
        assert_eq!(instance.send(call(), NOW + offset * 1000).status, 200);
    }
    let refused = instance.send(call(), NOW + 30_000);
    let captured = json!({
        "error": {"message": "Rate limit exceeded", "detail": "Rate limit of 2 requests per hour for Table API exceeded"},
        "status": "failure",
    });
    assert_eq!((refused.status, refused.body_json()), (429, captured));
    assert_eq!(refused.header_value("Retry-After"), Some("3570"));
    // The token has expired by then; the same user by Basic has the same quota.
    let user =
        basic(&instance.credentials.servicenow_client_id, &instance.credentials.servicenow_client_secret);
    let mut later = |offset_ms| {
        instance.servicenow.answer(&call().with_header("Authorization", &user), NOW + offset_ms).status
    };
    assert_eq!((later(3_599_999), later(3_600_000)), (429, 200));
    let mut without = self::instance(None);
    assert_eq!(without.send(call(), NOW).header_value("X-RateLimit-Limit"), None);
}

#[test]
fn whoever_is_unknown_is_told_so() {
    let mut instance = instance(None);
    let call = || Call::new("GET", "/api/now/table/incident?sysparm_limit=1");
    let answer = instance.servicenow.answer(&call(), NOW);
    assert_eq!((answer.status, answer.body_json()["status"].as_str()), (401, Some("failure")));
    assert_eq!(instance.send(call(), NOW + 1_800_000).status, 401);
    let user =
        basic(&instance.credentials.servicenow_client_id, &instance.credentials.servicenow_client_secret);
    assert_eq!(instance.servicenow.answer(&call().with_header("Authorization", &user), NOW).status, 200);
    instance.servicenow.revoke_tokens();
    assert_eq!(instance.send(call(), NOW).status, 401);
}

#[test]
fn conditions_reach_referenced_records_and_unknown_ones_are_ignored() {
    let mut instance = instance(None);
    let customer = (1..).map(Customer::of).find(|customer| customer.open_tickets == 3).unwrap();
    let mut count = |query: &str| {
        let query = encoded(query);
        let stats =
            instance.get(&format!("/api/now/stats/incident?sysparm_query={query}&sysparm_count=true"));
        stats.body_json()["result"]["stats"]["count"].as_str().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(count(&format!("active=true^caller_id.user_name=cust.{:06}", customer.number)), 3);
    assert_eq!(count(&format!("active=true^caller_id.email={}", customer.email)), 3);
    assert!(count("active=true^u_nonsense=x") > 500, "as if the condition were not there");
}

#[test]
fn the_dictionary_says_which_fields_a_table_has() {
    let mut instance = instance(None);
    let mut list = |table: &str, query: &str| {
        let query = encoded(query);
        instance.get(&format!("/api/now/table/{table}?sysparm_query={query}")).body_json()["result"].clone()
    };
    assert_eq!(list("sys_db_object", "name=incident")[0]["super_class.name"], "task");
    let caller = list("sys_dictionary", "name=incident^element=caller_id");
    assert_eq!(caller[0]["reference"], "sys_user");
    assert_eq!(list("sys_dictionary", "name=incident^element=correlation_display"), json!([]));
    assert_eq!(list("sys_dictionary", "name=task^element=correlation_display").as_array().unwrap().len(), 1);
}

/// No word is said of a field that the user may not read: it is not in the answers.
#[test]
fn hidden_fields_are_left_out_of_records_and_nothing_else() {
    let mut instance = instance(None);
    let hidden = ["sys_user.email", "incident.priority"].map(str::to_owned);
    instance.servicenow.hide(&hidden);
    let mut first = |table: &str, query: &str| {
        instance.get(&format!("/api/now/table/{table}?sysparm_limit=1&{query}")).body_json()["result"][0]
            .clone()
    };
    let user = first("sys_user", "sysparm_fields=user_name,email");
    assert!(user.get("user_name").is_some() && user.get("email").is_none(), "{user}");
    let incident = first("incident", "sysparm_fields=number,priority,caller_id.email,caller_id.phone");
    let shown: Vec<&String> = incident.as_object().unwrap().keys().collect();
    assert_eq!(shown, ["caller_id.phone", "number"]);
    let customer = Customer::of(1);
    let query = encoded(&format!("email={}", customer.email));
    assert_eq!(first("sys_user", &format!("sysparm_query={query}"))["phone"], customer.phone);
    let of_email = encoded("name=sys_user^element=email");
    assert_eq!(first("sys_dictionary", &format!("sysparm_query={of_email}"))["element"], "email");
}
