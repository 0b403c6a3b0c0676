package io.trunkline.bench;

import io.trunkline.v1.ConversationSummary;
import io.trunkline.v1.PlatformEvent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Everything the job keeps of one conversation under one key: figures, order, and the ids it has seen. One get and one
 * put an event; a windowed store of ids of its own would cost a range scan over segments and a second changelog record.
 */
final class Conversation {
    private static final long NONE = Long.MIN_VALUE;
    private static final long HOUR_MS = 3_600_000;
    private static final byte VERSION = 1;

    long position;
    Phase phase = Phase.NEW;
    String customerId;
    private long startedAt = NONE;
    private long queuedSince = NONE;
    private long queuedMs = NONE;
    private long connectedSince = NONE;
    private long handledMs = NONE;
    private int transfers;
    private String lastAgent;
    /** Time of the event that is furthest, by channel; there is rarely more than one. */
    private String[] channels = new String[0];
    private long[] furthest = new long[0];
    /** Ids seen (two halves each) and the hour each was taken in. */
    private long[] ids = new long[8];
    private int[] hours = new int[4];
    private int seen;

    boolean hasSeen(long high, long low) {
        for (int i = 0; i < seen; i++) {
            if (ids[2 * i] == high && ids[2 * i + 1] == low) {
                return true;
            }
        }
        return false;
    }

    /** Whether an event of this time comes after one that belongs behind it. */
    boolean isBehind(String channel, long eventTime) {
        for (int i = 0; i < channels.length; i++) {
            if (channels[i].equals(channel)) {
                return eventTime < furthest[i];
            }
        }
        return false;
    }

    /** Takes an event into account as it is emitted. */
    void emit(PlatformEvent event, long high, long low) {
        position++;
        apply(event);
        reach(event.getSource().getChannel(), event.getEventTime());
        if (seen == hours.length) {
            hours = Arrays.copyOf(hours, 2 * seen);
            ids = Arrays.copyOf(ids, 4 * seen);
        }
        ids[2 * seen] = high;
        ids[2 * seen + 1] = low;
        hours[seen++] = (int) Math.floorDiv(event.getIngestTime(), HOUR_MS);
    }

    /** Forgets ids taken in before this time. */
    void forgetBefore(long horizon) {
        int firstKept = (int) Math.floorDiv(horizon, HOUR_MS);
        int kept = 0;
        for (int i = 0; i < seen; i++) {
            if (hours[i] >= firstKept) {
                ids[2 * kept] = ids[2 * i];
                ids[2 * kept + 1] = ids[2 * i + 1];
                hours[kept++] = hours[i];
            }
        }
        seen = kept;
    }

    ConversationSummary summary() {
        ConversationSummary summary = new ConversationSummary();
        summary.setState(phase.text);
        summary.setStartedAt(orNull(startedAt));
        summary.setQueuedMs(orNull(queuedMs));
        summary.setHandledMs(orNull(handledMs));
        summary.setTransfers(transfers);
        summary.setEvents(position);
        return summary;
    }

    private void reach(String channel, long eventTime) {
        for (int i = 0; i < channels.length; i++) {
            if (channels[i].equals(channel)) {
                furthest[i] = Math.max(furthest[i], eventTime);
                return;
            }
        }
        channels = Arrays.copyOf(channels, channels.length + 1);
        furthest = Arrays.copyOf(furthest, furthest.length + 1);
        channels[channels.length - 1] = channel;
        furthest[furthest.length - 1] = eventTime;
    }

    private void apply(PlatformEvent event) {
        long at = event.getEventTime();
        if (customerId == null) {
            customerId = event.getCustomerId();
        }
        String type = event.getEventType();
        switch (type) {
            case "conversation.started":
                startedAt = startedAt == NONE ? at : Math.min(startedAt, at);
                break;
            case "queue.entered":
                if (queuedSince == NONE) {
                    queuedSince = at;
                }
                break;
            case "queue.left":
                leaveQueue(at);
                break;
            case "participant.connected":
                leaveQueue(at);
                String agent = event.getAgentId();
                if (agent != null) {
                    if (lastAgent != null && !lastAgent.equals(agent)) {
                        transfers++;
                    }
                    lastAgent = agent;
                }
                if (connectedSince == NONE) {
                    connectedSince = at;
                }
                break;
            case "participant.disconnected":
                leaveAgent(at);
                break;
            case "conversation.ended":
                leaveQueue(at);
                leaveAgent(at);
                break;
            default:
                break;
        }
        phase = phase.after(type);
    }

