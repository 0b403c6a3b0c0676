package io.trunkline.bench;

import io.trunkline.v1.PlatformEvent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The events of one conversation that wait for what should have come first, in the order they came. */
final class Held {
    final List<Entry> events = new ArrayList<>(1);

    static final class Entry {
        final PlatformEvent event;
        final Headers headers;

        Entry(PlatformEvent event, Headers headers) {
            this.event = event;
            this.headers = headers;
        }
    }

    void add(PlatformEvent event, Headers headers) {
        events.add(new Entry(event, headers));
    }

    boolean contains(String eventId) {
        for (Entry entry : events) {
            if (entry.event.getEventId().equals(eventId)) {
                return true;
            }
        }
        return false;
    }

    static Serde<Held> serde(Serde<PlatformEvent> codec) {
        return Serdes.serdeFrom(
                (topic, held) -> held == null ? null : held.write(codec),
                (topic, bytes) -> bytes == null ? null : read(bytes, codec));
    }

    private byte[] write(Serde<PlatformEvent> codec) {
        ByteBuffer out = ByteBuffer.allocate(0);
        for (Entry entry : events) {
            byte[] value = codec.serializer().serialize(null, entry.event);
            int size = 8 + value.length;
            int count = 0;
            for (Header header : entry.headers) {
                size += 8 + header.key().length() * 3 + header.value().length;
                count++;
            }
            ByteBuffer grown = ByteBuffer.allocate(out.position() + size);
            out = grown.put(out.flip());
            out.putInt(value.length).put(value).putInt(count);
            for (Header header : entry.headers) {
                byte[] name = header.key().getBytes(StandardCharsets.UTF_8);
                out.putInt(name.length).put(name).putInt(header.value().length).put(header.value());
            }
        }
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    private static Held read(byte[] bytes, Serde<PlatformEvent> codec) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        Held held = new Held();
        while (in.hasRemaining()) {
            PlatformEvent event = codec.deserializer().deserialize(null, take(in));
            RecordHeaders headers = new RecordHeaders();
            for (int count = in.getInt(); count > 0; count--) {
                headers.add(new String(take(in), StandardCharsets.UTF_8), take(in));
            }
            held.add(event, headers);
        }
        return held;
    }

    private static byte[] take(ByteBuffer in) {
        byte[] bytes = new byte[in.getInt()];
        in.get(bytes);
        return bytes;
    }
}
