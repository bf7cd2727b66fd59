package io.peregrine.transport.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads certificates and private keys from PEM text (RFC 7468). Text outside of the blocks is skipped, as its section
 * 2 asks for. Complaints name the source and never show key material.
 */
final class Pem {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----", Pattern.DOTALL);

    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String PRIVATE_KEY = "PRIVATE KEY";

    /** The algorithms of RFC 8446 section 4.2.3 that a JDK 17 can sign with from a PKCS#8 file. */
    private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private record Block(String label, String base64) {}

    private Pem() {}

    /**
     * Returns the certificates in the order of the file; at least one.
     *
     * @throws IllegalArgumentException if there is none or one cannot be read
     */
    static List<X509Certificate> certificates(PemSource source) {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks(source, CERTIFICATE)) {
            if (block.label().equals(CERTIFICATE)) {
                certificates.add(certificate(source, block, certificates.size() + 1));
            }
        }
        if (certificates.isEmpty()) {
            throw notPem(source, CERTIFICATE);
        }
        return certificates;
    }

    /**
     * Returns the first private key.
     *
     * @throws IllegalArgumentException if there is none, or it is encrypted or not PKCS#8
     */
    static PrivateKey privateKey(PemSource source) {
        for (Block block : blocks(source, PRIVATE_KEY)) {
            switch (block.label()) {
                case PRIVATE_KEY -> {
                    return privateKey(source, block);
                }
                case "ENCRYPTED PRIVATE KEY" -> throw unsupportedKey(source, "an encrypted private key");
                case "RSA PRIVATE KEY" -> throw unsupportedKey(source, "a PKCS#1 private key");
                case "EC PRIVATE KEY" -> throw unsupportedKey(source, "a SEC 1 private key");
                default -> {
                    // A key file may carry its certificates or curve parameters along.
                }
            }
        }
        throw notPem(source, PRIVATE_KEY);
    }

    private static List<Block> blocks(PemSource source, String expected) {
        String text = new String(source.read(), StandardCharsets.ISO_8859_1);
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            blocks.add(new Block(matcher.group(1), matcher.group(2)));
        }
        if (blocks.isEmpty()) {
            throw notPem(source, expected);
        }
        return blocks;
    }

    /** Blocks with headers, as of the old encrypted keys, are not Base64 and end here as well. */
    private static byte[] der(PemSource source, Block block) {
        try {
            return Base64.getDecoder().decode(block.base64().replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    source.name() + " has a " + block.label() + " block that is not Base64 (expected: RFC 7468)", e);
        }
    }

    private static X509Certificate certificate(PemSource source, Block block, int position) {
        byte[] der = der(source, block);
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new IllegalArgumentException(
                    source.name() + " has a certificate at position " + position + " that is not X.509 ("
                            + e.getMessage() + ")",
                    e);
        }
    }

    private static PrivateKey privateKey(PemSource source, Block block) {
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(der(source, block));
        GeneralSecurityException last = null;
        for (String algorithm : KEY_ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (InvalidKeySpecException | NoSuchAlgorithmException e) {
                last = e; // not of this algorithm; the last answer goes into the complaint
            }
        }
        throw new IllegalArgumentException(
                source.name() + " is not a PKCS#8 private key of a known kind (expected: " + KEY_ALGORITHMS + ")",
                last);
    }

    private static IllegalArgumentException notPem(PemSource source, String expected) {
        return new IllegalArgumentException(
                source.name() + " is not PEM (expected: a block that begins with -----BEGIN " + expected + "-----)");
    }

    private static IllegalArgumentException unsupportedKey(PemSource source, String found) {
        return new IllegalArgumentException(source.name() + " is " + found
                + " (expected: PKCS#8 without encryption, as written by: openssl pkcs8 -topk8 -nocrypt)");
    }
}
