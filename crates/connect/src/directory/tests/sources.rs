//! Sources of enrichment: asked beside the targets, and by plugins.

use super::*;

const MEMBER: &str = "/v2/members/C-000001";
const SCORE: &str = "/score";
const CONTACT: &str = "7b8a6a1c-0000-5000-8000-000000000001";
const CONTACT_PATH: &str = "/api/v2/externalcontacts/contacts/7b8a6a1c-0000-5000-8000-000000000001";

/// Two sources at one target, one of which only plugins ask.
fn configured(stub: &Stub, cache: &str, more: &str) -> Config {
    let url = &stub.url;
    let text = format!(
        r#"
allow_env_secrets = true
[kafka]
brokers = "127.0.0.1:1"
[registry]
url = "http://127.0.0.1:1"
[targets.services]
system = "http"
base_url = "{url}"
api_key = "env:PATH"
api_key_header = "x-key"
rate_calls = 1000
rate_per = "1s"
retry = {{ attempts = 1 }}
headers = {{ Accept-Language = "en", X-Realm = "one" }}
[enrichment]
freshness = "{cache}"
[enrichment.sources.loyalty]
target = "services"
path = "/v2/members/{{customerId}}"
query = {{ fields = "tier,points" }}
headers = {{ Accept-Language = "de" }}
[enrichment.sources.loyalty.fields]
loyaltyTier = "/tier"
balance = {{ amount = "/points", currency = "EUR" }}
[enrichment.sources.loyalty.values]
segment = "/segment"
[enrichment.sources.scoring]
target = "services"
asked = "by_plugins"
method = "POST"
path = "/score"
body = {{ text = "{{parameters.text}}" }}
values = {{ score = "/score" }}
{more}
"#
    );
    trunkline_config::parse(&text, "trunkline.toml").unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn directory(stub: &Stub, cache: &str) -> Directory {
    Directory::from_config(&configured(stub, cache, ""), Role::Enrichment).unwrap()
}

fn services(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        MEMBER => Reply::json(200, r#"{"tier":"GOLD","points":12.5,"segment":{"id":7}}"#),
        SCORE => Reply::json(200, r#"{"score":-0.8}"#),
        _ => answer(asked),
    }
}

async fn parts(directory: &Directory, customer: &str, now: i64) -> Vec<ProfilePart> {
    directory.profile_parts(customer, &[], soon(), None, Some("conv-1"), &|| now).await
}

async fn scored(directory: &Directory, text: Option<&str>, deadline: Instant) -> SourceAnswer {
    let parameters = text.map(|text| ("text".to_owned(), text.to_owned())).into_iter().collect();
    let question = SourceQuestion {
        source: "scoring",
        customer: None,
        parameters: &parameters,
        deadline,
        traceparent: Some("00-1-2-01"),
        conversation: Some("conv-1"),
    };
    directory.look_up(question, &|| 5).await
}

#[tokio::test]
async fn a_source_is_a_part_of_the_profile_like_a_target() {
    let stub = Stub::start(services).await;
    let mut config = configured(&stub, "1h", "");
    config.targets.extend(crms(&stub).targets);
    config.enrichment.targets = vec!["crm".to_owned(), "tickets".to_owned()];
    let directory = Directory::from_config(&config, Role::Enrichment).unwrap();
    let parts = parts(&directory, "C-000001", 7).await;
    let sources: Vec<_> = parts.iter().map(|part| (part.source.as_str(), part.system, part.status)).collect();
    let ok = SourceStatus::Ok;
    let expected =
        [("crm", System::Salesforce, ok), ("tickets", System::ServiceNow, ok), ("loyalty", System::Http, ok)];
    assert_eq!(sources, expected);
    let data = &parts[2].data;
    assert_eq!((data.loyalty_tier.as_deref(), parts[2].fetched_at), (Some("GOLD"), Some(7)));
    assert_eq!(data.balances, BTreeMap::from([("EUR".to_owned(), Decimal::new(125, 1))]));
    assert_eq!(data.values, BTreeMap::from([("segment".to_owned(), r#"{"id":7}"#.to_owned())]));
    let asked = &stub.asked(MEMBER)[0];
    assert_eq!((asked.method.as_str(), asked.query.as_str()), ("GET", "fields=tier%2Cpoints"));
    assert_eq!(asked.header("x-key"), std::env::var("PATH").unwrap());
    assert_eq!((asked.header("x-correlation-id"), asked.header("x-realm")), ("conv-1", "one"));
    let languages: Vec<_> = asked.headers.get_all("accept-language").iter().collect();
    assert_eq!(languages, ["de"], "what the source says counts");
    assert!(stub.asked(SCORE).is_empty(), "only plugins ask it");
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time_and_says_when_it_was_given() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        MEMBER => Reply::json(200, &json!({"tier": asked.nth.to_string()}).to_string()),
        _ => Reply::json(404, "{}"),
    })
    .await;
    let directory = directory(&stub, "1m");
    let seen = |part: &ProfilePart| (part.status, part.fetched_at, part.data.loyalty_tier.clone());
    let tier = |tier: &str| Some(tier.to_owned());
    for (now, expected) in [
        (1_000, (SourceStatus::Ok, Some(1_000), tier("0"))),
        (60_999, (SourceStatus::Ok, Some(1_000), tier("0"))),
        (61_000, (SourceStatus::Ok, Some(61_000), tier("1"))),
    ] {
        assert_eq!(seen(&parts(&directory, "C-000001", now).await[0]), expected);
    }
    for (now, fetched_at) in [(1_000, 1_000), (2_000, 1_000), (61_000, 61_000)] {
        let part = &parts(&directory, "C-9", now).await[0];
        assert_eq!(
            seen(part),
            (SourceStatus::NotFound, Some(fetched_at), None),
            "nobody is an answer as well"
        );
    }
    assert_eq!(stub.asked("/v2/members/C-9").len(), 2);
}

#[tokio::test]
async fn those_who_want_the_same_at_once_ask_once() {
    let stub = Stub::start(|asked| services(asked).after(Duration::from_millis(50))).await;
    let directory = directory(&stub, "1h");
    let all = join_all((0..20).map(|_| scored(&directory, Some("well, well"), soon()))).await;
    assert!(all.iter().all(|answer| answer.status == SourceStatus::Ok && answer.values["score"] == "-0.8"));
    assert_eq!(stub.asked(SCORE).len(), 1);
    scored(&directory, Some("oh"), soon()).await;
    let asked = stub.asked(SCORE);
    assert_eq!(
        asked.iter().map(|asked| asked.body.as_str()).collect::<Vec<_>>(),
        [r#"{"text":"well, well"}"#, r#"{"text":"oh"}"#]
    );
    assert_eq!((asked[0].method.as_str(), asked[0].header("traceparent")), ("POST", "00-1-2-01"));
}

#[tokio::test]
async fn what_is_not_known_is_not_asked_by_and_what_cannot_be_said_is_an_error() {
    let stub = Stub::start(services).await;
    let directory = directory(&stub, "1h");
    let nothing = |status| SourceAnswer { status, values: BTreeMap::new() };
    assert_eq!(scored(&directory, None, soon()).await, nothing(SourceStatus::NotFound));
    let long = "x".repeat(20 << 10);
    assert_eq!(scored(&directory, Some(&long), soon()).await, nothing(SourceStatus::Error));
    let unsafe_ids = parts(&directory, "..", 5).await;
    assert_eq!((unsafe_ids[0].status, unsafe_ids[0].fetched_at), (SourceStatus::Error, None));
    assert!(stub.order().is_empty(), "{:?}", stub.order());
    parts(&directory, "a/../b?c=d&e", 5).await;
    assert_eq!(stub.order(), ["/v2/members/a%2F..%2Fb%3Fc%3Dd%26e"]);
}

#[tokio::test]
async fn failures_are_told_apart_and_are_not_kept() {
    for (reply, status) in [
        (Reply::json(200, r#"{"tier":7}"#), SourceStatus::Error),
        (Reply::json(200, r#"{"points":"many"}"#), SourceStatus::Error),
        (Reply::text(200, "text/html", "<html>"), SourceStatus::Error),
        (Reply::json(200, &format!(r#"{{"tier":"{}"}}"#, "x".repeat(3 << 20))), SourceStatus::Error),
        (Reply::json(302, "{}").header("location", "https://other.example/"), SourceStatus::Error),
        (Reply::json(500, "{}"), SourceStatus::Error),
        (Reply::json(401, "{}"), SourceStatus::Error),
        (Reply::json(429, "{}").header("retry-after", "600"), SourceStatus::Unavailable),
        (Reply::json(200, "{}").after(Duration::from_secs(60)), SourceStatus::Timeout),
    ] {
        let first = Arc::new(AtomicBool::new(true));
        let stub = Stub::start(move |asked| match first.swap(false, Ordering::SeqCst) {
            true => reply.clone(),
            false => services(asked),
        })
        .await;
        let directory = directory(&stub, "1h");
        let deadline = Instant::now()
            + Duration::from_millis(if status == SourceStatus::Timeout { 100 } else { 30_000 });
        let parts = directory.profile_parts("C-000001", &[], deadline, None, None, &|| 5).await;
        assert_eq!((parts[0].status, parts[0].fetched_at), (status, None));
        assert_eq!(parts[0].data, ProfileData::default());
    }
}

#[tokio::test]
async fn an_external_contact_says_the_number_and_is_asked_for_only_where_that_is_wanted() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        CONTACT_PATH => {
            let id = json!({"externalSource": {"name": "points"}, "value": "M-7"});
            Reply::json(200, &json!({"externalIds": [id], "workEmail": "ada@example.com"}).to_string())
        }
        "/by-number/M-7/ada%40example.com" => Reply::json(200, r#"{"x":"y"}"#),
        _ => services(asked),
    })
    .await;
    let genesys = Target {
        name: "cloud".to_owned(),
        system: System::Genesys,
        profile: None,
        ..target_with_token(&stub.url)
    };
    let mut config = configured(&stub, "1h", "");
    config.targets.insert(genesys.name.clone(), genesys);
    config.enrichment.identity.contacts = Some("cloud".to_owned());
    let directory = Directory::from_config(&config, Role::Enrichment).unwrap();
    parts(&directory, CONTACT, 5).await;
    assert!(stub.asked(CONTACT_PATH).is_empty());

    let by_number = "[enrichment.sources.numbers]\ntarget = \"services\"\npath = \"/by-number/{number}/{email}\"\n\
                     values = { x = \"/x\" }\n";
    let mut with_number = configured(&stub, "1h", by_number);
    with_number.targets.clone_from(&config.targets);
    with_number.enrichment.identity = config.enrichment.identity.clone();
    if let Some(source) = with_number.enrichment.sources.get_mut("numbers") {
        source.external_source = Some("points".to_owned());
    }
    let directory = Directory::from_config(&with_number, Role::Enrichment).unwrap();
    let of_contact = parts(&directory, CONTACT, 5).await;
    assert_eq!((of_contact[1].source.as_str(), of_contact[1].status), ("numbers", SourceStatus::Ok));
    assert_eq!(of_contact[1].data.values["x"], "y");
    assert_eq!(stub.asked(CONTACT_PATH).len(), 1);
    let of_number = parts(&directory, "C-000001", 5).await;
    assert_eq!(of_number[1].status, SourceStatus::NotFound, "no address is known of a number");
}

#[tokio::test]
async fn a_source_at_a_target_of_another_kind_is_refused() {
    let stub = Stub::start(services).await;
    let mut config = configured(&stub, "1h", "");
    config.targets.insert("services".to_owned(), target(&stub.url));
    let error = Directory::from_config(&config, Role::Enrichment).unwrap_err();
    assert!(error.to_string().contains("'services' is no target that sources can ask"), "{error}");
}

#[tokio::test]
async fn a_source_that_is_tried_shows_its_question_and_answer_and_what_is_made_of_it() {
    let stub = Stub::start(services).await;
    let directory = directory(&stub, "1h");
    let trial = async |source: &str, customer: Option<&str>| {
        let (mut seen, parameters) = (Vec::new(), BTreeMap::new());
        let question = SourceQuestion {
            source,
            customer,
            parameters: &parameters,
            deadline: soon(),
            traceparent: None,
            conversation: None,
        };
        let found = directory.try_source(question, &|| 5, &mut |exchange| seen.push(exchange)).await;
        (found, seen)
    };
    for asked in 1..=2 {
        let (found, seen) = trial("loyalty", Some("C-000001")).await;
        assert_eq!(found.unwrap().unwrap().loyalty_tier.as_deref(), Some("GOLD"));
        assert_eq!((seen.len(), seen[0].path.as_str()), (1, "/v2/members/C-000001?fields=tier%2Cpoints"));
        assert_eq!(seen[0].answer.as_ref().unwrap()["tier"], "GOLD");
        assert_eq!(stub.asked(MEMBER).len(), asked, "no answer is kept for it");
    }
    let (found, seen) = trial("loyalty", Some("C-9")).await;
    assert!(found.unwrap().is_none() && seen[0].answer.is_err());
    let (found, seen) = trial("scoring", Some("C-000001")).await;
    assert!(found.unwrap_err().contains("a placeholder has a value that is not known") && seen.is_empty());
    assert!(trial("scroing", None).await.0.is_err());
}
