package io.trunkline.bench;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * RocksDB as Kafka's documentation advises for bounded memory: one cache for all stores, memtables charged to it. Its
 * size is the budget of Trunkline's store: 48 MiB of blocks, indexes and filters, 48 MiB of memtables.
 */
public final class RocksDb implements RocksDBConfigSetter {
    private static final long MIB = 1024 * 1024;
    private static final long BUDGET = (48 + 48) * MIB;

    private static final Cache CACHE = new LRUCache(BUDGET, -1, false, 0.1);
    private static final WriteBufferManager MEMTABLES = new WriteBufferManager(BUDGET / 2, CACHE);
    private static final BloomFilter BLOOM = new BloomFilter(10, false);

    @Override
    public void setConfig(String store, Options options, Map<String, Object> configs) {
        BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
        table.setBlockCache(CACHE);
        table.setCacheIndexAndFilterBlocks(true);
        table.setCacheIndexAndFilterBlocksWithHighPriority(true);
        table.setPinL0FilterAndIndexBlocksInCache(true);
        table.setFilterPolicy(BLOOM);
        options.setTableFormatConfig(table);
        options.setWriteBufferManager(MEMTABLES);
        options.setWriteBufferSize(16 * MIB);
        options.setMaxWriteBufferNumber(2);
        options.setCompressionType(CompressionType.LZ4_COMPRESSION);
        options.setMaxBackgroundJobs(2);
    }

    @Override
    public void close(String store, Options options) {
        // Cache, manager and filter are shared by all stores and live as long as the process.
    }
}
