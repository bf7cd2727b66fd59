package io.peregrine.transport.tls.material;

import io.peregrine.transport.tls.material.Pem.Block;
import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Reads private keys from PEM, in the forms that tools write: PKCS#8, PKCS#8 encrypted with a password, PKCS#1 (RSA)
 * and SEC 1 (EC). Complaints name the source and never show key material or the password.
 */
public final class PrivateKeys {
    private static final String PKCS8 = "PRIVATE KEY";
    private static final String ENCRYPTED_PKCS8 = "ENCRYPTED PRIVATE KEY";
    private static final String PKCS1 = "RSA PRIVATE KEY";
    private static final String SEC1 = "EC PRIVATE KEY";
    private static final String CURVE = "EC PARAMETERS";

    /** The algorithms of RFC 8446 section 4.2.3 that a JDK 17 can sign with from a PKCS#8 file. */
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private PrivateKeys() {}

    /**
     * Returns the first private key; the file may hold certificates too.
     *
     * @param password what an encrypted key is decrypted with; of no effect on others
     * @throws IllegalArgumentException if there is none or it cannot be read
     */
    public static PrivateKey read(MaterialSource source, char @Nullable [] password) {
        byte[] curve = null;
        for (Block block : Pem.blocks(source, PKCS8)) {
            switch (block.label()) {
                case PKCS8 -> {
                    return decode(source, PKCS8, Pem.der(source, block));
                }
                case ENCRYPTED_PKCS8 -> {
                    return decode(source, ENCRYPTED_PKCS8, decrypt(source, Pem.der(source, block), password));
                }
                case PKCS1 -> {
                    return decode(source, PKCS1, Pkcs8.ofPkcs1(olderDer(source, block)));
                }
                case SEC1 -> {
                    return decode(source, SEC1, ofSec1(source, olderDer(source, block), curve));
                }
                case CURVE -> curve = Pem.der(source, block);
                default -> {
                    // The certificates of the same file.
                }
            }
        }
        throw Pem.notPem(source, PKCS8);
    }

    /** The forms before PKCS#8 have an encryption of their own, by headers in the text (RFC 1421). */
    private static byte[] olderDer(MaterialSource source, Block block) {
        if (block.base64().contains("ENCRYPTED")) {
            throw new IllegalArgumentException(source.name() + " is encrypted in the way of RFC 1421 (expected:"
                    + " encrypted PKCS#8, as written by: openssl pkcs8 -topk8)");
        }
        return Pem.der(source, block);
    }

    private static byte[] ofSec1(MaterialSource source, byte[] der, byte @Nullable [] curve) {
        try {
            return Pkcs8.ofSec1(der, curve);
        } catch (InvalidKeySpecException e) {
            throw new IllegalArgumentException(
                    source.name() + " has a block " + SEC1 + " that is not SEC 1 (" + e.getMessage() + ")", e);
        }
    }

    private static PrivateKey decode(MaterialSource source, String label, byte[] pkcs8) {
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(pkcs8);
        GeneralSecurityException last = null;
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (InvalidKeySpecException | NoSuchAlgorithmException e) {
                last = e; // not of this algorithm; the last answer goes into the complaint
            }
        }
        throw new IllegalArgumentException(
                source.name() + " has a block " + label + " that is no key of a known kind (expected: " + ALGORITHMS
                        + ")",
                last);
    }

    private static byte[] decrypt(MaterialSource source, byte[] der, char @Nullable [] password) {
        if (password == null) {
            throw new IllegalArgumentException(source.name() + " is encrypted (expected: a password with it)");
        }
        EncryptedPrivateKeyInfo encrypted;
        Cipher cipher;
        try {
            encrypted = new EncryptedPrivateKeyInfo(der);
            cipher = cipher(encrypted, password);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    source.name() + " is encrypted in a way that the JDK does not know (expected: as written by:"
                            + " openssl pkcs8 -topk8 -v2 aes-256-cbc)",
                    e);
        }
        try {
            return encrypted.getKeySpec(cipher).getEncoded();
        } catch (InvalidKeySpecException e) {
            throw new IllegalArgumentException(
                    source.name() + " cannot be decrypted with the password given with it", e);
        }
    }

    private static Cipher cipher(EncryptedPrivateKeyInfo encrypted, char[] password) throws GeneralSecurityException {
        AlgorithmParameters parameters = encrypted.getAlgParameters();
        // With PBES2 the name that ciphers go by, as PBEWithHmacSHA256AndAES_256, is what the parameters print.
        boolean pbes2 =
                encrypted.getAlgName().equals("PBES2") || encrypted.getAlgName().equals("1.2.840.113549.1.5.13");
        String algorithm = pbes2 && parameters != null ? parameters.toString() : encrypted.getAlgName();
        PBEKeySpec spec = new PBEKeySpec(password);
        try {
            SecretKey key = SecretKeyFactory.getInstance(algorithm).generateSecret(spec);
            Cipher cipher = Cipher.getInstance(algorithm);
            cipher.init(Cipher.DECRYPT_MODE, key, parameters);
            return cipher;
        } finally {
            spec.clearPassword();
        }
    }
}
