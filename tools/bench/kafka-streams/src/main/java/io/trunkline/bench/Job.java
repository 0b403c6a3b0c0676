package io.trunkline.bench;

import static org.apache.kafka.streams.StreamsConfig.consumerPrefix;
import static org.apache.kafka.streams.StreamsConfig.mainConsumerPrefix;
import static org.apache.kafka.streams.StreamsConfig.producerPrefix;
import static org.apache.kafka.streams.StreamsConfig.restoreConsumerPrefix;

import io.trunkline.v1.CustomerProfile;
import io.trunkline.v1.EnrichedEvent;
import io.trunkline.v1.PlatformEvent;
import io.trunkline.v1.RoutingDecision;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/** Runs the job until it is told to stop: {@code Job SETTINGS-FILE}. */
public final class Job {
    private static final int THREADS = 2;

    private Job() {}

    public static void main(String[] arguments) throws Exception {
        Settings settings = Settings.read(Path.of(arguments[0]));
        KafkaStreams streams = new KafkaStreams(topology(settings), configuration(settings));
        streams.setUncaughtExceptionHandler(error -> {
            // What is not committed takes no effect; the harness sees the end and shows why.
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
    }

    private static Topology topology(Settings settings) {
        Serde<String> text = Serdes.String();
        Serde<PlatformEvent> events = Avro.serde(PlatformEvent.class, settings.integer("schema.input"));
        Serde<EnrichedEvent> enriched = Avro.serde(EnrichedEvent.class, settings.integer("schema.enriched"));
        Serde<RoutingDecision> decisions = Avro.serde(RoutingDecision.class, settings.integer("schema.decisions"));
        Serde<CustomerProfile> customers = Avro.serde(CustomerProfile.class, settings.integer("schema.customers"));
        Profiles profiles = new Profiles();

        Topology topology = new Topology();
        topology.addGlobalStore(
                Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(Profiles.STORE), text, customers)
                        .withLoggingDisabled(),
                "profiles-source", text.deserializer(), customers.deserializer(),
                settings.text("topic.profiles"), "profiles-updater", () -> profiles.new Updater());
        topology.addSource("events", text.deserializer(), events.deserializer(), settings.text("topic.input"));
        topology.addProcessor("processor", () -> new Conversations(profiles, settings), "events");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                                Stores.persistentKeyValueStore(Conversations.STORE), text, Conversation.serde())
                        .withCachingEnabled(),
                "processor");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                                Stores.persistentKeyValueStore(Conversations.HELD), text, Held.serde(events))
                        .withCachingEnabled(),
                "processor");
        topology.addSink(Conversations.ENRICHED, settings.text("topic.enriched"), text.serializer(), enriched.serializer(), "processor");
        topology.addSink(Conversations.DECISIONS, settings.text("topic.decisions"), text.serializer(), decisions.serializer(), "processor");
        topology.addSink(Conversations.CUSTOMERS, settings.text("topic.customers"), text.serializer(), customers.serializer(), "processor");
        return topology;
    }

    /** Each choice is explained in README.md. */
    private static Properties configuration(Settings settings) {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, settings.text("application.id"));
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, settings.text("bootstrap.servers"));
        config.put(StreamsConfig.STATE_DIR_CONFIG, settings.text("state.dir"));
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, settings.milliseconds("commit.interval.ms"));
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, THREADS);
        config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 128L * 1024 * 1024);
        config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksDb.class);
        config.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 2000);
        config.put(StreamsConfig.POLL_MS_CONFIG, 20);
        config.put(StreamsConfig.ENABLE_METRICS_PUSH_CONFIG, false);

        config.put(mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "bench");
        config.put(mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
        config.put(mainConsumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 3_000);
        config.put(consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        config.put(mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2000);
        config.put(mainConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 20);
        config.put(consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 * 1024 * 1024);
        config.put(restoreConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        config.put(restoreConsumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 16 * 1024 * 1024);

        config.put(producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        config.put(producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 20);
        config.put(producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
        config.put(producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64L * 1024 * 1024);
        config.put(producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 10_000);
        return config;
    }
}
