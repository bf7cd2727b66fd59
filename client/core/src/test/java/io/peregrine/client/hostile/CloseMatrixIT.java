package io.peregrine.client.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.testkit.Seeds;
import io.peregrine.transport.io.EventLoops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything that closes against everything that a call does (HOSTILE.md P11): each call ends once, nothing is left. */
class CloseMatrixIT {
    private static final int ROUNDS = 15;
    private static final Path OPEN_FILES = Path.of("/proc/self/fd");

    /** What ends a connection, or the channel. */
    private enum Closing {
        SHUTDOWN {
            @Override
            void happen(ClientConn conn, HostileConnection connection) {
                conn.shutdown();
            }
        },
        SHUTDOWN_NOW {
            @Override
            void happen(ClientConn conn, HostileConnection connection) {
                conn.shutdownNow();
            }
        },
        GOAWAY {
            @Override
            void happen(ClientConn conn, HostileConnection connection) throws IOException {
                connection.goAway(0, 0, "");
            }
        },
        LOSS {
            @Override
            void happen(ClientConn conn, HostileConnection connection) throws IOException {
                connection.cut();
            }
        };

        abstract void happen(ClientConn conn, HostileConnection connection) throws IOException;
    }

    /** What the application does meanwhile. */
    private enum Doing {
        NEW_CALL {
            @Override
            void happen(ClientConn conn, List<RecordedCall> calls) {
                calls.add(RecordedCall.start(conn));
            }
        },
        CANCEL {
            @Override
            void happen(ClientConn conn, List<RecordedCall> calls) {
                calls.forEach(RecordedCall::cancel);
            }
        },
        NEW_CALL_AND_CANCEL {
            @Override
            void happen(ClientConn conn, List<RecordedCall> calls) {
                RecordedCall call = RecordedCall.start(conn);
                calls.add(call);
                call.cancel();
            }
        };

        abstract void happen(ClientConn conn, List<RecordedCall> calls);
    }

    private static Stream<Arguments> pairs() {
        return Stream.of(Closing.values())
                .flatMap(closing -> Stream.of(Doing.values()).map(doing -> Arguments.of(closing, doing)));
    }

    /** Requests of even number are answered, the others are left for the close to end, or for the cancel. */
    @ParameterizedTest
    @MethodSource("pairs")
    void p11EachCallEndsOnceAndNothingIsLeft(Closing closing, Doing doing) throws Exception {
        race(closing, doing, 1);
        int openBefore = openSocketsAndEvents().size();

        race(closing, doing, ROUNDS);

        assertThat(openSocketsAndEvents()).as("open sockets and events").hasSizeLessThanOrEqualTo(openBefore);
    }

    private static void race(Closing closing, Doing doing, int rounds) throws Exception {
        EventLoops loops = EventLoops.create(1);
        try (loops) {
            for (int round = 0; round < rounds; round++) {
                race(closing, doing, round, loops);
            }
        }
        loops.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static void race(Closing closing, Doing doing, int round, EventLoops loops) throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    if (stream.number() % 2 == 0 || stream.connection().number() > 1) {
                        stream.echo();
                    }
                });
                ClientConn conn = ClientConn.builder(server.target())
                        .credentials(InsecureCredentials.create())
                        .eventLoops(loops)
                        .build()) {
            List<RecordedCall> calls = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                calls.add(RecordedCall.start(conn));
            }
            server.awaitRequests(4);
            HostileConnection connection = server.connection(1);
            CountDownLatch start = new CountDownLatch(1);
            server.run("closing", () -> {
                start.await();
                closing.happen(conn, connection);
            });

            start.countDown();
            for (int spin = 0; spin < round * 50; spin++) {
                Thread.onSpinWait();
            }
            doing.happen(conn, calls);

            if (closing == Closing.SHUTDOWN) {
                // The calls that the server leaves open would drain for as long as their deadlines.
                calls.forEach(RecordedCall::cancel);
            }
            for (RecordedCall call : calls) {
                assertThat(call.code()).isIn(StatusCode.OK, StatusCode.CANCELLED, StatusCode.UNAVAILABLE);
            }
            conn.shutdown();
            assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
            for (RecordedCall call : calls) {
                call.assertEndedOnce();
            }
        }
    }

    /** The memory of the calls is given back as well: the leak detector watches the whole class. */
    @Test
    void p11AChannelClosedInEveryPhaseOfItsConnectionTerminates() throws Exception {
        SplittableRandom random = Seeds.random("a channel closed in every phase of its connection terminates");
        for (int round = 0; round < 30; round++) {
            try (HostileServer server = HostileServer.start(HostileStream::echo)) {
                ClientConn conn = ClientConn.builder(server.target())
                        .credentials(InsecureCredentials.create())
                        .build();
                RecordedCall call = RecordedCall.start(conn, CallOptions.DEFAULT);
                for (int spin = random.nextInt(20_000); spin > 0; spin--) {
                    Thread.onSpinWait();
                }

                conn.shutdownNow();

                assertThat(call.code()).isIn(StatusCode.OK, StatusCode.CANCELLED);
                assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
                call.assertEndedOnce();
            }
        }
    }

    /** What channels and loops hold; jars and the like, which the JVM opens when it likes, are not theirs. */
    private static List<String> openSocketsAndEvents() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(OPEN_FILES), "no /proc");
        List<String> open = new ArrayList<>();
        try (Stream<Path> files = Files.list(OPEN_FILES)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                describe(file)
                        .filter(target -> target.startsWith("socket:") || target.startsWith("anon_inode:"))
                        .ifPresent(open::add);
            }
        }
        return open;
    }

    /** Empty if the file was closed meanwhile. */
    private static Optional<String> describe(Path file) throws IOException {
        try {
            return Optional.of(Files.readSymbolicLink(file).toString());
        } catch (NoSuchFileException closed) {
            return Optional.empty();
        }
    }
}
