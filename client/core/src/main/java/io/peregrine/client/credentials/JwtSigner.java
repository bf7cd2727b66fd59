package io.peregrine.client.credentials;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Signs JSON Web Tokens in the compact form (RFC 7515 section 3.1, RFC 7519) with one key. Immutable; its text never
 * shows the key.
 */
final class JwtSigner {
    /** RFC 7518 section 3.3: a key of this size or larger must be used. */
    private static final int MIN_RSA_BITS = 2048;

    private static final Base64.Encoder BASE64_URL = Base64.getUrlEncoder().withoutPadding();

    private final PrivateKey key;
    private final String algorithm;
    private final String signature;
    private final String header;

    /**
     * Takes the key, and the algorithm from its kind: RS256 or ES256.
     *
     * @throws IllegalArgumentException if it is neither RSA of 2048 bits or more nor EC on P-256
     */
    JwtSigner(PrivateKey key, @Nullable String keyId) {
        this.key = key;
        if (key instanceof RSAPrivateKey rsa && rsa.getModulus().bitLength() >= MIN_RSA_BITS) {
            algorithm = "RS256";
            signature = "SHA256withRSA";
        } else if (key instanceof ECPrivateKey ec && isP256(ec.getParams())) {
            algorithm = "ES256";
            // R and S side by side, as RFC 7518 section 3.4 wants them, and not as DER.
            signature = "SHA256withECDSAinP1363Format";
        } else {
            throw new IllegalArgumentException("private key: " + describe(key)
                    + " (expected: RSA of 2048 bits or more for RS256, or EC on P-256 for ES256)");
        }
        JsonObject fields = new JsonObject();
        fields.addProperty("alg", algorithm);
        fields.addProperty("typ", "JWT");
        if (keyId != null) {
            fields.addProperty("kid", keyId);
        }
        header = encode(fields);
    }

    /** Returns the token for these claims. CPU time: some 0.1 ms with an EC key, 1 ms with an RSA key. */
    String sign(JsonObject claims) throws GeneralSecurityException {
        String signed = header + '.' + encode(claims);
        Signature signer = Signature.getInstance(signature);
        signer.initSign(key);
        signer.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + '.' + BASE64_URL.encodeToString(signer.sign());
    }

    @Override
    public String toString() {
        return algorithm;
    }

    private static String encode(JsonObject json) {
        return BASE64_URL.encodeToString(json.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isP256(ECParameterSpec curve) {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec("secp256r1"));
            ECParameterSpec p256 = parameters.getParameterSpec(ECParameterSpec.class);
            return p256.getCurve().equals(curve.getCurve())
                    && p256.getGenerator().equals(curve.getGenerator());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM does not know the curve P-256", e);
        }
    }

    private static String describe(PrivateKey key) {
        if (key instanceof RSAPrivateKey rsa) {
            return "RSA of " + rsa.getModulus().bitLength() + " bits";
        }
        if (key instanceof ECPrivateKey ec) {
            return "EC on another curve, of " + ec.getParams().getOrder().bitLength() + " bits";
        }
        return key.getAlgorithm();
    }
}
