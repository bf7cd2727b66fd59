package io.peregrine.transport.tls.material;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** A key store, PKCS#12 or JKS, and the password that opens it and the key inside. */
public final class KeyStoreFile {
    private static final byte[] JKS_MAGIC = {(byte) 0xfe, (byte) 0xed, (byte) 0xfe, (byte) 0xed};

    private final MaterialSource source;
    private final char[] password;

    /** Names the store and copies the password, which is that of the key too. Reads nothing yet. */
    public KeyStoreFile(MaterialSource source, char[] password) {
        this.source = source;
        this.password = password.clone();
    }

    /**
     * Returns the only private key and its chain.
     *
     * @throws IllegalArgumentException if there is none or more than one, or the store cannot be read
     */
    public ClientIdentity identity() {
        try {
            KeyStore store = load();
            List<String> keys = new ArrayList<>();
            for (String alias : Collections.list(store.aliases())) {
                if (store.isKeyEntry(alias)) {
                    keys.add(alias);
                }
            }
            Collections.sort(keys);
            if (keys.size() != 1) {
                throw new IllegalArgumentException(
                        source.name() + " has " + keys.size() + " private keys " + keys + " (expected: exactly one)");
            }
            String alias = keys.get(0);
            if (!(store.getKey(alias, password) instanceof PrivateKey key)) {
                throw new IllegalArgumentException(source.name() + " has a key " + alias + " that is not private");
            }
            return ClientIdentity.of(x509(store.getCertificateChain(alias)), key, source.name(), source.name());
        } catch (GeneralSecurityException e) {
            throw unreadable(e);
        }
    }

    /**
     * Returns the certificates that the store trusts; at least one.
     *
     * @throws IllegalArgumentException if there is none or the store cannot be read
     */
    public List<X509Certificate> trusted() {
        try {
            KeyStore store = load();
            List<Certificate> trusted = new ArrayList<>();
            for (String alias : Collections.list(store.aliases())) {
                if (store.isCertificateEntry(alias)) {
                    trusted.add(store.getCertificate(alias));
                }
            }
            if (trusted.isEmpty()) {
                throw new IllegalArgumentException(source.name() + " has no trusted certificate (expected: one or more,"
                        + " as imported by: keytool -importcert)");
            }
            return x509(trusted.toArray(Certificate[]::new));
        } catch (GeneralSecurityException e) {
            throw unreadable(e);
        }
    }

    private KeyStore load() throws GeneralSecurityException {
        byte[] bytes = source.read();
        KeyStore store = KeyStore.getInstance(startsWith(bytes, JKS_MAGIC) ? "JKS" : "PKCS12");
        try {
            store.load(new ByteArrayInputStream(bytes), password);
        } catch (IOException e) {
            if (e.getCause() instanceof UnrecoverableKeyException) {
                throw new IllegalArgumentException(
                        source.name() + " cannot be opened with the password given with it", e);
            }
            throw unreadable(e);
        }
        return store;
    }

    private IllegalArgumentException unreadable(Exception cause) {
        return new IllegalArgumentException(
                source.name() + " is not a key store that opens (expected: PKCS#12 or JKS, one password for the store"
                        + " and its key)",
                cause);
    }

    private static boolean startsWith(byte[] bytes, byte[] magic) {
        return bytes.length >= magic.length && Arrays.equals(bytes, 0, magic.length, magic, 0, magic.length);
    }

    private List<X509Certificate> x509(Certificate[] certificates) {
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : certificates) {
            if (!(certificate instanceof X509Certificate x509)) {
                throw new IllegalArgumentException(
                        source.name() + " has a certificate of type " + certificate.getType() + " (expected: X.509)");
            }
            chain.add(x509);
        }
        return chain;
    }
}
