package io.trunkline.bench;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** What the harness says: brokers, topics, schema ids, and the settings it gave Trunkline. */
record Settings(Properties properties) {
    static Settings read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return new Settings(properties);
    }

    String text(String name) {
        String value = properties.getProperty(name);
        if (value == null) {
            throw new IllegalArgumentException("the settings lack " + name);
        }
        return value;
    }

    int integer(String name) {
        return Integer.parseInt(text(name));
    }

    long milliseconds(String name) {
        return Long.parseLong(text(name));
    }
}
