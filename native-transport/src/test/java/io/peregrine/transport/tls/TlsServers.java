package io.peregrine.transport.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.X509Bundle;

/** Configurations of Netty's TLS server on the JDK's TLS, which tells clients by alerts what it dislikes. */
final class TlsServers {
    private TlsServers() {}

    static SslContextBuilder h2(X509Bundle certificate) throws Exception {
        return withoutAlpn(certificate).applicationProtocolConfig(alpn(SelectorFailureBehavior.FATAL_ALERT, "h2"));
    }

    static SslContextBuilder withoutAlpn(X509Bundle certificate) throws Exception {
        return SslContextBuilder.forServer(certificate.toKeyManagerFactory()).sslProvider(SslProvider.JDK);
    }

    static ApplicationProtocolConfig alpn(SelectorFailureBehavior onMismatch, String protocol) {
        SelectedListenerFailureBehavior onRefusal = onMismatch == SelectorFailureBehavior.FATAL_ALERT
                ? SelectedListenerFailureBehavior.FATAL_ALERT
                : SelectedListenerFailureBehavior.ACCEPT;
        return new ApplicationProtocolConfig(Protocol.ALPN, onMismatch, onRefusal, protocol);
    }
}
