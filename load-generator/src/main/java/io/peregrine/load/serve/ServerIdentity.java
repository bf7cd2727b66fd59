package io.peregrine.load.serve;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server's certificate and key as a TLS context that speaks h2.
 *
 * @param context the context for {@link ServeOptions#withTls}
 * @param caPem the file a client trusts: the chain that was given, or the self-signed certificate
 */
public record ServerIdentity(SslContext context, Path caPem) {
    private static final String ALIAS = "serve";
    private static final long KEYTOOL_TIMEOUT_S = 30;

    /**
     * An identity from PEM files.
     *
     * @param chain the certificate chain, leaf first
     * @param key the PKCS#8 key, unencrypted
     * @throws IllegalArgumentException naming the file that is missing or not PEM
     */
    public static ServerIdentity ofPem(Path chain, Path key) {
        requirePem(chain, "cert");
        requirePem(key, "key");
        try {
            return new ServerIdentity(build(SslContextBuilder.forServer(chain.toFile(), key.toFile())), chain);
        } catch (IllegalArgumentException | IOException e) {
            throw new IllegalArgumentException(
                    "cert: " + chain + ", key: " + key + " (expected: a PEM certificate chain and its PKCS#8 key)", e);
        }
    }

    /**
     * A fresh self-signed identity for localhost and 127.0.0.1, valid for a week, made by the JDK's own
     * keytool in a new private directory; the certificate stays there until the JVM exits, the key only in memory.
     *
     * @throws IOException when keytool cannot run or fails, with what it printed
     */
    public static ServerIdentity selfSigned() throws IOException {
        Path directory = Files.createTempDirectory("peregrine-serve-");
        Path store = directory.resolve("identity.p12");
        directory.toFile().deleteOnExit();
        String password = randomPassword();
        runKeytool(store, password);
        try {
            KeyStore keys = KeyStore.getInstance(store.toFile(), password.toCharArray());
            PrivateKey key = (PrivateKey) keys.getKey(ALIAS, password.toCharArray());
            X509Certificate certificate = (X509Certificate) keys.getCertificate(ALIAS);
            Path caPem = directory.resolve("ca.pem");
            Files.writeString(caPem, pem(certificate), StandardCharsets.US_ASCII);
            caPem.toFile().deleteOnExit();
            return new ServerIdentity(build(SslContextBuilder.forServer(key, certificate)), caPem);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot read what keytool wrote to " + store, e);
        } finally {
            Files.deleteIfExists(store);
        }
    }

    private static SslContext build(SslContextBuilder builder) throws IOException {
        SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
        return builder.sslProvider(provider)
                .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2))
                .build();
    }

    private static void requirePem(Path file, String option) {
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException(option + ": " + file + " (expected: a readable PEM file)");
        }
    }

    private static void runKeytool(Path store, String password) throws IOException {
        Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
        ProcessBuilder command = new ProcessBuilder(List.of(
                        keytool.toString(),
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-sigalg",
                        "SHA256withECDSA",
                        "-dname",
                        "CN=localhost",
                        "-validity",
                        "7",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass:env",
                        "STORE_PASSWORD"))
                .redirectErrorStream(true);
        command.environment().put("STORE_PASSWORD", password);
        Process process = command.start();
        process.getOutputStream().close();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(KEYTOOL_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(keytool + " did not end within " + KEYTOOL_TIMEOUT_S + " s");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + keytool + " was running", e);
        }
        if (process.exitValue() != 0) {
            throw new IOException(keytool + " failed with exit code " + process.exitValue() + ": " + printed.strip());
        }
    }

    private static String randomPassword() {
        byte[] secret = new byte[16];
        new SecureRandom().nextBytes(secret);
        return HexFormat.of().formatHex(secret);
    }

    private static String pem(X509Certificate certificate) throws GeneralSecurityException {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded());
        return "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n";
    }
}
