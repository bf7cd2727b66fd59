package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;

final class UnixSocketAddressTest {
    @Test
    void showsItsScheme() {
        assertThat(UnixSocketAddress.ofPath("/run/greeter.sock")).hasToString("unix:/run/greeter.sock");
        assertThat(UnixSocketAddress.ofAbstractName("greeter")).hasToString("unix-abstract:greeter");
    }

    @Test
    void isNettysAddressWithNulInFrontOfAnAbstractName() {
        assertThat(UnixSocketAddress.ofPath("a.sock")).isEqualTo(new DomainSocketAddress("a.sock"));
        assertThat(UnixSocketAddress.ofAbstractName("a")).isEqualTo(new DomainSocketAddress("\0a"));
        assertThat(UnixSocketAddress.of(new DomainSocketAddress("\0a")).isAbstract())
                .isTrue();
        assertThat(UnixSocketAddress.of(new DomainSocketAddress("a")).isAbstract())
                .isFalse();
    }

    @Test
    void refusesWhatDoesNotFitIntoTheSystemsAddress() {
        String longest = "é".repeat(53) + 'x';
        assertThat(UnixSocketAddress.ofPath(longest).path()).isEqualTo(longest);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> UnixSocketAddress.ofPath(longest + 'y'))
                .withMessage("unix path: \"" + longest + "y\" has 108 bytes (expected: 1..107)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UnixSocketAddress.ofAbstractName(""))
                .withMessage("unix-abstract name: \"\" has 0 bytes (expected: 1..107)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UnixSocketAddress.ofAbstractName("a\0b"))
                .withMessage("unix-abstract name: \"a\\0b\" contains NUL (expected: none)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UnixSocketAddress.of(new DomainSocketAddress("")))
                .withMessage("unix path: \"\" has 0 bytes (expected: 1..107)");
    }

    @Test
    void isTranslatedForNioAndTakenAsItIsByLinuxBackends() {
        UnixSocketAddress path = UnixSocketAddress.ofPath("/run/greeter.sock");
        UnixSocketAddress name = UnixSocketAddress.ofAbstractName("greeter");

        assertThat(IoBackend.NIO.connectAddress(path)).isEqualTo(UnixDomainSocketAddress.of("/run/greeter.sock"));
        assertThat(IoBackend.EPOLL.connectAddress(path)).isSameAs(path);
        assertThat(IoBackend.EPOLL.connectAddress(name)).isSameAs(name);
        assertThat(IoBackend.IO_URING.connectAddress(new DomainSocketAddress("\0greeter")))
                .isEqualTo(name);
        assertThat(IoBackend.NIO.connectAddress(InetSocketAddress.createUnresolved("a", 1)))
                .isEqualTo(InetSocketAddress.createUnresolved("a", 1));
    }

    @Test
    void abstractNamesAreRefusedWhereThereAreNone() {
        UnixSocketAddress name = UnixSocketAddress.ofAbstractName("greeter");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> IoBackend.NIO.connectAddress(name))
                .withMessage("I/O backend nio has no abstract unix sockets: \"unix-abstract:greeter\""
                        + " (expected: a unix: path, or epoll or io_uring on Linux)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IoBackend.KQUEUE.connectAddress(name))
                .withMessageStartingWith("I/O backend kqueue has no abstract unix sockets");
    }

    @Test
    void kqueueRefusesAPathThatMacOsWouldCutOff() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IoBackend.KQUEUE.connectAddress(UnixSocketAddress.ofPath("x".repeat(104))))
                .withMessageEndingWith("has 104 bytes (expected: 1..103)");
    }
}
