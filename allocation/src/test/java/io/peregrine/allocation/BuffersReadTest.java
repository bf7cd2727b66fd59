package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link Buffers#read} moves what {@link ByteBuf#readBytes(byte[], int, int)} would, however it does. */
class BuffersReadTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 100, 127, 128, 129, 70_000})
    void movesTheBytesAndTheIndex(int length) {
        byte[] octets = new byte[length];
        new Random(length).nextBytes(octets);
        ByteBuf buffer = Buffers.allocator().directBuffer(length + 10);
        try {
            buffer.writeZero(3).writeBytes(octets).writeZero(7).readerIndex(3);
            byte[] read = new byte[length + 5];

            Buffers.read(buffer, read, 5, length);

            assertThat(read).endsWith(octets).startsWith(0, 0, 0, 0, 0);
            assertThat(buffer.readerIndex()).isEqualTo(3 + length);
            assertThat(buffer.readableBytes()).isEqualTo(7);
        } finally {
            buffer.release();
        }
    }

    @Test
    void readsBuffersOfSeveralPartsAndOfTheHeap() {
        CompositeByteBuf parts = Buffers.allocator().compositeBuffer();
        parts.addComponent(true, Buffers.allocator().directBuffer().writeLong(1));
        parts.addComponent(true, Buffers.allocator().heapBuffer().writeLong(2));
        byte[] read = new byte[16];
        try {
            Buffers.read(parts, read, 0, 16);
        } finally {
            parts.release();
        }

        assertThat(read).containsExactly(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2);
    }

    @Test
    void refusesToReadMoreThanThereIs() {
        ByteBuf buffer = Buffers.allocator().directBuffer().writeLong(1);
        try {
            assertThatExceptionOfType(IndexOutOfBoundsException.class)
                    .isThrownBy(() -> Buffers.read(buffer, new byte[16], 0, 16));
        } finally {
            buffer.release();
        }
    }
}
