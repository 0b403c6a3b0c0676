//! What the processor found out about an event, as the end of an encoded `EnrichedEvent`: Avro 1.12, "Binary encoding".
//!
//! Written by hand: the serializer, which looks each field up by its name, takes five times as long, and this is done
//! for every event. Tests hold it against the serializer.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::money;
use crate::{
    ConversationSummary, Enrichment, EnrichmentSource, EnrichmentStatus, Findings, Ordering, OrderingMode,
    ProfileView, Resolution, SourceStatus,
};

/// Appends the fields behind `data`, in the schema's order.
///
/// # Errors
/// What is wrong with an amount that `decimal(20,4)` cannot hold.
pub(super) fn append(findings: &Findings, out: &mut Vec<u8>) -> Result<(), money::OutOfRange> {
    let Findings { profile, enrichment, ordering, conversation, dedup_unknown, possible_repeat } = findings;
    match profile {
        None => number(0, out),
        Some(profile) => {
            number(1, out);
            append_profile(profile, out)?;
        }
    }
    append_enrichment(enrichment, out);
    append_ordering(ordering, out);
    append_conversation(conversation, out);
    truth(*dedup_unknown, out);
    truth(*possible_repeat, out);
    Ok(())
}

fn append_profile(profile: &ProfileView, out: &mut Vec<u8>) -> Result<(), money::OutOfRange> {
    text(&profile.customer_id, out);
    optional(profile.account_name.as_deref(), text, out);
    optional(profile.loyalty_tier.as_deref(), text, out);
    match profile.balance {
        None => number(0, out),
        Some(balance) => {
            number(1, out);
            amount(balance, out)?;
        }
    }
    optional(profile.currency.as_deref(), text, out);
    optional(profile.open_tickets.map(i64::from), number, out);
    optional(profile.last_interaction_date, number, out);
    map(&profile.balances, |balance, out| amount(*balance, out), out)?;
    let plain = |value: &String, out: &mut Vec<u8>| {
        text(value, out);
        Ok(())
    };
    map(&profile.numbers, plain, out)?;
    map(&profile.values, plain, out)
}

fn append_enrichment(enrichment: &Enrichment, out: &mut Vec<u8>) {
    // A symbol is its place in the schema.
    let status = match enrichment.status {
        EnrichmentStatus::Unknown => 0,
        EnrichmentStatus::Complete => 1,
        EnrichmentStatus::Partial => 2,
        EnrichmentStatus::Stale => 3,
        EnrichmentStatus::Missing => 4,
        EnrichmentStatus::Skipped => 5,
    };
    number(status, out);
    if !enrichment.sources.is_empty() {
        length(enrichment.sources.len(), out);
        enrichment.sources.iter().for_each(|source| append_source(source, out));
    }
    number(0, out);
}

fn append_source(source: &EnrichmentSource, out: &mut Vec<u8>) {
    text(&source.system, out);
    let status = match source.status {
        SourceStatus::Unknown => 0,
        SourceStatus::Ok => 1,
        SourceStatus::NotFound => 2,
        SourceStatus::Timeout => 3,
        SourceStatus::Unavailable => 4,
        SourceStatus::Error => 5,
    };
    number(status, out);
    optional(source.age_ms, number, out);
    optional(source.latency_ms, number, out);
    optional(source.source.as_deref(), text, out);
    let resolution = source.resolution.map(|resolution| match resolution {
        Resolution::Unknown => 0,
        Resolution::Exact => 1,
        Resolution::Ambiguous => 2,
        Resolution::None => 3,
    });
    optional(resolution, number, out);
}

fn append_ordering(ordering: &Ordering, out: &mut Vec<u8>) {
    number(ordering.position, out);
    let mode = match ordering.mode {
        OrderingMode::Unknown => 0,
        OrderingMode::Sequenced => 1,
        OrderingMode::Causal => 2,
        OrderingMode::Sorted => 3,
    };
    number(mode, out);
    truth(ordering.late, out);
    truth(ordering.gap_before, out);
}

fn append_conversation(conversation: &ConversationSummary, out: &mut Vec<u8>) {
    text(&conversation.state, out);
    optional(conversation.started_at, number, out);
    optional(conversation.queued_ms, number, out);
    optional(conversation.handled_ms, number, out);
    number(i64::from(conversation.transfers), out);
    number(conversation.events, out);
    optional(conversation.reopened.map(i64::from), number, out);
    optional(conversation.agents.map(i64::from), number, out);
    optional(conversation.connected_agents.map(i64::from), number, out);
    optional(conversation.alerted_ms, number, out);
    optional(conversation.held_ms, number, out);
    optional(conversation.acw_ms, number, out);
    optional(conversation.consults.map(i64::from), number, out);
    optional(conversation.conferences.map(i64::from), number, out);
    optional(conversation.attended_transfers.map(i64::from), number, out);
    optional(conversation.blind_transfers.map(i64::from), number, out);
    optional(conversation.unanswered.map(i64::from), number, out);
}

/// A long or an int: zig-zag, seven bits a byte, the least first.
#[inline]
fn number(number: i64, out: &mut Vec<u8>) {
    let mut bits = (number << 1 ^ number >> 63) as u64;
    while bits >= 0x80 {
        out.push(bits as u8 | 0x80);
        bits >>= 7;
    }
    out.push(bits as u8);
}

fn length(length: usize, out: &mut Vec<u8>) {
    // No slice is longer than isize::MAX.
    number(length as i64, out);
}

/// A string: its length, then its bytes.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// A map in one block, and the empty one behind it.
fn map<T>(
    map: &BTreeMap<String, T>,
    append: impl Fn(&T, &mut Vec<u8>) -> Result<(), money::OutOfRange>,
    out: &mut Vec<u8>,
) -> Result<(), money::OutOfRange> {
    if !map.is_empty() {
        length(map.len(), out);
        for (key, value) in map {
            text(key, out);
            append(value, out)?;
        }
    }
    number(0, out);
    Ok(())
}

fn truth(truth: bool, out: &mut Vec<u8>) {
    out.push(u8::from(truth));
}

/// A union of null and something else. Most of what may be missing is.
#[inline]
pub(super) fn optional<T>(value: Option<T>, append: impl FnOnce(T, &mut Vec<u8>), out: &mut Vec<u8>) {
    match value {
        None => number(0, out),
        Some(value) => {
            number(1, out);
            append(value, out);
        }
    }
}

/// A decimal: the length and bytes of its ten-thousandths, two's complement, the highest first, no more than needed.
fn amount(amount: Decimal, out: &mut Vec<u8>) -> Result<(), money::OutOfRange> {
    let units = money::rescale(amount)?.mantissa();
    // Bits that say nothing but the sign, which one bit has to say.
    let needless = if units < 0 { units.leading_ones() } else { units.leading_zeros() };
    let bytes = units.to_be_bytes();
    let bytes = &bytes[(needless as usize - 1) / 8..];
    length(bytes.len(), out);
    out.extend_from_slice(bytes);
    Ok(())
}
