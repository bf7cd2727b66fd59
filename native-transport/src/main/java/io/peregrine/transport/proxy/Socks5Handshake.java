package io.peregrine.transport.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.NetUtil;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The tunnel by SOCKS5 (RFC 1928), with user and password where the proxy wants them (RFC 1929).
 *
 * <pre>
 *   METHOD ──no authentication──────────────────▶ REPLY ──succeeded──▶ tunnel
 *      └─────user and password──▶ LOGIN ──accepted──▶┘
 * </pre>
 *
 * <p>A target that is a name goes to the proxy as a name, which looks it up; IP literals go as addresses.
 */
@EventLoopConfined
final class Socks5Handshake extends ProxyHandshake {
    private static final int VERSION = 5;
    private static final int LOGIN_VERSION = 1;
    private static final int NO_AUTHENTICATION = 0;
    private static final int USER_AND_PASSWORD = 2;
    private static final int CONNECT = 1;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;

    private enum Step {
        METHOD,
        LOGIN,
        REPLY
    }

    private Step step = Step.METHOD;

    Socks5Handshake(ProxiedAddress address, Consumer<? super ProxyException> onFailure) {
        super(address, onFailure);
    }

    @Override
    ByteBuf opening(ChannelHandlerContext ctx) {
        ByteBuf message = ctx.alloc().buffer(4).writeByte(VERSION);
        return address().proxy().hasCredentials()
                ? message.writeByte(2).writeByte(NO_AUTHENTICATION).writeByte(USER_AND_PASSWORD)
                : message.writeByte(1).writeByte(NO_AUTHENTICATION);
    }

    @Override
    boolean onAnswer(ChannelHandlerContext ctx, ByteBuf received) throws ProxyException {
        requireVersion(received, step == Step.LOGIN ? LOGIN_VERSION : VERSION);
        if (received.readableBytes() < 2) {
            return false;
        }
        return switch (step) {
            case METHOD -> onMethod(ctx, received.skipBytes(1).readUnsignedByte());
            case LOGIN -> onLogin(ctx, received.skipBytes(1).readUnsignedByte());
            case REPLY -> onReply(received);
        };
    }

    private void requireVersion(ByteBuf received, int version) throws ProxyException {
        int first = received.getUnsignedByte(received.readerIndex());
        if (first != version) {
            throw new ProxyException(address().proxyLabel() + " does not speak SOCKS5: its answer starts with " + first
                    + " (expected: " + version + ')');
        }
    }

    private boolean onMethod(ChannelHandlerContext ctx, int method) throws ProxyException {
        ProxyServer proxy = address().proxy();
        String user = proxy.user();
        String password = proxy.password();
        if (method == USER_AND_PASSWORD && user != null && password != null) {
            step = Step.LOGIN;
            send(ctx, login(ctx, user, password));
        } else if (method == NO_AUTHENTICATION) {
            requestTunnel(ctx);
        } else {
            String offered = user == null ? "no authentication" : "no authentication, or user and password";
            throw refused("it wants another authentication (offered: " + offered + ')');
        }
        return false;
    }

    private static ByteBuf login(ChannelHandlerContext ctx, String user, String password) {
        ByteBuf message = ctx.alloc().buffer().writeByte(LOGIN_VERSION);
        for (String part : new String[] {user, password}) {
            byte[] octets = part.getBytes(StandardCharsets.UTF_8);
            message.writeByte(octets.length).writeBytes(octets);
        }
        return message;
    }

    private boolean onLogin(ChannelHandlerContext ctx, int status) throws ProxyException {
        if (status != 0) {
            throw refused("user or password is wrong (status " + status + ')');
        }
        requestTunnel(ctx);
        return false;
    }

    private void requestTunnel(ChannelHandlerContext ctx) {
        step = Step.REPLY;
        String host = address().targetHost();
        byte @Nullable [] octets = NetUtil.createByteArrayFromIpAddressString(host);
        ByteBuf message =
                ctx.alloc().buffer().writeByte(VERSION).writeByte(CONNECT).writeByte(0);
        if (octets == null) {
            byte[] name = host.getBytes(StandardCharsets.US_ASCII);
            message.writeByte(NAME).writeByte(name.length).writeBytes(name);
        } else {
            message.writeByte(octets.length == 4 ? IPV4 : IPV6).writeBytes(octets);
        }
        send(ctx, message.writeShort(address().target().getPort()));
    }

    /** A refusal is known from its second byte; of a success the whole reply is taken off, bound address included. */
    private boolean onReply(ByteBuf received) throws ProxyException {
        int start = received.readerIndex();
        int reply = received.getUnsignedByte(start + 1);
        if (reply != 0) {
            throw refused(meaning(reply) + " (reply " + reply + ')');
        }
        if (received.readableBytes() < 5) {
            return false;
        }
        int type = received.getUnsignedByte(start + 3);
        int addressBytes = switch (type) {
            case IPV4 -> 4;
            case IPV6 -> 16;
            case NAME -> 1 + received.getUnsignedByte(start + 4);
            default ->
                throw new ProxyException(address().proxyLabel()
                        + " does not speak SOCKS5: its reply has an address of type " + type
                        + " (expected: 1, 3 or 4)");
        };
        int replyBytes = 4 + addressBytes + 2;
        if (received.readableBytes() < replyBytes) {
            return false;
        }
        received.skipBytes(replyBytes);
        return true;
    }

    private static String meaning(int reply) {
        return switch (reply) {
            case 1 -> "general failure";
            case 2 -> "not allowed by its rules";
            case 3 -> "network unreachable";
            case 4 -> "host unreachable";
            case 5 -> "connection refused";
            case 6 -> "time to live expired";
            case 7 -> "command not supported";
            case 8 -> "address type not supported";
            default -> "unknown failure";
        };
    }

    private ProxyException refused(String reason) {
        return new ProxyException(
                address().proxyLabel() + " refused SOCKS5 CONNECT " + address().targetHostPort() + ": " + reason);
    }
}
