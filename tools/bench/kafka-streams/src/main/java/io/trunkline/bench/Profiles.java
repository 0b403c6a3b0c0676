package io.trunkline.bench;

import io.trunkline.v1.CustomerProfile;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/**
 * The customers' profiles: a global store, and in front of it the decoded ones, shared by all threads. Without that map
 * every event would decode its customer's profile again.
 */
final class Profiles {
    static final String STORE = "profiles";

    private final ConcurrentHashMap<String, CustomerProfile> decoded = new ConcurrentHashMap<>();

    /** Keeps the store and what is decoded of it in step. */
    final class Updater implements Processor<String, CustomerProfile, Void, Void> {
        private KeyValueStore<String, CustomerProfile> store;

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            store = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, CustomerProfile> record) {
            store.put(record.key(), record.value());
            decoded.remove(record.key());
        }
    }

    CustomerProfile get(ReadOnlyKeyValueStore<String, CustomerProfile> store, String customer) {
        CustomerProfile known = decoded.get(customer);
        if (known != null) {
            return known;
        }
        CustomerProfile stored = store.get(customer);
        if (stored != null) {
            decoded.put(customer, stored);
        }
        return stored;
    }

    /** Takes note of a customer's last interaction. Returns the profile when that changed it. */
    CustomerProfile interacted(CustomerProfile profile, long at) {
        Long known = profile.getLastInteractionDate();
        if (known != null && known >= at) {
            return null;
        }
        CustomerProfile changed = copyWith(profile, at);
        decoded.put(profile.getCustomerId(), changed);
        return changed;
    }

    /** Builders validate and copy deeply; nothing here needs that. */
    private static CustomerProfile copyWith(CustomerProfile profile, long lastInteraction) {
        CustomerProfile copy = new CustomerProfile();
        for (var field : profile.getSchema().getFields()) {
            copy.put(field.pos(), profile.get(field.pos()));
        }
        copy.setLastInteractionDate(lastInteraction);
        return copy;
    }
}
