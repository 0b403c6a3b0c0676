//! All judges over one body of evidence. Pure: what is examined was gathered before, and forged evidence can
//! be examined as well.

use crate::configuration::Configuration;
use crate::evidence::{Call, Evidence};
use crate::floor;
use crate::inputs::{Breakers, Inputs};
use crate::judge::effects::Terms;
use crate::judge::exactly_once::Pending;
use crate::judge::fields::Allowed;
use crate::judge::order::{Expectation, Scope};
use crate::judge::repeats::{self, Repeats};
use crate::judge::{
    accepted, answers, breaker, commands, customers, decisions, effects, exactly_once, facts, fields,
    figures, in_flight, order, profiles, quarantine, quota, secrets, state, values, writes,
};
use crate::report::{Report, Verdict};

/// Judges everything that there is evidence for, and says of the rest why it is not judged.
pub fn examine(evidence: &Evidence, inputs: &Inputs) -> Report {
    let mut examination = Examination { evidence, inputs, report: Report::default() };
    examination.catalog();
    examination.what_was_posted();
    examination.events();
    examination.outcomes();
    examination.state();
    examination.calls();
    examination.secrets();
    examination.breakers();
    examination.add(values::judge(evidence));
    examination.report.allow_unjudged(&inputs.allow_unjudged);
    examination.report
}

struct Examination<'a> {
    evidence: &'a Evidence,
    inputs: &'a Inputs,
    report: Report,
}

// === impl Examination ===

