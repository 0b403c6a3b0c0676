//! SAP S/4HANA as its contract says.

use serde_json::{Value, json};
use trunkline_load::customers::Balance;
use trunkline_load::numbers::Population;
use trunkline_simulators::http::{Answer, Call};
use trunkline_simulators::{Credentials, Sap, Simulator};

use crate::support::{NOW, basic, encoded, form};

const PARTNERS: &str = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner";
const ITEMS: &str = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube";

struct Client {
    sap: Sap,
    authorization: String,
    /// CSRF token and cookies.
    session: Option<(String, String)>,
}

fn client() -> Client {
    let credentials = Credentials::random();
    let authorization = basic(&credentials.sap_username, &credentials.sap_password);
    Client {
        sap: Sap::new(&credentials, None, 1800, Population::new(500), NOW),
        authorization,
        session: None,
    }
}

impl Client {
    fn send(&mut self, mut call: Call, now_ms: i64) -> Answer {
        call = call.with_header("Authorization", &self.authorization);
        if let Some((token, cookies)) = &self.session {
            call = call.with_header("x-csrf-token", token).with_header("Cookie", cookies);
        }
        self.sap.answer(&call, now_ms)
    }

    fn get(&mut self, target: &str) -> Answer {
        self.send(Call::new("GET", target), NOW)
    }

    fn log_on(&mut self) {
        self.session = None;
        let answer = self.send(
            Call::new("GET", "/sap/opu/odata/sap/API_BUSINESS_PARTNER/").with_header("X-CSRF-Token", "Fetch"),
            NOW,
        );
        let cookies: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "Set-Cookie")
            .filter_map(|(_, value)| value.split(';').next())
            .collect();
        self.session = Some((answer.header_value("x-csrf-token").unwrap().to_owned(), cookies.join("; ")));
    }

    fn patch(&mut self, if_match: Option<&str>, body: &Value, now_ms: i64) -> Answer {
        let mut call = Call::new("PATCH", &format!("{PARTNERS}('1000000001')")).with_json(body);
        if let Some(etag) = if_match {
            call = call.with_header("If-Match", etag);
        }
        self.send(call, now_ms)
    }
}

#[test]
fn a_token_logs_on_as_a_password_does_until_it_ends_or_is_revoked() {
    let credentials = Credentials::random();
    let mut sap = Sap::new(&credentials, None, 1800, Population::new(500), NOW);
    let mut ask = |secret: &str, body: &str| {
        let call = form(Call::new("POST", "/sap/bc/sec/oauth2/token?sap-client=100"), body)
            .with_header("Authorization", &basic(&credentials.sap_client_id, secret));
        sap.answer(&call, NOW)
    };
    let grant = "grant_type=client_credentials";
    for (secret, body, status, error) in [
        ("wrong", grant.to_owned(), 401, "invalid_client"),
        (
            credentials.sap_client_secret.as_str(),
            "grant_type=password".to_owned(),
            400,
            "unsupported_grant_type",
        ),
        (credentials.sap_client_secret.as_str(), format!("{grant}&scope=ANOTHER_0001"), 400, "invalid_scope"),
    ] {
        let answer = ask(secret, &body);
        assert_eq!((answer.status, answer.body_json()["error"].as_str()), (status, Some(error)));
    }
    let granted =
        ask(credentials.sap_client_secret.as_str(), &format!("{grant}&scope=API_BUSINESS_PARTNER_0001"));
    let token = granted.body_json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(granted.body_json()["expires_in"], 1800);
    let read = Call::new("GET", PARTNERS).with_header("Authorization", &format!("Bearer {token}"));
    assert_eq!(sap.answer(&read, NOW + 1_799_999).status, 200);
    assert_eq!(sap.answer(&read, NOW + 1_800_000).status, 401);
    sap.revoke_tokens();
    assert_eq!(sap.answer(&read, NOW).status, 401);
}

