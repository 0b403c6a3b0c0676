//! An example of a plugin: hears from a customer's words how they feel, says so in the event, sends the angry ones to
//! people who can help, and lets the agent know. How bad the words are, an analytics service says where one is
//! configured; else, and where it does not answer, a list of words does. `docs/plugins.md` walks through it.

use std::time::Duration;

use serde::Deserialize;
use trunkline_plugin::{
    Actions, Context, Decision, Factory, Failure, Lookup, LookupAnswer, Plugin, WriteBack,
};
use trunkline_schemas::{EnrichedEvent, event_type};

/// How long it is of use to an agent.
const OF_USE: Duration = Duration::from_secs(15 * 60);

/// `[plugins.sentiment.settings]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Words that please.
    pub good: Vec<String>,
    /// Words that do not.
    pub bad: Vec<String>,
    /// Name of the source (`[enrichment.sources.NAME]`) that scores a text: it gets `{parameters.text}`, and its value
    /// `score` is a whole number, below 0 for what does not please.
    pub scored_by: Option<String>,
    /// Where conversations go that are as bad as this or worse.
    pub retention: Option<Retention>,
    /// Name of the target whose agents should know.
    pub tell: Option<String>,
}

/// Where angry customers go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The score (good words less bad words, or what the service says), at most.
    pub at_most: i32,
    /// The queue.
    pub queue: String,
    /// Its priority; higher goes first.
    pub priority: i32,
}

/// The plugin.
pub struct Sentiment {
    settings: Settings,
}

/// Makes the plugin; hand it to `Processor::plugin`.
pub fn factory() -> Factory {
    Factory::new("sentiment", Sentiment::new)
}

// === impl Sentiment ===

impl Sentiment {
    fn new(settings: Settings) -> Result<Self, Failure> {
        if settings.bad.is_empty() {
            return Err(Failure::new("no bad words: nobody could ever be angry"));
        }
        Ok(Self { settings })
    }

    fn score(&self, text: &str) -> i32 {
        let said = text.to_lowercase();
        let words = said.split(|character: char| !character.is_alphanumeric());
        words
            .map(|word| {
                let among = |list: &[String]| i32::from(list.iter().any(|known| known == word));
                among(&self.settings.good) - among(&self.settings.bad)
            })
            .sum()
    }

    /// What should come of a message with this score.
    fn wants(&self, event: &EnrichedEvent, score: i32) -> Actions {
        let mood = match score {
            ..0 => "bad",
            0 => "neutral",
            _ => "good",
        };
        // Rules and readers of events.enriched see these.
        let mut actions = Actions::new().attribute("mood", mood).attribute("moodScore", score.to_string());
        if let Some(retention) =
            self.settings.retention.as_ref().filter(|retention| score <= retention.at_most)
        {
            actions = actions.decide(Decision::to(&retention.queue).priority(retention.priority));
        }
        if let Some(target) = self.settings.tell.as_ref().filter(|_| event.participant_id.is_some()) {
            let tell = WriteBack::new(target, "participant_attributes").field("mood", mood).expires(OF_USE);
            actions = actions.write_back(tell);
        }
        actions
    }
}

impl Plugin for Sentiment {
    fn events(&self) -> Vec<String> {
        vec![event_type::MESSAGE_RECEIVED.to_owned()]
    }

    fn lookups(&self) -> Vec<String> {
        self.settings.scored_by.iter().cloned().collect()
    }

    fn handle(&mut self, event: &EnrichedEvent, _: &Context<'_>) -> Result<Actions, Failure> {
        let Some(text) = event.attributes.get("text") else { return Ok(Actions::new()) };
        Ok(match &self.settings.scored_by {
            // The service is asked beside this thread; `answered` goes on.
            Some(source) => Actions::new().look_up(Lookup::new(source).parameter("text", text)),
            None => self.wants(event, self.score(text)),
        })
    }

