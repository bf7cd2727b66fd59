package io.peregrine.transport.io;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The readiness interface that drives sockets. The constants stand in the order of preference: {@link #best()} is
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
            Throwable cause = Epoll.unavailabilityCause();
            return cause == null
                    ? "epoll: the native library is loaded"
                    : "epoll: not available, because " + NativeLibraryFailure.describe(cause);
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return EpollIoHandler.newFactory();
        }

        @Override
        public Class<? extends SocketChannel> channelClass() {
            return EpollSocketChannel.class;
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
        public Class<? extends SocketChannel> channelClass() {
            return NioSocketChannel.class;
        }
    };

    /** The system property that forces a backend: {@code epoll} or {@code nio}, in any case. Default: unset. */
    public static final String PROPERTY = "io.peregrine.io";

    private static final Logger LOGGER = System.getLogger(IoBackend.class.getPackageName());

    private static final Object SELECTION_LOCK = new Object();

    /** Guarded by {@link #SELECTION_LOCK}. */
    private static @Nullable IoSelection selected;

    /** Returns whether this machine and this JVM can use the backend. */
    public abstract boolean isAvailable();

    /** Returns one sentence, without a full stop, that says why the backend is or is not available. */
    public abstract String reason();

    /** Returns the channel class for client connections. Loads native code when the backend has some. */
    public abstract Class<? extends SocketChannel> channelClass();

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