impl Examination<'_> {
    fn add(&mut self, verdict: Verdict) {
        self.report.add(verdict, &self.inputs.known);
    }

    /// Judges if the evidence is there, or says of all ids why not.
    fn given(&mut self, floor: Result<(), String>, ids: &[&str], judge: impl FnOnce(&mut Self)) {
        match floor {
            Ok(()) => judge(self),
            Err(why) => ids.iter().for_each(|id| self.report.skip(id, why.as_str())),
        }
    }

    /// A topic that is missing may be why nothing is found wrong.
    fn catalog(&mut self) {
        let missing: Vec<&str> =
            floor::CATALOG.iter().copied().filter(|topic| !self.evidence.topics.contains(*topic)).collect();
        if !missing.is_empty() {
            let why = format!("topics of the catalog are missing under this prefix: {}", missing.join(", "));
            self.report.skip("topics", why);
        }
    }

    fn what_was_posted(&mut self) {
        let evidence = self.evidence;
        let quarantined = floor::topics(evidence, &["quarantine"]);
        let floor =
            floor::ledger(evidence).and(floor::topics(evidence, &["events.normalized", "quarantine"]));
        let ledger = evidence.ledger.as_deref().unwrap_or_default();
        self.given(floor, &["I1", "answers", "facts"], |this| {
            this.add(accepted::judge(ledger, &evidence.normalized, &evidence.quarantine));
            this.add(answers::judge(ledger));
            match ledger.iter().any(|line| line.fact.is_some()) {
                true => this.add(facts::judge(ledger, evidence)),
                false => {
                    this.report.skip("facts", "the ledger does not say which deliveries are of one fact")
                }
            }
        });
        self.given(quarantined, &["I9"], |this| {
            this.add(quarantine::judge(&evidence.quarantine, evidence.ledger.as_deref()));
        });
    }

    fn events(&mut self) {
        let (evidence, configuration) = (self.evidence, self.inputs.configuration.as_ref());
        self.given(floor::events(evidence), &["I2", "fields", "I3", "figures"], |this| {
            let windows = Configuration::windows(configuration);
            let sources = configuration.map(|configuration| &configuration.sources);
            let terms = repeats::Terms { window_ms: windows.repeats_ms, sources };
            let repeated = Repeats::of(evidence, terms);
            this.add(exactly_once::judge(evidence, windows, &repeated, Pending::Lost));
            let allowed = configuration.map_or(Allowed::default(), |configuration| Allowed {
                without_data: !configuration.include_data,
                plugins: configuration.plugins,
                incomplete: false,
            });
            this.add(fields::judge(evidence, allowed));
            let scope = Scope::Whole;
            this.add(order::judge(evidence, Expectation { sources, repeated: &repeated, scope }));
            this.add(figures::judge(evidence));
        });
        let floor = floor::events(evidence).and(floor::topics(evidence, &["customer.profiles"]));
        self.given(floor, &["profiles"], |this| {
            let rules = configuration.and_then(|configuration| configuration.enrichment.as_ref());
            let plugins = configuration.is_some_and(|configuration| configuration.plugins);
            this.add(profiles::judge(evidence, rules, plugins));
            // Nobody but the maker of a world knows what leads to whom: it is not asked for elsewhere.
            if let Some(leads) = &evidence.leads {
                this.add(customers::judge(evidence, leads, rules, this.inputs.undisturbed));
            }
        });
        let answered = |call: &Call| call.answer.is_some();
        let floor =
            floor::audit(evidence).and(floor::topics(evidence, &["customer.profiles"])).and_then(|()| {
                let any = evidence.calls.iter().flatten().any(answered) || evidence.profiles.is_empty();
                any.then_some(())
                    .ok_or_else(|| "the audit logs do not say what lookups were answered".to_owned())
            });
        self.given(floor, &["answers-to-lookups"], |this| {
            let rules = configuration.and_then(|configuration| configuration.enrichment.as_ref());
            let calls = evidence.calls.as_deref().unwrap_or_default();
            this.add(profiles::judge_answers(evidence, calls, rules));
        });
    }

    fn outcomes(&mut self) {
        let evidence = self.evidence;
        let plugins = self.inputs.configuration.as_ref().is_some_and(|configuration| configuration.plugins);
        let floor = floor::events(evidence).and(floor::topics(evidence, &["routing.decisions"]));
        self.given(floor, &["decisions"], |this| this.add(decisions::judge(evidence, plugins)));
        let floor = floor::events(evidence).and(floor::topics(evidence, &["writeback.results"]));
        self.given(floor, &["commands"], |this| this.add(commands::judge(evidence, plugins)));
        if self.inputs.configuration.is_none() {
            self.report
                .skip("rules", "no configuration was given, so it is not known what the rules ask for");
        }
    }

    fn state(&mut self) {
        let evidence = self.evidence;
        self.given(floor::state(evidence), &["I4"], |this| {
            let copies = evidence.copies.as_deref().unwrap_or_default();
            this.add(state::judge(&evidence.changelogs, copies, this.inputs.stopped_cleanly));
        });
    }

    fn calls(&mut self) {
        let evidence = self.evidence;
        let audit = floor::audit(evidence);
        let calls = evidence.calls.as_deref().filter(|_| audit.is_ok());
        self.given(floor::topics(evidence, &["writeback.results"]), &["I5"], |this| {
            let observing = this.inputs.configuration.as_ref().map(Configuration::observing);
            this.add(effects::judge(evidence, calls, Terms { observing: observing.as_ref() }));
        });
        if let Err(why) = &audit {
            self.report.skip("I5-effects", why.as_str());
        }
        let calls = calls.unwrap_or_default();
        if calls.iter().any(|call| call.is_write() && call.succeeded() && call.body.is_null()) {
            self.report.skip("I5-bodies", "the audit logs do not have the bodies of all writes");
        }
        self.given(audit, &["I6", "writes", "I7"], |this| {
            this.add(in_flight::judge(calls));
            this.add(writes::judge(evidence, calls));
            match this.inputs.quotas.as_slice() {
                [] => this.report.skip("I7", "no quota was given"),
                quotas => this.add(quota::judge(calls, quotas)),
            }
        });
    }

    fn secrets(&mut self) {
        let long_enough =
            |secret: &crate::SecretToFind| secret.value.trim().len() >= crate::needles::SECRET_BYTES_MIN;
        if !self.inputs.secrets.iter().any(long_enough) {
            return self.report.skip("I8", "no secret to look for was given");
        }
        if !self.inputs.secrets.iter().all(long_enough) {
            self.report.skip(
                "I8-short",
                "secrets of less than 8 bytes are not looked for: they would be found everywhere",
            );
        }
        if self.evidence.searched == 0 {
            return self.report.skip("I8", "there was nothing to search for secrets");
        }
        if self.inputs.logs.is_empty() {
            self.report.skip("I8-logs", "no log file was given");
        }
        if self.evidence.searched_served == 0 {
            self.report.skip("I8-served", "nothing was given of what programs serve at their admin ports");
        }
        let exporters = self.inputs.exporters.iter().copied();
        let missing: Vec<_> = exporters.filter(|name| !self.evidence.traced.contains(*name)).collect();
        if self.evidence.searched_traces == 0 {
            self.report.skip("I8-traces", "no traces were given that programs exported");
        } else if !missing.is_empty() {
            self.report.skip("I8-traces", format!("there are no traces of {}", missing.join(", ")));
        }
        self.add(secrets::judge(&self.evidence.leaks, self.evidence.searched));
    }

    fn breakers(&mut self) {
        let evidence = self.evidence;
        if let Err(why) = floor::audit(evidence).and(floor::topics(evidence, &["pipeline.errors"])) {
            return self.report.skip("I10", why);
        }
        let Some(Breakers { open_for_ms, lookups_by_one, writes_by_one }) = self.inputs.breakers else {
            return self.report.skip("I10", "how long breakers stay open was not given");
        };
        let calls = evidence.calls.as_deref().unwrap_or_default();
        let classes = [(breaker::LOOKUPS, lookups_by_one), (breaker::WRITES, writes_by_one)];
        for (class, _) in classes.iter().filter(|(_, by_one)| !by_one) {
            let why = "several processes made them, each with breakers of its own, and the audit log does not tell them apart";
            self.report.skip(&format!("I10-{}", class.name), why);
        }
        let classes: Vec<_> = classes.iter().filter(|(_, by_one)| *by_one).map(|(class, _)| *class).collect();
        if classes.is_empty() {
            return;
        }
        let mut openings = breaker::openings_reported(&evidence.troubles, &classes, open_for_ms);
        openings.extend(breaker::openings_in_calls(calls, &classes, open_for_ms));
        self.add(breaker::judge(&openings, calls));
    }
}
