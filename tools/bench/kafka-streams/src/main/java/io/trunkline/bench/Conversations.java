package io.trunkline.bench;

import io.trunkline.v1.CustomerProfile;
import io.trunkline.v1.EnrichedEvent;
import io.trunkline.v1.Enrichment;
import io.trunkline.v1.EnrichmentSource;
import io.trunkline.v1.EnrichmentStatus;
import io.trunkline.v1.Ordering;
import io.trunkline.v1.OrderingMode;
import io.trunkline.v1.PlatformEvent;
import io.trunkline.v1.ProfileSource;
import io.trunkline.v1.ProfileView;
import io.trunkline.v1.RoutingDecision;
import io.trunkline.v1.SourceStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** One partition: dedup, causal order, the conversation's figures, the customer's profile, the routing decision. */
final class Conversations implements Processor<String, PlatformEvent, String, Object> {
    static final String STORE = "conversations";
    static final String HELD = "held";
    static final String ENRICHED = "enriched";
    static final String DECISIONS = "decisions";
    static final String CUSTOMERS = "customers";

    /** A partition that reads nothing for this long takes its time from the wall clock. */
    private static final Duration IDLE = Duration.ofMillis(50);

    private final Profiles profiles;
    private final long holdMs;
    private final long windowMs;
    private final String rulesVersion;

    private ProcessorContext<String, Object> context;
    private KeyValueStore<String, Conversation> conversations;
    private KeyValueStore<String, Held> held;
    private KeyValueStore<String, CustomerProfile> customers;
    /** Conversations with held events, by the end of the first hold; the store has the events. */
    private final TreeMap<Long, Set<String>> due = new TreeMap<>();
    private final Set<String> holding = new HashSet<>();
    /** The partition's time: the ingest time of what was read, and the wall clock only while nothing is. */
    private long now;
    private long readAt;

    Conversations(Profiles profiles, Settings settings) {
        this.profiles = profiles;
        this.holdMs = settings.milliseconds("hold.ms");
        this.windowMs = settings.milliseconds("dedup.window.ms");
        this.rulesVersion = settings.text("rules.version");
    }

    @Override
    public void init(ProcessorContext<String, Object> context) {
        this.context = context;
        conversations = context.getStateStore(STORE);
        held = context.getStateStore(HELD);
        customers = context.getStateStore(Profiles.STORE);
        try (KeyValueIterator<String, Held> all = held.all()) {
            while (all.hasNext()) {
                KeyValue<String, Held> entry = all.next();
                waits(entry.key, entry.value);
            }
        }
        context.schedule(IDLE, PunctuationType.WALL_CLOCK_TIME, this::idle);
    }

    @Override
    public void process(Record<String, PlatformEvent> record) {
        PlatformEvent event = record.value();
        now = Math.max(now, event.getIngestTime());
        readAt = System.currentTimeMillis();
        // What was held until now goes before what comes now, whoever looked at it when.
        releaseDue();
        accept(record.key(), event, record.headers());
    }

    private void idle(long wallClock) {
        if (readAt > 0 && wallClock - readAt >= IDLE.toMillis()) {
            now += wallClock - readAt;
            readAt = wallClock;
            releaseDue();
        }
    }

    private void accept(String key, PlatformEvent event, Headers headers) {
        Conversation conversation = conversations.get(key);
        if (conversation == null) {
            conversation = new Conversation();
        }
        UUID id = UUID.fromString(event.getEventId());
        Held waiting = holding.contains(key) ? held.get(key) : null;
        boolean pending = waiting != null && waiting.contains(event.getEventId());
        if (pending || conversation.hasSeen(id.getMostSignificantBits(), id.getLeastSignificantBits())) {
            return;
        }
        if (!conversation.phase.admits(event.getEventType())) {
            Held changed = waiting == null ? new Held() : waiting;
            changed.add(event, headers);
            held.put(key, changed);
            waits(key, changed);
            return;
        }
        emit(key, conversation, event, headers, false);
        if (waiting != null) {
            release(key, conversation, waiting);
        }
        conversations.put(key, conversation);
    }

