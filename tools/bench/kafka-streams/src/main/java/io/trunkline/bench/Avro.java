package io.trunkline.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Generated records in the Confluent wire format, by the coders that Avro generates for them. Each thread keeps its
 * reader, its writer and their buffers; the schema's id is known, so the registry is never asked.
 */
final class Avro {
    private static final int FRAME = 5;
    /** Larger than nearly every record: one copy from the encoder's buffer to the result. */
    private static final int BUFFER = 8192;
    private static final EncoderFactory ENCODERS = new EncoderFactory().configureBufferSize(BUFFER);

    private Avro() {}

    static <T extends SpecificRecord> Serde<T> serde(Class<T> type, int schemaId) {
        ThreadLocal<Writer<T>> writers = ThreadLocal.withInitial(() -> new Writer<>(type, schemaId));
        ThreadLocal<Reader<T>> readers = ThreadLocal.withInitial(() -> new Reader<>(type, schemaId));
        Serializer<T> serializer = (topic, value) -> value == null ? null : writers.get().write(value);
        Deserializer<T> deserializer = (topic, bytes) -> bytes == null ? null : readers.get().read(topic, bytes);
        return Serdes.serdeFrom(serializer, deserializer);
    }

    private static SpecificData model(Class<?> type) {
        SpecificData model = SpecificData.getForClass(type);
        model.setCustomCoders(true);
        return model;
    }

    private static final class Writer<T extends SpecificRecord> {
        private final SpecificDatumWriter<T> writer;
        private final int schemaId;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(BUFFER);
        private BinaryEncoder encoder;

        Writer(Class<T> type, int schemaId) {
            SpecificData model = model(type);
            this.writer = new SpecificDatumWriter<>(model.getSchema(type), model);
            this.schemaId = schemaId;
        }

        byte[] write(T value) {
            out.reset();
            out.write(0);
            out.write(schemaId >>> 24);
            out.write(schemaId >>> 16);
            out.write(schemaId >>> 8);
            out.write(schemaId);
            encoder = ENCODERS.binaryEncoder(out, encoder);
            try {
                writer.write(value, encoder);
                encoder.flush();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            return out.toByteArray();
        }
    }

    private static final class Reader<T extends SpecificRecord> {
        private final SpecificDatumReader<T> reader;
        private final int schemaId;
        private BinaryDecoder decoder;

        Reader(Class<T> type, int schemaId) {
            SpecificData model = model(type);
            this.reader = new SpecificDatumReader<>(model.getSchema(type), model.getSchema(type), model);
            this.schemaId = schemaId;
        }

        T read(String topic, byte[] bytes) {
            int id = (bytes[1] & 0xFF) << 24 | (bytes[2] & 0xFF) << 16 | (bytes[3] & 0xFF) << 8 | bytes[4] & 0xFF;
            if (bytes[0] != 0 || id != schemaId) {
                throw new IllegalArgumentException(topic + ": schema id " + id + " was not expected");
            }
            decoder = DecoderFactory.get().binaryDecoder(bytes, FRAME, bytes.length - FRAME, decoder);
            try {
                return reader.read(null, decoder);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }
}
