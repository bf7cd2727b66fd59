package io.peregrine.transport.tls.material;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The certificate chain, leaf first, and the key by which a client proves who it is (mTLS).
 *
 * @param chain at least one certificate
 * @param key of the first certificate
 */
public record ClientIdentity(List<X509Certificate> chain, PrivateKey key) {
    private static final byte[] CHALLENGE = {'p', 'r', 'o', 'o', 'f'};

    /**
     * Reads both from PEM and checks that they belong together.
     *
     * @param password what the key is decrypted with if it is encrypted
     * @throws IllegalArgumentException if one cannot be read or they do not match; the message names the file
     */
    public static ClientIdentity read(
            MaterialSource chainSource, MaterialSource keySource, char @Nullable [] password) {
        List<X509Certificate> chain = Pem.certificates(chainSource);
        return of(chain, PrivateKeys.read(keySource, password), chainSource.name(), keySource.name());
    }

    /**
     * Checks that both belong together.
     *
     * @throws IllegalArgumentException if they do not; the message begins with {@code keyName}
     */
    public static ClientIdentity of(List<X509Certificate> chain, PrivateKey key, String chainName, String keyName) {
        if (!matches(chain.get(0).getPublicKey(), key)) {
            throw new IllegalArgumentException(keyName
                    + " does not match the first certificate (expected: the key of that certificate, " + chainName
                    + ")");
        }
        return new ClientIdentity(chain, key);
    }

    private static boolean matches(PublicKey publicKey, PrivateKey privateKey) {
        if (publicKey instanceof RSAKey publicRsa && privateKey instanceof RSAKey privateRsa) {
            return publicRsa.getModulus().equals(privateRsa.getModulus());
        }
        return isSameKind(publicKey, privateKey) && verifiesWhatTheOtherSigns(publicKey, privateKey);
    }

    private static boolean isSameKind(PublicKey publicKey, PrivateKey privateKey) {
        return publicKey.getAlgorithm().equals(privateKey.getAlgorithm());
    }

    private static boolean verifiesWhatTheOtherSigns(PublicKey publicKey, PrivateKey privateKey) {
        try {
            Signature signature =
                    Signature.getInstance(privateKey.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "EdDSA");
            signature.initSign(privateKey);
            signature.update(CHALLENGE);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(CHALLENGE);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false; // keys of different curves: the verifier refuses the form of the signature
        }
    }

    /** Does not show the key. */
    @Override
    public String toString() {
        return "ClientIdentity[" + chain.get(0).getSubjectX500Principal() + ']';
    }
}