#[test]
fn open_items_sum_to_the_customers_balance() {
    let mut client = client();
    for (customer, numbers) in Population::new(500).all() {
        let filter = format!("Customer eq '{}' and ClearingAccountingDocument eq ''", numbers.sap);
        let answer = client.get(&format!("{ITEMS}?$filter={}&$format=json", encoded(&filter)));
        let results = answer.body_json()["d"]["results"].as_array().unwrap().clone();
        let mut sums: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
        for item in &results {
            let amount: f64 = item["AmountInTransactionCurrency"].as_str().unwrap().parse().unwrap();
            let currency = item["TransactionCurrency"].as_str().unwrap().to_owned();
            *sums.entry(currency).or_default() += (amount * 100.0).round() as i64;
        }
        let balance = match sums.len() {
            0 => Balance::None,
            1 => Balance::Single {
                cents: *sums.values().next().unwrap(),
                currency: if sums.contains_key("EUR") { "EUR" } else { "USD" },
            },
            _ => Balance::Several,
        };
        assert_eq!(balance, customer.balance(), "{}", customer.id);
    }
}

#[test]
fn entities_and_collections_have_the_version_2_shape() {
    let mut client = client();
    let single = client
        .get(&format!("{PARTNERS}(%271000000001%27)?$format=json&$select=BusinessPartner,CreationDate"));
    let entity = &single.body_json()["d"];
    assert_eq!(entity["BusinessPartner"], "1000000001");
    assert!(entity["CreationDate"].as_str().unwrap().starts_with("/Date("));
    assert!(entity.get("BusinessPartnerName").is_none());
    assert_eq!(entity["__metadata"]["etag"].as_str(), single.header_value("etag"));
    let etag = single.header_value("etag").unwrap();
    assert!(
        etag.starts_with("W/\"datetimeoffset'") && etag.contains("%3A") && etag.ends_with("Z'\""),
        "{etag}"
    );

    let item = client.get(&format!("{ITEMS}?$top=1")).body_json()["d"]["results"][0].clone();
    let address = item["__metadata"]["uri"].as_str().unwrap().replace("http://localhost", "");
    assert_eq!(client.get(&address).body_json()["d"], item);

    let list = client.get(&format!("{PARTNERS}?$inlinecount=allpages&$top=2&$skip=1")).body_json();
    assert_eq!(list["d"]["__count"], "500");
    assert_eq!(list["d"]["results"][0]["BusinessPartner"], "1000000002");
    assert_eq!(list["d"]["results"].as_array().unwrap().len(), 2);
    assert!(list["d"]["results"][0]["to_Customer"]["__deferred"]["uri"].is_string());
}

#[test]
fn errors_carry_a_code_and_a_text_in_the_asked_language() {
    let mut client = client();
    let cases = [
        (format!("{PARTNERS}('C-999999')"), 404, "/IWBEP/CM_MGW_RT/020"),
        (format!("{PARTNERS}?$filter=Nonsense%20eq%201"), 400, "005056A509B11EE1B9A8FEC11C21578E"),
        (format!("{PARTNERS}?$filter=Customer%20is%201"), 400, "/IWFND/CM_MGW_RT/022"),
        ("/sap/opu/odata/sap/OTHER/Set".to_owned(), 403, "/IWFND/MED/170"),
    ];
    for (target, status, code) in cases {
        let answer = client.get(&target);
        let error = answer.body_json()["error"].clone();
        assert_eq!(
            (answer.status, error["code"].as_str(), error["message"]["lang"].as_str()),
            (status, Some(code), Some("en"))
        );
        assert!(error["innererror"]["errordetails"].is_array());
    }
    let german = client.get(&format!("{PARTNERS}('C-999999')?sap-language=DE")).body_json();
    assert_eq!(german["error"]["message"], json!({"lang": "de", "value": "Ressource wurde nicht gefunden"}));
    client.authorization = basic("TRUNKLINE", "guess");
    let refused = client.get(PARTNERS);
    assert_eq!((refused.status, refused.body_json()), (401, Value::Null));
    assert!(refused.header_value("WWW-Authenticate").is_some());
}