    /** Lets go of whatever may go on: what is no longer lacking anything, and what was held long enough. */
    private void release(String key, Conversation conversation, Held waiting) {
        boolean any = false;
        for (int i = 0; i < waiting.events.size(); ) {
            Held.Entry entry = waiting.events.get(i);
            boolean over = entry.event.getIngestTime() + holdMs <= now;
            if (over || conversation.phase.admits(entry.event.getEventType())) {
                waiting.events.remove(i);
                emit(key, conversation, entry.event, entry.headers, true);
                any = true;
                i = 0;
            } else {
                i++;
            }
        }
        if (any) {
            held.put(key, waiting.events.isEmpty() ? null : waiting);
        }
        holding.remove(key);
        waits(key, waiting);
    }

    private void releaseDue() {
        while (!due.isEmpty() && due.firstKey() <= now) {
            for (String key : due.pollFirstEntry().getValue()) {
                Held waiting = holding.contains(key) ? held.get(key) : null;
                if (waiting != null) {
                    Conversation known = conversations.get(key);
                    Conversation conversation = known == null ? new Conversation() : known;
                    release(key, conversation, waiting);
                    conversations.put(key, conversation);
                }
            }
        }
    }

    private void waits(String key, Held waiting) {
        if (!waiting.events.isEmpty()) {
            long first = Long.MAX_VALUE;
            for (Held.Entry entry : waiting.events) {
                first = Math.min(first, entry.event.getIngestTime() + holdMs);
            }
            holding.add(key);
            due.computeIfAbsent(first, time -> new HashSet<>()).add(key);
        }
    }

    private void emit(String key, Conversation conversation, PlatformEvent event, Headers headers, boolean waited) {
        boolean late = conversation.isBehind(event.getSource().getChannel(), event.getEventTime());
        boolean gap = waited && !conversation.phase.admits(event.getEventType());
        String customer = event.getCustomerId() != null ? event.getCustomerId() : conversation.customerId;
        UUID id = UUID.fromString(event.getEventId());
        conversation.emit(event, id.getMostSignificantBits(), id.getLeastSignificantBits());
        conversation.forgetBefore(now - windowMs);

        CustomerProfile profile = customer == null ? null : profiles.get(customers, customer);
        long wallClock = System.currentTimeMillis();
        EnrichedEvent enriched = copy(event);
        enriched.setCustomerId(event.getCustomerId() != null ? event.getCustomerId() : conversation.customerId);
        enriched.setProfile(profile == null ? null : view(profile));
        enriched.setEnrichment(enrichment(customer, profile, wallClock));
        Ordering ordering = new Ordering();
        ordering.setPosition(conversation.position);
        ordering.setMode(OrderingMode.CAUSAL);
        ordering.setLate(late);
        ordering.setGapBefore(gap);
        enriched.setOrdering(ordering);
        enriched.setConversation(conversation.summary());
        enriched.setDedupUnknown(event.getIngestTime() - event.getEventTime() > windowMs);
        if (waited) {
            long heldMs = Math.max(1, now - event.getIngestTime());
            headers.add("trunkline.held-ms", Long.toString(heldMs).getBytes(StandardCharsets.UTF_8));
        }
        long time = event.getIngestTime();
        context.forward(new Record<>(key, enriched, time, headers), ENRICHED);

        String type = event.getEventType();
        if (type.equals("conversation.started")) {
            RoutingDecision decision = decide(enriched, wallClock);
            context.forward(new Record<>(key, decision, wallClock, correlated(enriched, headers)), DECISIONS);
        } else if (type.equals("conversation.ended") && profile != null) {
            CustomerProfile changed = profiles.interacted(profile, event.getEventTime());
            if (changed != null) {
                Headers none = new RecordHeaders().add("content-type", AVRO);
                context.forward(new Record<>(customer, changed, changed.getLastUpdated(), none), CUSTOMERS);
            }
        }
    }

    // === What is published ===

    private static final byte[] AVRO = "application/avro".getBytes(StandardCharsets.UTF_8);

