package io.peregrine.transport.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.peregrine.testkit.Seeds;
import io.peregrine.transport.header.HeaderBlockEncoderTest.FieldList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HeaderBlockEncoderProperties {
    private static final String[] NAMES = {"x", "authorization", "trace-bin", "grpc-previous-rpc-attempts", "cookie"};

    @Test
    void whateverIsSentIsReadByThePeer() throws Exception {
        SplittableRandom random = Seeds.random("every request reads as it was sent, whatever the table");
        for (int connection = 0; connection < 100; connection++) {
            HeaderBlockEncoder encoder = new HeaderBlockEncoder();
            DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(true, 1 << 20);
            List<RequestHeaders> methods = new ArrayList<>();
            for (int i = random.nextInt(1, 60); i > 0; i--) {
                RequestHeaders method = HeaderBlockEncoderTest.method(random.nextInt(1 << random.nextInt(1, 30)));
                RequestHeaders encoded = random.nextBoolean() ? method : method.withEncodings("gzip", "gzip,zstd");
                methods.add(random.nextBoolean() ? encoded : encoded.withAuthority("tenant" + i));
            }
            for (int call = 0; call < 200; call++) {
                if (random.nextInt(20) == 0) {
                    int bytes = random.nextInt(1 << random.nextInt(1, 15));
                    decoder.maxHeaderTableSize(bytes);
                    encoder.peerTableSize(bytes);
                }
                roundTrip(encoder, decoder, methods.get(random.nextInt(methods.size())), random);
            }
        }
    }

    private static void roundTrip(
            HeaderBlockEncoder encoder,
            DefaultHttp2HeadersDecoder decoder,
            RequestHeaders headers,
            SplittableRandom random)
            throws Exception {
        List<String> sent = new ArrayList<>();
        headers.fields()
                .forEach(field -> sent.add(new String(field.name, java.nio.charset.StandardCharsets.US_ASCII)
                        + '='
                        + new String(field.value, java.nio.charset.StandardCharsets.US_ASCII)));
        long timeoutNs = random.nextBoolean() ? Long.MAX_VALUE : random.nextLong(1, 99_999_999);
        if (timeoutNs != Long.MAX_VALUE) {
            sent.add("grpc-timeout=" + timeoutNs + 'n');
        }
        List<Map.Entry<String, String>> fields = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            String value = "v".repeat(random.nextInt(300));
            fields.add(Map.entry(NAMES[random.nextInt(NAMES.length)], value));
        }
        fields.forEach(field -> sent.add(field.getKey() + '=' + field.getValue()));
        ByteBuf block = Unpooled.buffer();

        encoder.encode(headers, timeoutNs, fields.isEmpty() ? null : new FieldList(fields), block);

        List<String> read = new ArrayList<>();
        decoder.decodeHeaders(1, block).forEach(field -> read.add(field.getKey() + "=" + field.getValue()));
        assertThat(read).isEqualTo(sent);
    }
}
