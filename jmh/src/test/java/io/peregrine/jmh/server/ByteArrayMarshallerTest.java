package io.peregrine.jmh.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Drainable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ByteArrayMarshallerTest {
    private final ByteArrayMarshaller marshaller = new ByteArrayMarshaller();

    @Test
    void readsWhatItWrote() {
        byte[] message = {1, 2, 3};

        assertThat(marshaller.parse(marshaller.stream(message)))
                .isEqualTo(message)
                .isNotSameAs(message);
    }

    @Test
    void drainsTheWholeMessageInOneWrite() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        int drained = ((Drainable) marshaller.stream(new byte[] {1, 2, 3})).drainTo(out);

        assertThat(drained).isEqualTo(3);
        assertThat(out.toByteArray()).containsExactly(1, 2, 3);
    }
}
