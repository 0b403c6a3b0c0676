//! Events that a rule or a plugin looks at: published in their parts where nothing was added, and else as a whole.

use trunkline_plugin::Actions;
use trunkline_rules::Answer;

use super::*;
use crate::output::{Emission, Enriched};

/// Decides only where it sees the customer whom an earlier event named.
const RULES: &str = r#"
allow_env_secrets = true
[kafka]
brokers = "localhost:9092"
[registry]
url = "http://localhost:8081"
[targets.genesys]
system = "genesys"
org = "org"
base_url = "http://localhost:1"
token_url = "http://localhost:1/oauth/token"
client_id = "id"
client_secret = "env:PATH"
[rules]
default_queue = "general"
[[rules.routing]]
id = "known"
on = ["message.received"]
when = 'event.customerId == "C-1"'
queue = '"vip"'
"#;

const DATA: &str = r#"{"text":"hello"}"#;

/// Who looks at an event that names nobody, of a conversation whose customer is known; whether payloads are published;
/// and what the plugin answers, where one is asked.
struct Looking {
    rule: bool,
    include_data: bool,
    plugin: Option<Actions>,
}

// === impl Looking ===

impl Looking {
    /// What becomes of the event.
    fn emission(self) -> Emission {
        let mut named = event("c", et::CONVERSATION_STARTED, 1_000);
        named.customer_id = Some("C-1".to_owned());
        let mut unnamed = event("c", et::MESSAGE_RECEIVED, 1_001);
        unnamed.data = DATA.to_owned();
        let looked_at = self.plugin.is_some().then(|| et::MESSAGE_RECEIVED.to_owned());
        let settings = Settings {
            include_data: self.include_data,
            plugin_events: looked_at.into_iter().collect(),
            ..(*settings(OrderMode::Causal, 0)).clone()
        };
        let mut world = World::new(Arc::new(settings), vec![named, unnamed]);
        if self.rule {
            let config = trunkline_config::parse(RULES, "trunkline.toml").unwrap();
            world.rules = RuleSet::compile(&config).unwrap();
        }
        while world.read() {}
        if let Some(actions) = self.plugin {
            let request = world.task.take_plugin_requests().remove(0);
            assert_eq!(request.event.customer_id.as_deref(), Some("C-1"), "the plugin sees the customer");
            let published = self.include_data.then_some(DATA);
            assert_eq!(request.event.data.as_deref(), published, "and of the payload what is published");
            let answers = vec![Answer { plugin: "p", wants: Ok(actions) }];
            world.step(|task, ctx| task.plugins_answered(request.number, answers, ctx));
        }
        match world.task.take_outputs().pop().unwrap() {
            Output::Event(emission) => *emission,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_was_looked_at_is_published_with_the_customer_and_with_its_payload_or_without() {
    for (rule, include_data) in [(true, true), (true, false), (false, true), (false, false)] {
        let mood = || Actions::new().attribute("mood", "bad");
        for plugin in [None, Some(Actions::new()), Some(mood())] {
            let case = format!("rule {rule}, include_data {include_data}, {plugin:?}");
            let (asked, adds) = (plugin.is_some(), plugin == Some(mood()));
            let emission = Looking { rule, include_data, plugin }.emission();
            // The one encoding and the other are the same bytes: as_read compares them.
            let read = as_read(&emission.event);
            assert_eq!(read.customer_id.as_deref(), Some("C-1"), "{case}");
            assert_eq!(read.data.as_deref(), include_data.then_some(DATA), "{case}");
            assert_eq!(read.attributes.get("mood").map(String::as_str), adds.then_some("bad"), "{case}");
            let decided = emission.decision.as_ref().map(|decision| decision.queue.as_str());
            assert_eq!(decided, rule.then_some("vip"), "{case}: the rule saw the customer");
            match &emission.event {
                Enriched::Parts(_) => assert!(!rule && !asked, "{case}"),
                Enriched::Whole(_, parts) => assert_eq!(parts.is_none(), adds, "{case}"),
            }
        }
    }
}