    private void leaveQueue(long at) {
        if (queuedSince != NONE) {
            queuedMs = (queuedMs == NONE ? 0 : queuedMs) + Math.max(0, at - queuedSince);
            queuedSince = NONE;
        }
    }

    private void leaveAgent(long at) {
        if (connectedSince != NONE) {
            handledMs = (handledMs == NONE ? 0 : handledMs) + Math.max(0, at - connectedSince);
            connectedSince = NONE;
        }
    }

    private static Long orNull(long value) {
        return value == NONE ? null : value;
    }

    // === As bytes ===

    static Serde<Conversation> serde() {
        Serializer<Conversation> serializer = (topic, conversation) -> conversation == null ? null : conversation.write();
        Deserializer<Conversation> deserializer = (topic, bytes) -> bytes == null ? null : read(bytes);
        return Serdes.serdeFrom(serializer, deserializer);
    }

    private byte[] write() {
        byte[] customer = bytes(customerId);
        byte[] agent = bytes(lastAgent);
        int size = 1 + 8 + 1 + 5 * 8 + 4 + 2 + customer.length + 2 + agent.length + 1 + 4 + seen * 20;
        byte[][] names = new byte[channels.length][];
        for (int i = 0; i < names.length; i++) {
            names[i] = bytes(channels[i]);
            size += 2 + names[i].length + 8;
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.put(VERSION).putLong(position).put((byte) phase.ordinal());
        out.putLong(startedAt).putLong(queuedSince).putLong(queuedMs).putLong(connectedSince).putLong(handledMs);
        out.putInt(transfers);
        out.putShort((short) customer.length).put(customer).putShort((short) agent.length).put(agent);
        out.put((byte) names.length);
        for (int i = 0; i < names.length; i++) {
            out.putShort((short) names[i].length).put(names[i]).putLong(furthest[i]);
        }
        out.putInt(seen);
        for (int i = 0; i < seen; i++) {
            out.putLong(ids[2 * i]).putLong(ids[2 * i + 1]).putInt(hours[i]);
        }
        return out.array();
    }

    private static Conversation read(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        Conversation conversation = new Conversation();
        if (in.get() != VERSION) {
            throw new IllegalStateException("state of another version");
        }
        conversation.position = in.getLong();
        conversation.phase = Phase.of(in.get());
        conversation.startedAt = in.getLong();
        conversation.queuedSince = in.getLong();
        conversation.queuedMs = in.getLong();
        conversation.connectedSince = in.getLong();
        conversation.handledMs = in.getLong();
        conversation.transfers = in.getInt();
        conversation.customerId = text(in);
        conversation.lastAgent = text(in);
        int channels = in.get();
        conversation.channels = new String[channels];
        conversation.furthest = new long[channels];
        for (int i = 0; i < channels; i++) {
            conversation.channels[i] = text(in);
            conversation.furthest[i] = in.getLong();
        }
        int seen = in.getInt();
        conversation.seen = seen;
        conversation.ids = new long[2 * Math.max(4, seen + 1)];
        conversation.hours = new int[Math.max(4, seen + 1)];
        for (int i = 0; i < seen; i++) {
            conversation.ids[2 * i] = in.getLong();
            conversation.ids[2 * i + 1] = in.getLong();
            conversation.hours[i] = in.getInt();
        }
        return conversation;
    }

    private static byte[] bytes(String text) {
        return text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    }

    /** No text here is ever empty, so an empty one stands for none. */
    private static String text(ByteBuffer in) {
        int length = in.getShort() & 0xFFFF;
        if (length == 0) {
            return null;
        }
        String text = new String(in.array(), in.arrayOffset() + in.position(), length, StandardCharsets.UTF_8);
        in.position(in.position() + length);
        return text;
    }
}
