package io.peregrine.transport.tls.material;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads blocks and certificates from PEM text (RFC 7468). Text outside of the blocks is skipped, as its section
 * 2 asks for. Complaints name the source and never show key material.
 */
public final class Pem {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private static final Pattern BEGIN = Pattern.compile("-----BEGIN ");

    private static final String CERTIFICATE = "CERTIFICATE";

    /** What stands between the lines of dashes, and what these call it. */
    record Block(String label, String base64) {
        /** Does not show the content, which may be a key. */
        @Override
        public String toString() {
            return label;
        }
    }

    private Pem() {}

    /**
     * Returns the certificates in the order of the file; at least one.
     *
     * @throws IllegalArgumentException if there is none or one cannot be read
     */
    public static List<X509Certificate> certificates(MaterialSource source) {
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

    /** Returns all blocks, at least one; {@code expected} is the label that a complaint about none names. */
    static List<Block> blocks(MaterialSource source, String expected) {
        String text = new String(source.read(), StandardCharsets.ISO_8859_1);
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            blocks.add(new Block(matcher.group(1), matcher.group(2)));
        }
        if (blocks.isEmpty()) {
            throw notPem(source, expected);
        }
        // Else a file that somebody is still writing would be taken for a shorter one.
        if (blocks.size() != BEGIN.matcher(text).results().count()) {
            throw new IllegalArgumentException(source.name() + " has a block without an end (expected: RFC 7468)");
        }
        return blocks;
    }

    static byte[] der(MaterialSource source, Block block) {
        try {
            return Base64.getDecoder().decode(block.base64().replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    source.name() + " has a " + block.label() + " block that is not Base64 (expected: RFC 7468)", e);
        }
    }

    private static X509Certificate certificate(MaterialSource source, Block block, int position) {
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

    static IllegalArgumentException notPem(MaterialSource source, String expected) {
        return new IllegalArgumentException(
                source.name() + " is not PEM (expected: a block that begins with -----BEGIN " + expected + "-----)");
    }
}
