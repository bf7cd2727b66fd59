package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import org.junit.jupiter.api.Test;

final class IoBackendTest {
    @Test
    void prefersEpollOnLinux() {
        assumeThat(System.getProperty("os.name")).startsWith("Linux");
        assumeThat(System.getProperty("os.arch")).isIn("amd64", "aarch64");

        assertThat(IoBackend.best()).isEqualTo(IoBackend.EPOLL);
        assertThat(IoBackend.selection().reason()).isEqualTo("epoll: the native library is loaded");
        assertThat(IoBackend.selection()).isSameAs(IoBackend.selection());
    }

    @Test
    void followsTheForcedBackendInAnyCaseAndSaysSo() {
        IoSelection selection = IoBackend.select("NIO");

        assertThat(selection.backend()).isEqualTo(IoBackend.NIO);
        assertThat(selection.reason()).isEqualTo("nio: forced by -Dio.peregrine.io=NIO");
    }

    @Test
    void refusesAnUnknownForcedBackend() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IoBackend.select("select"))
                .withMessage("-Dio.peregrine.io: select (expected: epoll or io_uring or kqueue or nio)");
    }

    @Test
    void nioIsAvailableEverywhere() {
        assertThat(IoBackend.NIO.isAvailable()).isTrue();
        assertThat(IoBackend.NIO.reason()).isEqualTo("nio: part of every JDK");
        assertThat(IoBackend.NIO.channelClass()).isEqualTo(NioSocketChannel.class);
        assertThat(IoBackend.NIO.newIoHandlerFactory()).hasSameClassAs(NioIoHandler.newFactory());
    }
}
