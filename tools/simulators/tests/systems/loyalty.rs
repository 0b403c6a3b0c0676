//! The loyalty programme: what it says of whom, and to whom.

use trunkline_load::customers::Customer;
use trunkline_load::numbers::Population;
use trunkline_simulators::http::Call;
use trunkline_simulators::quota::{Rule, Window};
use trunkline_simulators::{Credentials, Loyalty, Simulator};

use crate::support::NOW;

#[test]
fn members_are_known_by_their_number_and_their_contact() {
    let credentials = Credentials::random();
    let mut loyalty = Loyalty::new(&credentials, None, Population::new(50));
    let key = format!("Bearer {}", credentials.loyalty_key);
    let mut ask = |id: &str| {
        let call = Call::new("GET", &format!("/v1/members/{id}")).with_header("Authorization", &key);
        loyalty.answer(&call, NOW)
    };
    let of = |has_tier: bool| (1..50).map(Customer::of).find(|one| one.tier.is_some() == has_tier).unwrap();
    let member = of(true);
    let by_number = ask(&member.id).body_json();
    assert!(
        by_number["member"]["points"].is_u64() && by_number["member"]["segment"].is_string(),
        "{by_number}"
    );
    let by_contact = ask(&member.contact_id.to_string()).body_json();
    assert_eq!(by_contact["member"]["points"], by_number["member"]["points"]);
    for stranger in [of(false).id, "%2B13172000001".to_owned()] {
        assert_eq!(ask(&stranger).status, 404, "{stranger}");
    }
}

#[test]
fn who_has_no_key_and_who_asks_too_much_is_turned_away() {
    let credentials = Credentials::random();
    let rule = Rule { calls: 1, window_ms: 1_000, window: Window::Rolling, counted_every_ms: 0 };
    let mut loyalty = Loyalty::new(&credentials, Some(rule), Population::new(5));
    let call = Call::new("GET", "/v1/members/C-000001");
    assert_eq!(loyalty.answer(&call, NOW).status, 401);
    let call = call.with_header("Authorization", &format!("Bearer {}", credentials.loyalty_key));
    assert_ne!(loyalty.answer(&call, NOW).status, 429);
    assert_eq!(loyalty.answer(&call, NOW + 1).status, 429);
    loyalty.accept_secrets(vec!["another".to_owned()]);
    assert_eq!(loyalty.answer(&call, NOW + 2_000).status, 401);
}
