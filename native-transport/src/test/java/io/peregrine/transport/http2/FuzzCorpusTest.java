package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.block;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.indexedBlock;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.ping;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static io.peregrine.transport.http2.FuzzScript.advancing;
import static io.peregrine.transport.http2.FuzzScript.blockingOrUnblocking;
import static io.peregrine.transport.http2.FuzzScript.cancelling;
import static io.peregrine.transport.http2.FuzzScript.dripping;
import static io.peregrine.transport.http2.FuzzScript.failing;
import static io.peregrine.transport.http2.FuzzScript.sending;
import static io.peregrine.transport.http2.FuzzScript.shuttingDown;
import static io.peregrine.transport.http2.FuzzScript.starting;
import static io.peregrine.transport.http2.FuzzScript.startingWithin;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;

/**
 * The seeds of the fuzz targets. With {@code -Dcorpus.write=true} they are written below {@code src/test/resources},
 * where the targets find them; run that after a change here or of {@link FrameRulesTest}'s tables.
 */
class FuzzCorpusTest {
    private static final Path RESOURCES = Path.of("src/test/resources/io/peregrine/transport");
    private static final boolean WRITE = Boolean.getBoolean("corpus.write");

    @Test
    void everySeedOfTheConnectionIsSurvived() throws IOException {
        Map<String, byte[]> seeds = connectionSeeds();

        for (byte[] seed : seeds.values()) {
            ScriptedPeer peer = new ScriptedPeer().ready();
            FuzzScript.play(seed, peer);
            peer.verify();
        }

        write("http2/Http2ClientConnectionFuzzInputs/survivesAnyServer", seeds);
        assertThat(seeds).hasSizeGreaterThan(50);
    }

    @Test
    void everySeedOfTheHeaderBlocksIsWholeBlocks() throws IOException {
        Map<String, byte[]> seeds = headerSeeds();

        write("header/HeaderBlockFuzzInputs/acceptsOnlyLegalFields", seeds);
        assertThat(seeds.values()).allMatch(seed -> seed.length > 2);
    }

    private static Map<String, byte[]> connectionSeeds() {
        Map<String, byte[]> seeds = new LinkedHashMap<>();
        seeds.put("responses", sending(join(response(1, "one"), response(3, "three"))));
        seeds.put("octet by octet", dripping(join(response(1, "drip"), ping("0123456789abcdef"))));
        seeds.put(
                "start, cancel, response", join(starting(1), cancelling(0), sending(response(3, "x")), cancelling(1)));
        seeds.put("deadline", join(startingWithin(5), advancing(10), sending(response(5, "late"))));
        seeds.put(
                "windows",
                join(
                        sending(settings(Frames.INITIAL_WINDOW_SIZE, 100)),
                        starting(40),
                        sending(join(windowUpdate(5, 1000), windowUpdate(0, 1000))),
                        sending(settings(Frames.INITIAL_WINDOW_SIZE, 10)),
                        sending(windowUpdate(5, 5000))));
        seeds.put(
                "stream limit",
                join(
                        sending(settings(Frames.MAX_CONCURRENT_STREAMS, 1)),
                        starting(1),
                        starting(1),
                        sending(join(response(1, "a"), response(3, "b"), response(5, "c")))));
        seeds.put("table size", join(sending(settings(Frames.HEADER_TABLE_SIZE, 0)), starting(1)));
        seeds.put("goaway", join(sending(Frames.goAway(1, 0, "bye")), starting(1), sending(response(1, "x"))));
        seeds.put(
                "blocked socket",
                join(blockingOrUnblocking(), starting(200), sending(ping("0000000000000001")), blockingOrUnblocking()));
        seeds.put("shut down", join(shuttingDown(), sending(join(response(1, "x"), response(3, "y")))));
        seeds.put("lost", join(sending(grpcHeaders(1)), failing()));
        seeds.put(
                "streaming",
                join(
                        FuzzScript.streaming(1),
                        FuzzScript.offering(0, 10),
                        sending(join(grpcHeaders(5), data(5, message("a")), data(5, message("b")))),
                        FuzzScript.demanding(0),
                        FuzzScript.ending(0),
                        sending(okTrailers(5))));
        byte[] message = message("x".repeat(3000));
        seeds.put(
                "message in pieces",
                sending(join(
                        grpcHeaders(1),
                        paddedData(1, java.util.Arrays.copyOf(message, 1500), 100),
                        data(1, java.util.Arrays.copyOfRange(message, 1500, message.length)),
                        okTrailers(1))));
        addRules(seeds, "connection error", FrameRulesTest.connectionErrors());
        addRules(seeds, "stream error", FrameRulesTest.streamErrors());
        return seeds;
    }

    /** The tables of {@link FrameRulesTest}, whose octets are the last column. */
    private static void addRules(Map<String, byte[]> seeds, String kind, Stream<Arguments> rows) {
        rows.forEach(row -> {
            Object[] columns = row.get();
            byte[] octets = (byte[]) columns[columns.length - 1];
            seeds.put(kind + " " + columns[0], sending(join(grpcHeaders(3), octets)));
        });
    }

    private static Map<String, byte[]> headerSeeds() {
        Map<String, byte[]> seeds = new LinkedHashMap<>();
        byte[] response = block(":status", "200", "content-type", "application/grpc");
        seeds.put("response", blocks(response, block("grpc-status", "0")));
        seeds.put(
                "dynamic table",
                blocks(
                        indexedBlock(":status", "200", "grpc-message", "no"),
                        Frames.hex("bebf"),
                        Frames.hex("3fe11fbe")));
        seeds.put("static table", blocks(Frames.hex("885f8b1d75d0620d263d4c4d6564")));
        seeds.put("illegal names", blocks(block("Upper", "x"), block("a b", "x"), block("", "x"), block("a:b", "x")));
        seeds.put("illegal values", blocks(block("a", "x\ny"), block("a", " x"), block("a", "x\0"), response));
        seeds.put("pseudo-headers", blocks(block(":status", "200", ":status", "200"), block("a", "b", ":path", "/")));
        seeds.put(
                "connection-specific",
                blocks(block("connection", "close"), block("te", "gzip"), block("te", "trailers")));
        seeds.put("too large", blocks(block("a", "x".repeat(9000)), response, block("a", "x".repeat(20_000))));
        seeds.put("malformed", blocks(Frames.hex("80")));
        seeds.put("cut", blocks(Frames.hex("000a61")));
        return seeds;
    }

    private static byte[] blocks(byte[]... blocks) {
        return join(Stream.of(blocks)
                .map(block -> join(new byte[] {(byte) (block.length >>> 8), (byte) block.length}, block))
                .toArray(byte[][]::new));
    }

    private static void write(String directory, Map<String, byte[]> seeds) throws IOException {
        if (!WRITE) {
            return;
        }
        Path folder = Files.createDirectories(RESOURCES.resolve(directory));
        for (Map.Entry<String, byte[]> seed : seeds.entrySet()) {
            String name = seed.getKey().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
            Files.write(folder.resolve(name), seed.getValue());
        }
    }
}