    fn answered(
        &mut self,
        event: &EnrichedEvent,
        answers: &[LookupAnswer],
        _: &Context<'_>,
    ) -> Result<Actions, Failure> {
        let Some(text) = event.attributes.get("text") else { return Ok(Actions::new()) };
        let said = answers.iter().find_map(|answer| answer.value("score")?.parse().ok());
        // One that is away, or too slow, is no reason to say nothing.
        Ok(self.wants(event, said.unwrap_or_else(|| self.score(text))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_processor::Processor;
    use trunkline_schemas::{
        ConversationSummary, Enrichment, EnrichmentStatus, EventTimeSource, Ordering, OrderingMode,
        SourceInfo, SourceStatus,
    };

    use super::*;

    fn message(text: &str) -> EnrichedEvent {
        EnrichedEvent {
            event_id: "e".to_owned(),
            event_type: event_type::MESSAGE_RECEIVED.to_owned(),
            source_type: "message".to_owned(),
            platform: "genesys".to_owned(),
            org_id: "org".to_owned(),
            entity_type: "conversation".to_owned(),
            entity_id: "c".to_owned(),
            conversation_id: Some("c".to_owned()),
            contact_id: None,
            flow_session_id: None,
            participant_id: Some("p".to_owned()),
            agent_id: None,
            queue_id: None,
            customer_id: None,
            media_type: Some("message".to_owned()),
            direction: Some("inbound".to_owned()),
            event_time: 1,
            event_time_source: EventTimeSource::Platform,
            ingest_time: 1,
            sequence: None,
            correlation_id: "x".to_owned(),
            source: SourceInfo {
                name: "messaging".to_owned(),
                kind: "genesys-open-messaging".to_owned(),
                channel: "messaging".to_owned(),
                transport_id: None,
                adapter: "genesys-open-messaging/1".to_owned(),
                schema_version: "1".to_owned(),
                backfilled: false,
            },
            attributes: [("text".to_owned(), text.to_owned())].into(),
            tenant_attributes: [].into(),
            attributes_cut: false,
            redacted: Vec::new(),
            content_id: None,
            data: None,
            profile: None,
            enrichment: Enrichment { status: EnrichmentStatus::Missing, sources: Vec::new() },
            ordering: Ordering { position: 1, mode: OrderingMode::Causal, late: false, gap_before: false },
            conversation: ConversationSummary {
                state: "started".to_owned(),
                started_at: None,
                queued_ms: None,
                handled_ms: None,
                transfers: 0,
                events: 1,
                ..ConversationSummary::default()
            },
            dedup_unknown: false,
            possible_repeat: false,
        }
    }

    #[test]
    fn angry_customers_go_to_people_who_can_help() {
        let settings = json!({
            "good": ["thanks"], "bad": ["never", "refund"], "tell": "genesys",
            "retention": { "at_most": -2, "queue": "retention", "priority": 8 },
        });
        let mut plugin = factory().make(&settings).unwrap();
        let context = Context { now: 1, decision: None };
        for (text, mood, decided) in [
            ("I NEVER got it. Refund!", "bad", Some("retention")),
            ("It never rang", "bad", None),
            ("Thanks a lot", "good", None),
            ("Hello?", "neutral", None),
        ] {
            let actions = plugin.handle(&message(text), &context).unwrap();
            assert_eq!(actions.attributes["mood"], mood, "{text}");
            assert_eq!(actions.decision.as_ref().map(|decision| decision.queue.as_str()), decided, "{text}");
            assert_eq!(actions.write_backs[0].fields["mood"], mood);
        }
    }

    #[test]
    fn a_service_scores_the_words_and_where_it_does_not_answer_the_list_does() {
        let settings = json!({ "good": ["thanks"], "bad": ["never"], "scored_by": "score" });
        let mut plugin = factory().make(&settings).unwrap();
        assert_eq!(plugin.lookups(), ["score"]);
        let context = Context { now: 1, decision: None };
        let event = message("It never rang");
        let mut wanted = plugin.handle(&event, &context).unwrap().lookups;
        let lookup = wanted.remove(0);
        assert_eq!((lookup.source.as_str(), lookup.parameters["text"].as_str()), ("score", "It never rang"));
        let told = |status, score: Option<&str>| {
            let values = score.map(|score| ("score".to_owned(), score.to_owned())).into_iter().collect();
            [LookupAnswer { lookup: lookup.clone(), status, values }]
        };
        for (answers, score) in [
            (told(SourceStatus::Ok, Some("-4")), "-4"),
            (told(SourceStatus::Ok, Some("so so")), "-1"),
            (told(SourceStatus::Ok, None), "-1"),
            (told(SourceStatus::Timeout, None), "-1"),
        ] {
            let actions = plugin.answered(&event, &answers, &context).unwrap();
            assert_eq!(actions.attributes["moodScore"], score, "{answers:?}");
        }
    }

    #[test]
    fn the_configuration_of_the_documentation_is_right_and_a_wrong_one_is_told_with_its_place() {
        let text = include_str!("../trunkline.toml");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trunkline.toml");
        std::fs::create_dir(folder.path().join("secrets")).unwrap();
        std::fs::write(folder.path().join("secrets/analytics"), "k3y").unwrap();
        std::fs::write(&path, text).unwrap();
        let processor = Processor::new().plugin(factory());
        let config = processor.load(&path).unwrap();
        assert_eq!(config.plugins["sentiment"].budget, Duration::from_millis(300));
        let plugin = factory().make(&config.plugins["sentiment"].settings).unwrap();
        assert!(plugin.lookups().iter().all(|source| config.enrichment.sources.contains_key(source)));

        std::fs::write(&path, text.replace("at_most", "atmost")).unwrap();
        let said = processor.load(&path).unwrap_err().to_string();
        let place = text.lines().position(|line| line.starts_with("at_most")).unwrap() + 1;
        assert!(
            said.contains(&format!(":{place}:1 plugin 'sentiment': field 'settings.retention.atmost'")),
            "{said}"
        );
        assert!(said.contains("did you mean 'at_most'?"), "{said}");
        let none = Processor::new().load(&path).unwrap_err().to_string();
        assert!(none.contains("plugin 'sentiment': this processor does not have it"), "{none}");
    }
}
