package io.peregrine.transport.tls.material;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.spec.InvalidKeySpecException;
import org.jspecify.annotations.Nullable;

/**
 * Wraps the older forms of private keys into PKCS#8 (RFC 5958), which is all that the JDK reads. In DER (X.690) each
 * value is a tag, a length and a content; wrapping is a matter of putting the one into another.
 *
 * <pre>
 *   PrivateKeyInfo ::= SEQUENCE { version INTEGER 0, algorithm SEQUENCE { OID, parameters }, privateKey OCTET STRING }
 * </pre>
 */
final class Pkcs8 {
    private static final int OCTET_STRING = 0x04;
    private static final int SEQUENCE = 0x30;

    /** ECPrivateKey.parameters (RFC 5915 section 3). */
    private static final int CURVE = 0xa0;

    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

    /** The OID 1.2.840.113549.1.1.1, rsaEncryption, and its parameters NULL. */
    private static final byte[] RSA = {
        0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };

    /** The OID 1.2.840.10045.2.1, id-ecPublicKey; its parameters are the curve. */
    private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private Pkcs8() {}

    /** Wraps an RSAPrivateKey (RFC 8017 appendix A.1.2), the content of {@code BEGIN RSA PRIVATE KEY}. */
    static byte[] ofPkcs1(byte[] rsaPrivateKey) {
        return value(SEQUENCE, VERSION_0, value(SEQUENCE, RSA), value(OCTET_STRING, rsaPrivateKey));
    }

    /**
     * Wraps an ECPrivateKey (RFC 5915), the content of {@code BEGIN EC PRIVATE KEY}.
     *
     * @param curve what {@code BEGIN EC PARAMETERS} held, for a key that does not name its curve itself
     * @throws InvalidKeySpecException if it is none, or nobody names the curve
     */
    static byte[] ofSec1(byte[] ecPrivateKey, byte @Nullable [] curve) throws InvalidKeySpecException {
        byte[] own = curveOf(ecPrivateKey);
        byte[] named = own == null ? curve : own;
        if (named == null) {
            throw new InvalidKeySpecException("the key does not name its curve");
        }
        return value(SEQUENCE, VERSION_0, value(SEQUENCE, EC, named), value(OCTET_STRING, ecPrivateKey));
    }

    private static byte @Nullable [] curveOf(byte[] ecPrivateKey) throws InvalidKeySpecException {
        try {
            ByteBuffer key = ByteBuffer.wrap(ecPrivateKey);
            if (Byte.toUnsignedInt(key.get()) != SEQUENCE) {
                throw new InvalidKeySpecException("no SEQUENCE");
            }
            ByteBuffer fields = content(key);
            while (fields.hasRemaining()) {
                int tag = Byte.toUnsignedInt(fields.get());
                ByteBuffer content = content(fields);
                if (tag == CURVE) {
                    byte[] curve = new byte[content.remaining()];
                    content.get(curve);
                    return curve;
                }
            }
            return null;
        } catch (BufferUnderflowException e) {
            throw new InvalidKeySpecException("cut short", e);
        }
    }

    /** Reads a length and skips that many bytes, which are returned. */
    private static ByteBuffer content(ByteBuffer in) throws InvalidKeySpecException {
        int length = Byte.toUnsignedInt(in.get());
        if (length >= 0x80) {
            int lengthBytes = length - 0x80;
            if (lengthBytes > 2) {
                throw new InvalidKeySpecException("a length of " + lengthBytes + " bytes");
            }
            length = 0;
            for (int i = 0; i < lengthBytes; i++) {
                length = length << 8 | Byte.toUnsignedInt(in.get());
            }
        }
        if (length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer content = in.slice(in.position(), length);
        in.position(in.position() + length);
        return content;
    }

    private static byte[] value(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 4);
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else if (length < 0x100) {
            out.write(0x81);
            out.write(length);
        } else {
            // Two bytes of length are 64 KiB: more than any key has, and content() lets no longer one through.
            out.write(0x82);
            out.write(length >> 8);
            out.write(length);
        }
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
