package io.peregrine.grpcjava.internal;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.CompositeCallCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** grpc-java's channel credentials, translated. */
public final class SecurityBridge {
    private SecurityBridge() {}

    /**
     * What became of credentials: either the first two or the last.
     *
     * @param security how connections are secured
     * @param calls what is applied to each call
     * @param error one sentence on why the credentials cannot be used
     */
    public record Translated(
            io.peregrine.client.credentials.@Nullable ChannelCredentials security,
            @Nullable CallCredentials calls,
            @Nullable String error) {

        static Translated of(io.peregrine.client.credentials.ChannelCredentials security) {
            return new Translated(security, null, null);
        }

        static Translated failed(String error) {
            return new Translated(null, null, error);
        }
    }

    /** Translates credentials; of a choice, the first that can be. */
    public static Translated toNative(ChannelCredentials credentials) {
        if (credentials instanceof TlsChannelCredentials tls) {
            return ofTls(tls);
        }
        if (credentials instanceof InsecureChannelCredentials) {
            return Translated.of(InsecureCredentials.create());
        }
        if (credentials instanceof CompositeChannelCredentials composite) {
            return ofComposite(composite);
        }
        return credentials instanceof ChoiceChannelCredentials choice
                ? ofChoice(choice)
                : Translated.failed("Unsupported credential type: "
                        + credentials.getClass().getName()
                        + " (expected: TLS, insecure, composite or a choice of them)");
    }

    private static Translated ofComposite(CompositeChannelCredentials composite) {
        Translated inner = toNative(composite.getChannelCredentials());
        if (inner.error() != null) {
            return inner;
        }
        CallCredentials own = composite.getCallCredentials();
        CallCredentials both = inner.calls() == null ? own : new CompositeCallCredentials(inner.calls(), own);
        return new Translated(inner.security(), both, null);
    }

    private static Translated ofChoice(ChoiceChannelCredentials choice) {
        List<String> errors = new ArrayList<>();
        for (ChannelCredentials each : choice.getCredentialsList()) {
            Translated translated = toNative(each);
            if (translated.error() == null) {
                return translated;
            }
            errors.add(translated.error());
        }
        return Translated.failed(String.join(", ", errors));
    }

    private static Translated ofTls(TlsChannelCredentials tls) {
        Set<TlsChannelCredentials.Feature> unknown = tls.incomprehensible(
                EnumSet.of(TlsChannelCredentials.Feature.MTLS, TlsChannelCredentials.Feature.CUSTOM_MANAGERS));
        if (!unknown.isEmpty()) {
            return Translated.failed("TLS features not understood: " + unknown);
        }
        TlsCredentials.Builder builder = TlsCredentials.builder();
        String problem = trust(tls, builder);
        if (problem == null) {
            problem = identity(tls, builder);
        }
        if (problem != null) {
            return Translated.failed(problem);
        }
        try {
            return Translated.of(builder.build());
        } catch (IllegalArgumentException unreadable) {
            return Translated.failed(String.valueOf(unreadable.getMessage()));
        }
    }

    private static @Nullable String trust(TlsChannelCredentials tls, TlsCredentials.Builder builder) {
        List<TrustManager> managers = tls.getTrustManagers();
        if (managers != null) {
            for (TrustManager manager : managers) {
                if (manager instanceof X509TrustManager x509) {
                    builder.trustManager(x509);
                    return null;
                }
            }
            return "trust managers: none is an X509TrustManager";
        }
        byte[] roots = tls.getRootCertificates();
        if (roots != null) {
            builder.trust(roots);
        }
        return null;
    }

    private static @Nullable String identity(TlsChannelCredentials tls, TlsCredentials.Builder builder) {
        List<KeyManager> managers = tls.getKeyManagers();
        if (managers != null) {
            for (KeyManager manager : managers) {
                if (manager instanceof X509KeyManager x509) {
                    builder.keyManager(x509);
                    return null;
                }
            }
            return "key managers: none is an X509KeyManager";
        }
        byte[] key = tls.getPrivateKey();
        if (key != null) {
            String password = tls.getPrivateKeyPassword();
            if (password == null) {
                builder.identity(tls.getCertificateChain(), key);
            } else {
                builder.identity(tls.getCertificateChain(), key, password.toCharArray());
            }
        }
        return null;
    }
}