#[test]
fn a_write_needs_token_cookies_and_version() {
    let mut client = client();
    let body = json!({"SearchTerm2": "vip"});
    let required = |answer: &Answer| (answer.status, answer.header_value("x-csrf-token").map(str::to_owned));
    assert_eq!(required(&client.patch(Some("*"), &body, NOW)), (403, Some("Required".to_owned())));
    client.log_on();
    let (token, cookies) = client.session.clone().unwrap();
    client.session = Some((token.clone(), "sap-usercontext=sap-client=100".to_owned()));
    assert_eq!(client.patch(Some("*"), &body, NOW).status, 403);
    client.session = Some((token, cookies));

    let etag = client.get(&format!("{PARTNERS}('1000000001')")).header_value("etag").unwrap().to_owned();
    assert_eq!(client.patch(None, &body, NOW).status, 428);
    let written = client.patch(Some(&etag), &body, NOW);
    assert_eq!(
        (written.status, written.effect, written.resource.as_deref()),
        (204, true, Some("sap/A_BusinessPartner/1000000001"))
    );
    assert_ne!(written.header_value("etag"), Some(etag.as_str()));
    assert_eq!(client.patch(Some(&etag), &body, NOW).status, 412);
    let same = client.patch(Some("*"), &body, NOW);
    assert_eq!((same.status, same.effect), (204, false));
    assert_eq!(client.patch(Some("*"), &json!({"Nonsense": 1}), NOW).status, 400);
    let merge = Call::new("POST", &format!("{PARTNERS}('1000000001')"))
        .with_header("X-HTTP-Method", "MERGE")
        .with_header("If-Match", "*")
        .with_json(&json!({"YY1_Tier_bus": "GOLD"}));
    assert_eq!(client.send(merge, NOW).status, 204);

    assert_eq!(client.patch(Some("*"), &body, NOW + 1_800_000).status, 403);
    client.log_on();
    client.sap.revoke_tokens();
    assert_eq!(client.patch(Some("*"), &body, NOW).status, 403);
}

#[test]
fn a_limit_can_be_set_although_there_is_none() {
    let mut client = client();
    assert!(client.sap.quota(NOW).is_empty());
    client.sap.limit(Some(1));
    assert_eq!(client.get(PARTNERS).status, 200);
    let refused = client.get(PARTNERS);
    assert_eq!((refused.status, refused.header_value("Retry-After")), (429, Some("60")));
}

#[test]
fn metadata_name_the_properties_of_every_set() {
    let mut client = client();
    let answer = client.get("/sap/opu/odata/sap/API_BUSINESS_PARTNER/$metadata");
    let text = String::from_utf8(answer.body).unwrap();
    for part in [
        "EntitySet Name=\"A_AddressPhoneNumber\"",
        "Property Name=\"BusinessPartnerFullName\"",
        "Edm.DateTime",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let mut client = client();
    for (path, status) in [
        ("/sap/opu/odata/sap/API_NONSENSE/A_X", 403),
        ("/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_Nonsense", 404),
        ("/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner?$select=Nonsense", 404),
        ("/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner?$filter=Nonsense%20eq%20'x'", 400),
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body_json()["error"]["code"].is_string(), "{path}");
    }
}

#[test]
fn an_address_leads_from_a_phone_number_to_the_partner() {
    let mut client = client();
    let service = "/sap/opu/odata/sap/API_BUSINESS_PARTNER";
    let phones =
        format!("{service}/A_AddressPhoneNumber?$filter=InternationalPhoneNumber%20eq%20'%2B13172000007'");
    let found = client.get(&phones).body_json();
    let address = found["d"]["results"][0]["AddressID"].as_str().unwrap().to_owned();
    let owners = format!(
        "{service}/A_BusinessPartnerAddress?$filter=AddressID%20eq%20'{address}'&$select=BusinessPartner"
    );
    assert_eq!(client.get(&owners).body_json()["d"]["results"][0]["BusinessPartner"], "1000000007");
}
