package io.peregrine.transport.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A handshake in a channel without a socket, and what the handler behind it and its owner are told. */
final class Tunnel implements AutoCloseable {
    static final InetSocketAddress TARGET = InetSocketAddress.createUnresolved("greeter.internal", 443);

    /** {@code active}, {@code inactive}, and the bytes read, in their order. */
    final List<String> events = new ArrayList<>();

    final List<ProxyException> failures = new ArrayList<>();
    final EmbeddedChannel channel;
    private final List<ByteBuf> given = new ArrayList<>();

    Tunnel(ProxyServer proxy) {
        this(proxy, TARGET);
    }

    Tunnel(ProxyServer proxy, InetSocketAddress target) {
        ProxiedAddress address = ProxiedAddress.of(proxy, target);
        channel = new EmbeddedChannel(ProxyHandshake.newHandler(address, failures::add), new Recorder());
    }

    /** Takes what was sent since the last call, as ISO 8859-1. */
    String sent() {
        StringBuilder all = new StringBuilder();
        for (@Nullable ByteBuf each = channel.readOutbound(); each != null; each = channel.readOutbound()) {
            all.append(each.toString(StandardCharsets.ISO_8859_1));
            each.release();
        }
        return all.toString();
    }

    String sentHex() {
        return ByteBufUtil.hexDump(sent().getBytes(StandardCharsets.ISO_8859_1));
    }

    void receive(String text) {
        receive(text, Integer.MAX_VALUE);
    }

    void receiveHex(String hex, int pieceBytes) {
        receive(new String(ByteBufUtil.decodeHexDump(hex), StandardCharsets.ISO_8859_1), pieceBytes);
    }

    /** In pieces of at most that many bytes, each a read of its own. */
    void receive(String text, int pieceBytes) {
        for (int from = 0; from < text.length(); from += Math.min(pieceBytes, text.length() - from)) {
            int to = from + Math.min(pieceBytes, text.length() - from);
            ByteBuf piece = Unpooled.copiedBuffer(text.substring(from, to), StandardCharsets.ISO_8859_1);
            given.add(piece);
            channel.writeInbound(piece);
        }
    }

    void closedByProxy() {
        channel.close().syncUninterruptibly();
    }

    void assertFailedWith(String message) {
        assertThat(failures)
                .singleElement()
                .extracting(ProxyException::getMessage)
                .isEqualTo(message);
        assertThat(events).doesNotContain("active");
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
        assertThat(given).as("buffers received").allMatch(buffer -> buffer.refCnt() == 0);
    }

    private final class Recorder extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            events.add("active");
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            events.add("inactive");
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            events.add(bytes.toString(StandardCharsets.ISO_8859_1));
            bytes.release();
        }
    }
}
