package io.peregrine.client.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many streams at once on one connection, slow readers among them: each gets what it sent, in its order. */
class StreamConcurrencyIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(100));
    private static final int STREAMS = 8;
    private static final int SLOW_STREAMS = 3;
    private static final int MESSAGES = 1000;
    private static final int MAX_BYTES = 20_000;

    private final ExecutorService threads = Executors.newFixedThreadPool(2 * STREAMS);
    private StreamServer server;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = StreamServer.start();
        conn = server.connect();
    }

    @AfterEach
    void stop() throws Exception {
        threads.shutdownNow();
        conn.close();
        server.close();
    }

    @Test
    void streamsOfOneConnectionDoNotMix() throws Exception {
        SplittableRandom random = Seeds.random("streams of one connection do not mix");
        List<Future<Integer>> senders = new ArrayList<>();
        List<Future<Integer>> readers = new ArrayList<>();
        List<Callable<Integer>> slowReaders = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
            boolean slow = i < SLOW_STREAMS;
            long seed = random.nextLong();
            ClientStream<byte[], byte[]> stream = conn.newStream(StreamServer.ECHO, OPTIONS);
            senders.add(threads.submit(sender(stream, seed)));
            if (slow) {
                // As slow as can be: it reads nothing until all the others have ended.
                slowReaders.add(reader(stream, seed));
            } else {
                readers.add(threads.submit(reader(stream, seed)));
            }
        }

        awaitAll(readers);
        for (Callable<Integer> slowReader : slowReaders) {
            readers.add(threads.submit(slowReader));
        }
        awaitAll(readers);
        awaitAll(senders);
        assertThat(conn.connections()).hasSize(1);
    }

    private static void awaitAll(List<Future<Integer>> futures) throws Exception {
        for (Future<Integer> future : futures) {
            assertThat(future.get(100, TimeUnit.SECONDS)).isEqualTo(MESSAGES);
        }
    }

    private static Callable<Integer> sender(ClientStream<byte[], byte[]> stream, long seed) {
        return () -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < MESSAGES; i++) {
                assertThat(stream.send(nextMessage(random))).isTrue();
            }
            stream.closeSend();
            return MESSAGES;
        };
    }

    private static Callable<Integer> reader(ClientStream<byte[], byte[]> stream, long seed) {
        return () -> {
            SplittableRandom random = new SplittableRandom(seed);
            int messages = 0;
            for (byte[] message : stream) {
                assertThat(message).as("message %s", messages).isEqualTo(nextMessage(random));
                messages++;
            }
            assertThat(messages).isEqualTo(MESSAGES);
            return messages;
        };
    }

    private static byte[] nextMessage(SplittableRandom random) {
        byte[] message = new byte[random.nextInt(MAX_BYTES)];
        random.nextBytes(message);
        return message;
    }
}
