package io.peregrine.transport.http2;

import io.netty.channel.unix.DomainSocketAddress;
import io.peregrine.transport.io.UnixSocketAddress;
import io.peregrine.transport.proxy.ProxyException;
import io.peregrine.transport.tls.TlsFailures;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import javax.net.ssl.SSLException;

/**
 * How a server is called in messages: {@code 10.0.0.7:443}, {@code unix:/run/greeter.sock}, or {@code
 * greeter.internal:443 via proxy 10.0.0.1:3128}. Immutable.
 *
 * @param address where the connection goes
 * @param host the name that TLS verifies, for messages
 */
record PeerLabel(SocketAddress address, String host) {

    /** One sentence that says why a connection did not come up. */
    String describeFailure(Throwable cause) {
        String message = cause.getMessage();
        if (cause instanceof ProxyException && message != null) {
            return message;
        }
        if (cause instanceof SSLException || cause.getCause() instanceof SSLException) {
            return TlsFailures.describe(cause, host) + " (" + this + ')';
        }
        if (cause instanceof ConnectException && message != null && message.contains("refused")) {
            return "connection to " + this + " refused";
        }
        if (cause instanceof FileNotFoundException) {
            // What Netty makes of ENOENT, without a message.
            return "connecting to " + this + " failed: No such file or directory";
        }
        return "connecting to " + this + " failed: "
                + (message == null ? cause.getClass().getSimpleName() : message);
    }

    @Override
    public String toString() {
        if (address instanceof InetSocketAddress inet) {
            String name = inet.isUnresolved()
                    ? inet.getHostString()
                    : inet.getAddress().getHostAddress();
            return name.indexOf(':') >= 0 ? '[' + name + "]:" + inet.getPort() : name + ':' + inet.getPort();
        }
        return address instanceof DomainSocketAddress unix
                ? UnixSocketAddress.of(unix).toString()
                : String.valueOf(address);
    }
}
