package io.trunkline.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/** Ids of what follows from an event: UUIDv5 of netstrings, the same as the processor's. */
final class Ids {
    private static final long NAMESPACE_HIGH = 0x85b72fcc3661598aL;
    private static final long NAMESPACE_LOW = 0xbfb5df8009b7855fL;

    private static final ThreadLocal<MessageDigest> SHA1 = ThreadLocal.withInitial(() -> {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    });

    private Ids() {}

    static String derive(String... parts) {
        StringBuilder name = new StringBuilder(128);
        for (String part : parts) {
            // Parts are ASCII here, so characters are bytes.
            name.append(part.length()).append(':').append(part).append(',');
        }
        MessageDigest sha1 = SHA1.get();
        sha1.update(ByteBuffer.allocate(16).putLong(NAMESPACE_HIGH).putLong(NAMESPACE_LOW).array());
        ByteBuffer hash = ByteBuffer.wrap(sha1.digest(name.toString().getBytes(StandardCharsets.UTF_8)));
        long high = hash.getLong() & 0xFFFFFFFFFFFF0FFFL | 0x5000L;
        long low = hash.getLong() & 0x3FFFFFFFFFFFFFFFL | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }
}
