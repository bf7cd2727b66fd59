package io.peregrine.transport.proxy;

import static java.util.Objects.requireNonNull;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A target that is reached through a proxy: the TCP connection goes to one address of the proxy, which is then asked
 * for the target. Immutable. The target may be a name that is not looked up: then the proxy looks it up (SPEC PX-2).
 */
@SuppressWarnings("serial") // refused in writeObject: credentials do not belong into a stream
public final class ProxiedAddress extends SocketAddress {
    private final ProxyServer proxy;
    private final InetSocketAddress proxyAddress;
    private final InetSocketAddress target;

    /**
     * Pairs an address of the proxy with a target.
     *
     * @param proxyAddress one address of {@code proxy}; unresolved until someone looks it up
     * @param target what the proxy is asked for, resolved or not; its host has no white space or control character
     * @throws IllegalArgumentException if the target's host has such a character, or is longer than 255
     */
    public ProxiedAddress(ProxyServer proxy, InetSocketAddress proxyAddress, InetSocketAddress target) {
        this.proxy = requireNonNull(proxy, "proxy");
        this.proxyAddress = requireNonNull(proxyAddress, "proxyAddress");
        this.target = requireNonNull(target, "target");
        String host = target.getHostString();
        if (host.isEmpty() || host.length() > 255 || host.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new IllegalArgumentException("target host: \"" + host + "\" (expected: 1..255 printable letters)");
        }
    }

    /** Pairs a proxy whose name is not looked up yet with a target. */
    public static ProxiedAddress of(ProxyServer proxy, InetSocketAddress target) {
        return new ProxiedAddress(proxy, proxy.unresolved(), target);
    }

    /** Returns the same way through one address of the same proxy. */
    public ProxiedAddress through(InetSocketAddress newProxyAddress) {
        return new ProxiedAddress(proxy, newProxyAddress, target);
    }

    /** Returns the proxy. */
    public ProxyServer proxy() {
        return proxy;
    }

    /** Returns where the TCP connection goes. */
    public InetSocketAddress proxyAddress() {
        return proxyAddress;
    }

    /** Returns what the proxy is asked for. */
    public InetSocketAddress target() {
        return target;
    }

    /** Returns the failure that says that there is no TCP connection to the proxy. */
    public ProxyException unreachable(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        String reason = cause instanceof ConnectException && message.contains("refused")
                ? "connection refused"
                : cause.getMessage() == null ? cause.getClass().getSimpleName() : message;
        return new ProxyException(
                "cannot reach " + proxyLabel() + " on the way to " + targetHostPort() + ": " + reason, cause);
    }

    /** The target's name or IP literal as the proxy is told: without brackets, and without a zone, which is ours. */
    String targetHost() {
        if (target.isUnresolved()) {
            return target.getHostString();
        }
        String literal = target.getAddress().getHostAddress();
        int zone = literal.indexOf('%');
        return zone < 0 ? literal : literal.substring(0, zone);
    }

    String targetHostPort() {
        return hostPort(targetHost(), target.getPort());
    }

    /** For messages: {@code proxy 10.0.0.1:3128}. */
    String proxyLabel() {
        String host = proxyAddress.isUnresolved()
                ? proxyAddress.getHostString()
                : proxyAddress.getAddress().getHostAddress();
        return "proxy " + hostPort(host, proxyAddress.getPort());
    }

    static String hostPort(String host, int port) {
        return (host.indexOf(':') >= 0 ? '[' + host + ']' : host) + ':' + port;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ProxiedAddress that
                && proxy.equals(that.proxy)
                && proxyAddress.equals(that.proxyAddress)
                && target.equals(that.target);
    }

    @Override
    public int hashCode() {
        return Objects.hash(proxy, proxyAddress, target);
    }

    /** For example {@code greeter.internal:443 via proxy 10.0.0.1:3128}. */
    @Override
    public String toString() {
        return targetHostPort() + " via " + proxyLabel();
    }

    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException(ProxiedAddress.class.getName());
    }
}
