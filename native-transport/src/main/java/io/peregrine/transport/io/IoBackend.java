package io.peregrine.transport.io;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.kqueue.KQueue;
import io.netty.channel.kqueue.KQueueDatagramChannel;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueIoHandler;
import io.netty.channel.kqueue.KQueueSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringSocketChannel;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What drives sockets. The constants stand in the order of preference: {@link #best()} is
 * the first that is available, and the last one always is.
 *
 * <p>The system property {@value #PROPERTY} forces one by its name in lower case. The choice is made once, at first
 * use, and logged then: at {@code DEBUG} when it is what the machine offers at best or what the property asked for
 * (a library is quiet when all is well), at {@code WARNING} when Linux has to do without a native backend, because
 * that costs CPU on every call and has a remedy. All methods may be called from any thread.
 */
public enum IoBackend {
    /** Linux epoll through Netty's native library. */
    EPOLL {
        @Override
        public boolean isAvailable() {
            return Epoll.isAvailable();
        }

        @Override
        public String reason() {
            return reasonFor("epoll", Epoll.unavailabilityCause());
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return EpollIoHandler.newFactory();
        }

        @Override
        public Class<? extends SocketChannel> channelClass() {
            return EpollSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> unixChannelClass() {
            return EpollDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DatagramChannel> datagramChannelClass() {
            return EpollDatagramChannel.class;
        }

        @Override
        Class<? extends IoHandler> handlerClass() {
            return EpollIoHandler.class;
        }

        @Override
        TcpOptionNames tcpOptionNames() {
            return TcpOptionNames.epoll();
        }
    },

    /**
     * Linux io_uring through Netty's native library. It needs a kernel whose {@code kernel.io_uring_disabled} is 0 and
     * a sandbox that lets it through, which Docker's default one does not. Behind epoll in the order, since no
     * measurement has yet told the two apart for the few connections of a client.
     */
    IO_URING {
        @Override
        public boolean isAvailable() {
            return IoUringPolls.isAvailable();
        }

        @Override
        public String reason() {
            return reasonFor("io_uring", IoUringPolls.unavailabilityCause());
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return IoUringIoHandler.newFactory();
        }

        @Override
        String callerDrivenRefusal() {
            return "a ring belongs to the one thread that made it";
        }

        @Override
        public Class<? extends SocketChannel> channelClass() {
            return IoUringSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> unixChannelClass() {
            return IoUringDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DatagramChannel> datagramChannelClass() {
            return IoUringDatagramChannel.class;
        }

        @Override
        Class<? extends IoHandler> handlerClass() {
            return IoUringIoHandler.class;
        }

        @Override
        TcpOptionNames tcpOptionNames() {
            return TcpOptionNames.ioUring();
        }
    },

    /** The kqueue of macOS through Netty's native library. */
    KQUEUE {
        /** What fits into {@code sun_path} of macOS (104 bytes) before its NUL. */
        private static final int MAX_PATH_BYTES = 103;

        @Override
        public boolean isAvailable() {
            return KQueue.isAvailable();
        }

        @Override
        public String reason() {
            return reasonFor("kqueue", KQueue.unavailabilityCause());
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return KQueueIoHandler.newFactory();
        }

        @Override
        public Class<? extends SocketChannel> channelClass() {
            return KQueueSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> unixChannelClass() {
            return KQueueDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DatagramChannel> datagramChannelClass() {
            return KQueueDatagramChannel.class;
        }

        @Override
        Class<? extends IoHandler> handlerClass() {
            return KQueueIoHandler.class;
        }

        @Override
        SocketAddress unixConnectAddress(UnixSocketAddress address) {
            requirePath(address);
            UnixSocketAddress.requireFits("unix path", address.path(), MAX_PATH_BYTES);
            return address;
        }

        @Override
        TcpOptionNames tcpOptionNames() {
            return TcpOptionNames.kqueue();
        }
    },

    /** The JDK's selector: works everywhere, costs more CPU and more garbage for each event. */
    NIO {
        @Override
        public boolean isAvailable() {
            return true;
        }

        @Override
        public String reason() {
            return "nio: part of every JDK";
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return NioIoHandler.newFactory();
        }

        @Override
        String callerDrivenRefusal() {
            return "its selector swallows the interrupt of a thread that waits in it";
        }

        @Override
        public Class<? extends SocketChannel> channelClass() {
            return NioSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> unixChannelClass() {
            return NioDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DatagramChannel> datagramChannelClass() {
            return NioDatagramChannel.class;
        }

        @Override
        Class<? extends IoHandler> handlerClass() {
            return NioIoHandler.class;
        }

        /** The JDK has an address type of its own, and refuses a path that is too long for the system by itself. */
        @Override
        SocketAddress unixConnectAddress(UnixSocketAddress address) {
            requirePath(address);
            return UnixDomainSocketAddress.of(address.path());
        }

        @Override
        TcpOptionNames tcpOptionNames() {
            return TcpOptionNames.nio();
        }
    };

    /**
     * The system property that forces a backend: {@code epoll}, {@code io_uring}, {@code kqueue} or {@code nio}, in
     * any case. Default: unset.
     */
    public static final String PROPERTY = "io.peregrine.io";

    private static final Logger LOGGER = System.getLogger(IoBackend.class.getPackageName());

    private static final Object SELECTION_LOCK = new Object();

    /** Guarded by {@link #SELECTION_LOCK}. */
    private static @Nullable IoSelection selected;

    /** Returns whether this machine and this JVM can use the backend. */
    public abstract boolean isAvailable();

    /** Returns one sentence, without a full stop, that says why the backend is or is not available. */
    public abstract String reason();

    /** Returns the channel class for client connections over TCP. Loads native code when the backend has some. */
    public abstract Class<? extends SocketChannel> channelClass();

    /** Returns the channel class for client connections over unix domain sockets, as {@link #channelClass()}. */
    public abstract Class<? extends Channel> unixChannelClass();

    /** Returns the channel class for UDP, as {@link #channelClass()}. */
    public abstract Class<? extends DatagramChannel> datagramChannelClass();

    /** What the event loops of this backend run on. */
    abstract Class<? extends IoHandler> handlerClass();

    /** Returns the backend that drives {@code loop}; empty if it is none of these, as in tests with embedded channels. */
    public static Optional<IoBackend> of(EventLoop loop) {
        return loop instanceof IoEventLoop driven
                ? Arrays.stream(values())
                        .filter(backend -> driven.isIoType(backend.handlerClass()))
                        .findFirst()
                : Optional.empty();
    }

    /**
     * Returns a new channel, not yet registered, that can connect to {@link #connectAddress} of {@code address}.
     *
     * @param address of a unix domain socket if it is a {@link DomainSocketAddress}, of TCP otherwise
     */
    public final Channel newChannel(SocketAddress address) {
        Class<? extends Channel> type = address instanceof DomainSocketAddress ? unixChannelClass() : channelClass();
        return new ReflectiveChannelFactory<Channel>(type).newChannel();
    }

    /**
     * Returns the address in the form that this backend's channels connect to. Above the backend, unix domain sockets
     * have one type of address for all of them: {@link DomainSocketAddress}, best as {@link UnixSocketAddress}.
     *
     * @throws IllegalArgumentException if it is an abstract name and the backend has none (kqueue, NIO), or does not
     *     fit
     */
    public final SocketAddress connectAddress(SocketAddress address) {
        return address instanceof DomainSocketAddress unix ? unixConnectAddress(UnixSocketAddress.of(unix)) : address;
    }

    SocketAddress unixConnectAddress(UnixSocketAddress address) {
        return address;
    }

    final void requirePath(UnixSocketAddress address) {
        if (address.isAbstract()) {
            throw new IllegalArgumentException("I/O backend " + lowerCaseName() + " has no abstract unix sockets: \""
                    + address + "\" (expected: a unix: path, or epoll or io_uring on Linux)");
        }
    }

    abstract TcpOptionNames tcpOptionNames();

    /** Returns the backend that a client's channel belongs to; empty for others, of tests for example. */
    static Optional<IoBackend> of(Channel channel) {
        Class<?> type = channel.getClass();
        return Arrays.stream(values())
                .filter(backend -> backend.channelClass() == type || backend.unixChannelClass() == type)
                .findFirst();
    }

    /**
     * Returns a factory of the handler that an event loop runs.
     *
     * @throws IllegalStateException if the backend is not {@linkplain #isAvailable() available}; the message says why
     */
    public final IoHandlerFactory newIoHandlerFactory() {
        if (!isAvailable()) {
            throw new IllegalStateException("I/O backend " + this + " cannot be used: " + reason());
        }
        return handlerFactory();
    }

    abstract IoHandlerFactory handlerFactory();

    /** Why the threads that call cannot run loops of this backend, as half a sentence; null if they can. */
    @Nullable
    String callerDrivenRefusal() {
        return null;
    }

    static String reasonFor(String name, @Nullable Throwable unavailable) {
        return unavailable == null
                ? name + ": the native library is loaded"
                : name + ": not available, because " + NativeLibraryFailure.describe(unavailable);
    }

    /**
     * Returns the backend to use: the one that {@value #PROPERTY} forces, or else the first that is available.
     *
     * @throws IllegalArgumentException if the property names no backend
     * @throws IllegalStateException if the property forces one that is not available; the message says why
     */
    public static IoBackend best() {
        return selection().backend();
    }

    /**
     * Returns what {@link #best()} chose and why. The first successful call decides and logs; later ones return the
     * same object.
     *
     * @throws IllegalArgumentException if {@value #PROPERTY} names no backend
     * @throws IllegalStateException if {@value #PROPERTY} forces one that is not available; the message says why
     */
    public static IoSelection selection() {
        synchronized (SELECTION_LOCK) {
            IoSelection selection = selected;
            if (selection == null) {
                selection = select(System.getProperty(PROPERTY));
                selected = selection;
                log(selection);
            }
            return selection;
        }
    }

    static IoSelection select(@Nullable String forced) {
        if (forced != null) {
            return forced(forced);
        }
        StringBuilder passedOver = new StringBuilder();
        for (IoBackend backend : values()) {
            if (backend.isAvailable()) {
                return new IoSelection(backend, backend.reason() + passedOver);
            }
            passedOver.append("; ").append(backend.reason());
        }
        throw new AssertionError("no backend is available: " + passedOver);
    }

    private static IoSelection forced(String name) {
        for (IoBackend backend : values()) {
            if (backend.name().equalsIgnoreCase(name)) {
                if (!backend.isAvailable()) {
                    throw new IllegalStateException(
                            "-D" + PROPERTY + "=" + name + " cannot be followed: " + backend.reason());
                }
                return new IoSelection(backend, backend.lowerCaseName() + ": forced by -D" + PROPERTY + "=" + name);
            }
        }
        throw new IllegalArgumentException("-D" + PROPERTY + ": " + name + " (expected: "
                + Arrays.stream(values()).map(IoBackend::lowerCaseName).collect(Collectors.joining(" or ")) + ")");
    }

    String lowerCaseName() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static void log(IoSelection selection) {
        boolean linux = System.getProperty("os.name", "").startsWith("Linux");
        boolean fallBack = linux && selection.backend() == NIO && System.getProperty(PROPERTY) == null;
        LOGGER.log(fallBack ? Level.WARNING : Level.DEBUG, "I/O backend " + selection.reason());
    }
}
