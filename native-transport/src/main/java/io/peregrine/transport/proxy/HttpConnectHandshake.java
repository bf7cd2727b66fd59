package io.peregrine.transport.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tunnel by {@code CONNECT} (RFC 9110 §9.3.6, SPEC PX-4). Only 200 opens it; whatever the head says about a body,
 * what comes behind a 200 came through the tunnel.
 */
@EventLoopConfined
final class HttpConnectHandshake extends ProxyHandshake {
    /** More than proxies send by far; most refuse to receive as much themselves. */
    static final int MAX_HEAD_BYTES = 16 << 10;

    /** How much of a refusal's body is looked at, and how much of that is shown. */
    private static final int MAX_BODY_BYTES = 4 << 10;

    private static final int SHOWN_LETTERS = 200;
    private static final byte[] HTTP_1 = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);
    /** Pages say in their text what went wrong; the markup would fill what is shown of them. */
    private static final Pattern TAG = Pattern.compile("<[^>]*>");

    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[0-9] ([0-9]{3})(?: (.*))?");

    private final @Nullable String basicCredentials;

    /** How many bytes of the head were looked at, and how many of them belong to the line not yet ended. */
    private int scannedBytes;

    private int lineBytes;

    HttpConnectHandshake(ProxiedAddress address, Consumer<? super ProxyException> onFailure) {
        super(address, onFailure);
        ProxyServer proxy = address.proxy();
        this.basicCredentials = proxy.hasCredentials() ? base64(proxy.user() + ':' + proxy.password()) : null;
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    ByteBuf opening(ChannelHandlerContext ctx) {
        String target = address().targetHostPort();
        StringBuilder head = new StringBuilder(256)
                .append("CONNECT ")
                .append(target)
                .append(" HTTP/1.1\r\nHost: ")
                .append(target)
                .append("\r\nUser-Agent: peregrine\r\n");
        if (basicCredentials != null) {
            head.append("Proxy-Authorization: Basic ").append(basicCredentials).append("\r\n");
        }
        return ByteBufUtil.writeAscii(ctx.alloc(), head.append("\r\n"));
    }

    @Override
    boolean onAnswer(ChannelHandlerContext ctx, ByteBuf received) throws ProxyException {
        requireHttp(received);
        if (!findEndOfHead(received)) {
            return false;
        }
        String head = received.readCharSequence(scannedBytes, StandardCharsets.ISO_8859_1)
                .toString();
        String statusLine = head.lines().findFirst().orElse("");
        Matcher matcher = STATUS_LINE.matcher(statusLine);
        if (!matcher.matches()) {
            throw new ProxyException(address().proxyLabel() + " answered CONNECT "
                    + address().targetHostPort() + " with \"" + shown(statusLine) + "\" (expected: HTTP/1.1 200)");
        }
        if (matcher.group(1).equals("200")) {
            return true;
        }
        throw refused(matcher.group(1), matcher.group(2), received);
    }

    private void requireHttp(ByteBuf received) throws ProxyException {
        int start = received.readerIndex();
        for (int i = 0; i < Math.min(HTTP_1.length, received.readableBytes()); i++) {
            if (received.getByte(start + i) != HTTP_1[i]) {
                int length = Math.min(received.readableBytes(), MAX_BODY_BYTES);
                throw new ProxyException(address().proxyLabel() + " does not speak HTTP/1.1: its answer starts with \""
                        + shown(received.toString(start, length, StandardCharsets.ISO_8859_1)) + '"');
            }
        }
    }

    /** Goes on from where it stopped, so that a head in pieces of one byte is looked at once. */
    private boolean findEndOfHead(ByteBuf received) throws ProxyException {
        int start = received.readerIndex();
        while (scannedBytes < received.readableBytes()) {
            if (scannedBytes == MAX_HEAD_BYTES) {
                throw new ProxyException(address().proxyLabel() + " answered CONNECT "
                        + address().targetHostPort() + " with a head of more than " + MAX_HEAD_BYTES + " bytes");
            }
            byte octet = received.getByte(start + scannedBytes);
            scannedBytes++;
            if (octet == '\n') {
                if (lineBytes == 0) {
                    return true;
                }
                lineBytes = 0;
            } else if (octet != '\r') {
                lineBytes++;
            }
        }
        return false;
    }

    private ProxyException refused(String code, @Nullable String reason, ByteBuf body) {
        int length = Math.min(body.readableBytes(), MAX_BODY_BYTES);
        String page = body.toString(body.readerIndex(), length, StandardCharsets.UTF_8);
        String said = shown(TAG.matcher(page).replaceAll(" "));
        return new ProxyException(
                address().proxyLabel() + " refused CONNECT " + address().targetHostPort() + ": " + code
                        + (reason == null || reason.isEmpty() ? "" : ' ' + shown(reason))
                        + (said.isEmpty() ? "" : "; it said \"" + said + '"'));
    }

    /** On one line, bounded, and without our credentials, which a proxy might send back to us. */
    private String shown(String text) {
        String safe = text;
        String password = address().proxy().password();
        if (basicCredentials != null) {
            safe = safe.replace(basicCredentials, "***");
        }
        if (password != null && !password.isEmpty()) {
            safe = safe.replace(password, "***");
        }
        safe = safe.replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
        return safe.length() <= SHOWN_LETTERS ? safe : safe.substring(0, SHOWN_LETTERS) + "...";
    }
}
