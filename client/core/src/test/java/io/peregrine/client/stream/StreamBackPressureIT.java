package io.peregrine.client.stream;

import static io.peregrine.client.stream.StreamServer.ECHO;
import static io.peregrine.client.stream.StreamServer.FLOOD;
import static io.peregrine.client.stream.StreamServer.HOLD;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Neither side is made to hold more than its windows, whoever of the two is slow (HOSTILE.md P6, P7). */
class StreamBackPressureIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));
    private static final int MESSAGE_BYTES = 16 << 10;

    /** What a stream and both sockets may hold, generously: the stream's window, grown, and the system's buffers. */
    private static final long IN_FLIGHT_BYTES = 64L << 20;

    private StreamServer server;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = StreamServer.start();
        conn = server.connect();
    }

    @AfterEach
    void stop() throws Exception {
        conn.close();
        server.close();
    }

    @Test
    void aServerThatStreamsToASlowReaderStops() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(FLOOD, OPTIONS, recorded);
        call.trySend(new byte[MESSAGE_BYTES]);
        call.request(1);
        assertThat(recorded.nextMessage()).hasSize(MESSAGE_BYTES);

        int sent = awaitStandstill();

        assertThat((long) sent * MESSAGE_BYTES).isLessThan(IN_FLIGHT_BYTES);
        assertThat(recorded.messagesLeft()).as("messages that nobody asked for").isEmpty();
        call.request(sent);
        for (int i = 0; i < sent; i++) {
            assertThat(recorded.nextMessage()).hasSize(MESSAGE_BYTES);
        }
        assertThat(awaitStandstill()).as("sent once there was demand").isGreaterThan(sent);
        call.cancel();
        recorded.awaitFailure();
    }

    /** The number of messages that the server has sent when it has sent none for the time of many other calls. */
    private int awaitStandstill() {
        int before;
        int now = server.flooded();
        do {
            before = now;
            for (int i = 0; i < 100; i++) {
                conn.invoke(StreamServer.SAY, new byte[1], OPTIONS);
            }
            now = server.flooded();
        } while (now != before);
        return now;
    }

    @Test
    void h210TrySendIsRefusedWhileTheServerDoesNotRead() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(HOLD, OPTIONS, recorded);

        int sent = 0;
        while (sendsBeforeStandstill(call)) {
            sent++;
        }

        assertThat((long) sent * MESSAGE_BYTES).isBetween(1L, IN_FLIGHT_BYTES);
        assertThat(call.isWritable()).isFalse();
        server.admit();
        recorded.awaitRoom();
        byte[] last = {1, 2, 3};
        while (!call.trySend(last)) {
            recorded.awaitRoom();
        }
        call.closeSend();
        assertThat(recorded.nextMessage()).isEqualTo(last);
        recorded.awaitComplete();
    }

    /** Sends a message; false if there is no room for it, and none for the time of many other calls. */
    private boolean sendsBeforeStandstill(ClientCall<byte[]> call) {
        for (int i = 0; i < 100; i++) {
            if (call.trySend(new byte[MESSAGE_BYTES])) {
                return true;
            }
            conn.invoke(StreamServer.SAY, new byte[1], OPTIONS);
        }
        return false;
    }

    @Test
    void h210SendWaitsWhileTheServerDoesNotRead() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(HOLD, OPTIONS)) {
            long bytes = 4 * IN_FLIGHT_BYTES;
            CompletableFuture<byte[]> answer = new CompletableFuture<>();
            Thread sender = new Thread(
                    () -> {
                        for (long sent = 0; sent < bytes; sent += MESSAGE_BYTES) {
                            stream.send(new byte[MESSAGE_BYTES]);
                        }
                        stream.send(new byte[] {7});
                        answer.complete(stream.closeAndReceive());
                    },
                    "sender");
            sender.start();
            Waiting.untilParked(sender);

            Waiting.until("the call has arrived", () -> {
                server.admit();
                return answer.isDone();
            });

            assertThat(answer.get(20, TimeUnit.SECONDS)).containsExactly(7);
            sender.join();
        }
    }

    @Test
    void messagesThatAreNotReadHoldUpNoOtherCall() {
        try (ClientStream<byte[], byte[]> unread = conn.newStream(FLOOD, new byte[MESSAGE_BYTES], OPTIONS);
                ClientStream<byte[], byte[]> read = conn.newStream(ECHO, OPTIONS)) {
            awaitStandstill();

            for (int i = 0; i < 100; i++) {
                read.send(new byte[MESSAGE_BYTES]);
                assertThat(read.receive()).hasSize(MESSAGE_BYTES);
            }
            assertThat(unread.receive()).hasSize(MESSAGE_BYTES);
        }
    }
}
