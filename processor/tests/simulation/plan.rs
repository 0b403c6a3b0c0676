//! What a seed has in store: which faults it knows and how often they come. A seed that has them all would
//! never come to the long way that leads through only two of them, so each draws its own lot.

use trunkline_config::OnLogChange;

use crate::dice::Dice;

/// Events that an instance may hold, with which no run is ever short of room.
pub const ENOUGH_HELD_EVENTS: usize = 4_000;

/// How often what goes wrong; probabilities of 1 unless it says otherwise.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Processors.
    pub instances: usize,
    /// Partitions of every topic.
    pub partitions: i32,
    /// How long things go wrong, in milliseconds.
    pub chaos_ms: i64,
    /// Calls into a port at which something is at stake, per fault on average; 0 for none.
    pub critical_every: i64,
    /// Other calls per fault.
    pub idle_every: i64,
    /// Shares of the faults at a call: a crash, a freeze; the rest lets others run in between.
    pub crash: f64,
    /// See [`Plan::crash`].
    pub freeze: f64,
    /// A crash that takes the disk with it.
    pub disk_lost: f64,
    /// A process is replaced, while it is frozen, by another of its name.
    pub usurped: f64,
    /// Per call to produce: the record is not delivered.
    pub undelivered: f64,
    /// Per commit: something happens to the request that ends the transaction.
    pub end: f64,
    /// Per commit: the producer hears nothing of one record.
    pub unreported: f64,
    /// Per new producer: there is none for now.
    pub no_producer: f64,
    /// Per marker: it comes late.
    pub late_marker: f64,
    /// Per second: partitions move for no reason.
    pub scramble: f64,
    /// Per second and instance: cut off from the group coordinator for longer than a session.
    pub cut_off: f64,
    /// Per second and instance: the brokers do not answer.
    pub unreachable: f64,
    /// Per second and instance: stopped, as by an operator.
    pub drain: f64,
    /// Per second and partition.
    pub compaction: f64,
    /// In the whole run: everything stops for more than a day, perhaps for longer than tombstones stay.
    pub long_absence: f64,
    /// In the whole run: everything stops, and the changelog is made anew from its latest values.
    pub new_changelog: f64,
    /// Per question of a restore: no answer.
    pub unanswered_restore: f64,
    /// Per question about where a partition ends.
    pub slow_ends: f64,
    /// In the whole run: times of day are set, back by minutes or forward by weeks.
    pub clock_set: f64,
    /// Per lookup.
    pub slow_lookups: f64,
    /// Per lookup.
    pub lost_lookups: f64,
    /// Questions that a plugin's thread may have at once; 0 for no plugins.
    pub plugin_queue: usize,
    /// Per question to a plugin: it wants something looked up first.
    pub plugin_looks_up: f64,
    /// Per question to a plugin: it takes longer than its budget, perhaps.
    pub plugin_slow: f64,
    /// Per question: it fails, or panics.
    pub plugin_fails: f64,
    /// Per question: it does not come back for a long time.
    pub plugin_hangs: f64,
    /// Per question: its thread is gone.
    pub plugin_gone: f64,
    /// Per schema asked for.
    pub slow_registry: f64,
    /// Per record.
    pub poison: f64,
    /// Largest difference of clocks, in milliseconds.
    pub skew_ms: i64,
    /// Bytes of records that the client gets at once: each by itself, some, or all with the commit.
    pub hand_over_bytes: usize,
    /// Events an instance may hold.
    pub max_held_events: usize,
    /// What is done about an input that is another log.
    pub on_log_change: OnLogChange,
    /// Entities an instance keeps in memory.
    pub max_entities: usize,
}

// === impl Plan ===

impl Plan {
    /// Draws a lot.
    pub fn draw(dice: &mut Dice) -> Self {
        let mut some = |share: f64, rate: f64| {
            if dice.chance(share) { rate * dice.between(20, 200) as f64 / 100.0 } else { 0.0 }
        };
        let (crash, freeze) = (some(0.8, 0.4), some(0.5, 0.3));
        Self {
            crash,
            freeze,
            disk_lost: some(0.3, 0.3),
            usurped: some(0.2, 0.3),
            undelivered: some(0.5, 0.01),
            end: some(0.7, 0.1),
            unreported: some(0.2, 0.03),
            no_producer: some(0.4, 0.3),
            late_marker: some(0.6, 0.2),
            scramble: some(0.5, 0.3),
            cut_off: some(0.3, 0.06),
            unreachable: some(0.3, 0.05),
            drain: some(0.3, 0.03),
            compaction: some(0.4, 0.2),
            long_absence: some(0.15, 1.0),
            new_changelog: some(0.15, 1.0),
            unanswered_restore: some(0.2, 0.1),
            slow_ends: some(0.3, 0.3),
            clock_set: some(0.3, 1.0),
            slow_lookups: some(0.6, 0.2),
            lost_lookups: some(0.3, 0.1),
            plugin_looks_up: some(0.6, 0.5),
            plugin_slow: some(0.5, 0.2),
            plugin_fails: some(0.4, 0.2),
            plugin_hangs: some(0.3, 0.05),
            plugin_gone: some(0.2, 0.05),
            slow_registry: some(0.3, 0.5),
            poison: some(0.6, 0.04),
            instances: dice.between(1, 5) as usize,
            partitions: dice.between(1, 5) as i32,
            chaos_ms: dice.between(10_000, 60_000),
            critical_every: if dice.chance(0.9) { *dice.pick(&[10, 30, 60, 150]) } else { 0 },
            idle_every: if dice.chance(0.7) { dice.between(500, 5_000) } else { 0 },
            skew_ms: *dice.pick(&[0, 0, 50, 2_000, 60_000]),
            hand_over_bytes: *dice.pick(&[1, 2_000, 20_000, 1 << 20]),
            max_held_events: *dice.pick(&[10, 40, ENOUGH_HELD_EVENTS, ENOUGH_HELD_EVENTS]),
            plugin_queue: *dice.pick(&[0, 1, 3, 10]),
            on_log_change: OnLogChange::Stop,
            max_entities: *dice.pick(&[3, 1_000]),
        }
    }
}
