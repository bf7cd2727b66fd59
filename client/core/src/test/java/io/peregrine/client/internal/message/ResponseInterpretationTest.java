package io.peregrine.client.internal.message;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.compression.Codecs;
import io.peregrine.transport.header.ResponseHeaders;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ResponseInterpretationTest {
    private static final Metadata.Key<String> ID = Metadata.Key.of("id");

    @Test
    void aBlockThatComesAgainIsInterpretedOnce() {
        ResponseHeaders headers = block(":status", "200", "content-type", "application/grpc", "id", "7")
                .lasting();
        ResponseHeaders trailers = block("grpc-status", "5", "id", "8").lasting();

        ResponseStart start = ResponseStart.of(Codecs.defaults(), headers);
        ResponseEnd end = ResponseEnd.of(trailers, false);

        assertThat(ResponseStart.of(Codecs.defaults(), headers)).isSameAs(start);
        assertThat(start.metadata().get(ID)).isEqualTo("7");
        assertThat(ResponseEnd.of(trailers, false)).isSameAs(end);
        assertThat(end.status().code()).isEqualTo(StatusCode.NOT_FOUND);
        assertThat(end.trailers().get(ID)).isEqualTo("8");
    }

    @Test
    void aBlockThatIsValidOnlyNowKeepsNothing() {
        ResponseHeaders headers = block(":status", "200", "content-type", "application/grpc", "grpc-status", "0");

        assertThat(ResponseStart.of(Codecs.defaults(), headers))
                .isNotSameAs(ResponseStart.of(Codecs.defaults(), headers));
        assertThat(ResponseEnd.of(headers, true)).isNotSameAs(ResponseEnd.of(headers, true));
        assertThat(headers.interpretation()).isNull();
    }

    @Test
    void theSameBlockMayBeginAResponseAndBeAWholeOne() {
        ResponseHeaders block =
                block(":status", "200", "content-type", "application/grpc").lasting();

        for (int i = 0; i < 2; i++) {
            assertThat(ResponseStart.of(Codecs.defaults(), block).notGrpc()).isNull();
            assertThat(ResponseEnd.of(block, true).status())
                    .isEqualTo(Status.of(StatusCode.UNKNOWN, "missing grpc-status in the trailers"));
        }
    }

    @Test
    void st6AResponseThatIsNotGrpcHasTheStatusOfHttp() {
        ResponseHeaders headers =
                block(":status", "503", "content-type", "text/html").lasting();

        assertThat(Objects.requireNonNull(
                                ResponseStart.of(Codecs.defaults(), headers).notGrpc())
                        .code())
                .isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(ResponseEnd.of(headers, true).status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void md3AndMs5HeadersThatCannotBeReadFailTheirCallEachTime() {
        ResponseHeaders encoding = block(":status", "200", "content-type", "application/grpc", "grpc-encoding", "lz4")
                .lasting();
        ResponseHeaders value = block(":status", "200", "content-type", "application/grpc", "a-bin", "*")
                .lasting();

        for (int i = 0; i < 2; i++) {
            assertThat(Objects.requireNonNull(ResponseStart.of(Codecs.defaults(), encoding)
                                    .unreadable())
                            .message())
                    .contains("lz4");
            assertThat(Objects.requireNonNull(
                                    ResponseStart.of(Codecs.defaults(), value).unreadable())
                            .message())
                    .contains("a-bin");
        }
    }
}
