package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any octets from a server, cut anywhere, among starts, cancels and deadlines: each stream ends exactly once, no buffer
 * is left, what is held is bounded, what is written is frames within the peer's windows, and nothing of it is a fault
 * of this side.
 *
 * <p>Replays the corpus in {@code Http2ClientConnectionFuzzInputs}, and fuzzes with {@code -Pfuzz}.
 */
class Http2ClientConnectionFuzz {
    private static final Logger LOG = Logger.getLogger(Http2ClientConnection.class.getName());
    private static final Queue<LogRecord> FAULTS = new ConcurrentLinkedQueue<>();
    private static final Handler FAULT_HANDLER = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
                FAULTS.add(entry);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeAll
    static void catchTheLog() {
        LOG.setUseParentHandlers(false);
        LOG.addHandler(FAULT_HANDLER);
    }

    @AfterAll
    static void restoreTheLog() {
        LOG.removeHandler(FAULT_HANDLER);
        LOG.setUseParentHandlers(true);
    }

    @FuzzTest
    void survivesAnyServer(byte[] script) {
        FAULTS.clear();
        ScriptedPeer peer = new ScriptedPeer().ready();

        List<RecordedStream> streams = FuzzScript.play(script, peer);
        peer.verify();

        for (LogRecord fault : FAULTS) {
            throw new AssertionError(fault.getMessage(), fault.getThrown());
        }
        for (RecordedStream stream : streams) {
            assertThat(stream.events()).doesNotContain("failure " + StreamFailure.Kind.INTERNAL);
        }
    }
}
