package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.allocation.LeastAllocation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a connection costs that does nothing: programs have thousands of them. */
class IdleConnectionTest {
    /**
     * Of the HTTP/2 connection, without Netty's channel; some 4 KB are needed. What an idle connection keeps is
     * allocated when it is made, so that this bounds it.
     */
    private static final long MAX_HEAP_BYTES = 5_120;

    private static final int CONNECTIONS_BEFORE = 20;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    private @Nullable Http2ClientConnection made;

    @Test
    void takesLittleHeap() {
        EmbeddedChannel channel = new EmbeddedChannel();
        PeerLabel label = new PeerLabel(ScriptedPeer.ADDRESS, "greeter.test");
        TransportOptions options = TransportOptions.defaults();
        SilentListener listener = new SilentListener();
        Runnable connection =
                () -> made = new Http2ClientConnection(channel, channel.eventLoop(), label, options, listener);
        for (int i = 0; i < CONNECTIONS_BEFORE; i++) {
            connection.run();
        }

        long bytes = LeastAllocation.of(connection);

        assertThat(made).isNotNull();
        assertThat(bytes).isBetween(1_024L, MAX_HEAP_BYTES);
        channel.finish();
    }

    @Test
    void keepsNoBuffer() {
        peer.ready();
        peer.receive();

        assertThat(peer.allocator().usedBytes()).isZero();
    }

    private static final class SilentListener implements TransportListener {
        @Override
        public void onReady() {}

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {}

        @Override
        public void onReleased() {}
    }
}