    private RoutingDecision decide(EnrichedEvent event, long at) {
        ProfileView profile = event.getProfile();
        boolean gold = profile != null && "GOLD".equals(profile.getLoyaltyTier());
        String rule = gold ? "gold-customers-first" : "everybody-else";
        RoutingDecision decision = new RoutingDecision();
        decision.setDecisionId(Ids.derive("decision", event.getEventId(), rule));
        decision.setEventId(event.getEventId());
        decision.setPlatform(event.getPlatform());
        decision.setOrgId(event.getOrgId());
        decision.setConversationId(event.getConversationId());
        decision.setContactId(event.getContactId());
        decision.setFlowSessionId(event.getFlowSessionId());
        decision.setCustomerId(event.getCustomerId());
        decision.setQueue(gold ? "vip" : "general");
        decision.setPriority(gold ? 10 : null);
        decision.setSkills(gold ? List.of("retention") : List.of());
        decision.setAttributes(Map.of());
        decision.setRuleId(rule);
        decision.setRuleSetVersion(rulesVersion);
        decision.setEnrichmentStatus(event.getEnrichment().getStatus());
        decision.setDecidedAt(at);
        decision.setCorrelationId(event.getCorrelationId());
        return decision;
    }

    private static Headers correlated(EnrichedEvent event, Headers input) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("trunkline.conversationId", event.getConversationId().getBytes(StandardCharsets.UTF_8));
        headers.add("trunkline.correlationId", event.getCorrelationId().getBytes(StandardCharsets.UTF_8));
        var trace = input.lastHeader("traceparent");
        if (trace != null) {
            headers.add(trace);
        }
        headers.add("content-type", AVRO);
        return headers;
    }

    private static Enrichment enrichment(String customer, CustomerProfile profile, long at) {
        Enrichment enrichment = new Enrichment();
        if (customer == null || profile == null) {
            enrichment.setStatus(customer == null ? EnrichmentStatus.SKIPPED : EnrichmentStatus.MISSING);
            enrichment.setSources(List.of());
            return enrichment;
        }
        List<EnrichmentSource> sources = new ArrayList<>(profile.getSources().size());
        boolean complete = true;
        for (ProfileSource from : profile.getSources()) {
            EnrichmentSource source = new EnrichmentSource();
            source.setSystem(from.getSystem());
            source.setStatus(from.getStatus());
            source.setAgeMs(from.getFetchedAt() == null ? null : Math.max(0, at - from.getFetchedAt()));
            source.setLatencyMs(from.getLatencyMs());
            complete &= from.getStatus() == SourceStatus.OK || from.getStatus() == SourceStatus.NOT_FOUND;
            sources.add(source);
        }
        enrichment.setStatus(complete ? EnrichmentStatus.COMPLETE : EnrichmentStatus.PARTIAL);
        enrichment.setSources(sources);
        return enrichment;
    }

    private static ProfileView view(CustomerProfile profile) {
        ProfileView view = new ProfileView();
        view.setCustomerId(profile.getCustomerId());
        view.setAccountName(profile.getAccountName());
        view.setLoyaltyTier(profile.getLoyaltyTier());
        // Encoding moves the position of a buffer, and the profile is shared.
        view.setBalance(profile.getBalance() == null ? null : profile.getBalance().duplicate());
        view.setCurrency(profile.getCurrency());
        view.setOpenTickets(profile.getOpenTickets());
        view.setLastInteractionDate(profile.getLastInteractionDate());
        return view;
    }

    private static EnrichedEvent copy(PlatformEvent event) {
        EnrichedEvent enriched = new EnrichedEvent();
        enriched.setEventId(event.getEventId());
        enriched.setEventType(event.getEventType());
        enriched.setSourceType(event.getSourceType());
        enriched.setPlatform(event.getPlatform());
        enriched.setOrgId(event.getOrgId());
        enriched.setEntityType(event.getEntityType());
        enriched.setEntityId(event.getEntityId());
        enriched.setConversationId(event.getConversationId());
        enriched.setContactId(event.getContactId());
        enriched.setFlowSessionId(event.getFlowSessionId());
        enriched.setParticipantId(event.getParticipantId());
        enriched.setAgentId(event.getAgentId());
        enriched.setQueueId(event.getQueueId());
        enriched.setMediaType(event.getMediaType());
        enriched.setDirection(event.getDirection());
        enriched.setEventTime(event.getEventTime());
        enriched.setEventTimeSource(event.getEventTimeSource());
        enriched.setIngestTime(event.getIngestTime());
        enriched.setSequence(event.getSequence());
        enriched.setCorrelationId(event.getCorrelationId());
        enriched.setSource(event.getSource());
        enriched.setAttributes(event.getAttributes());
        enriched.setData(event.getData());
        return enriched;
    }
}
