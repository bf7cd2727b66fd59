package io.peregrine.jmh.peer;

import java.net.InetSocketAddress;

/**
 * No client at all: the bytes of a call and the system calls that move them, which is what a client on this machine cannot
 * be cheaper than. A call that waits has a socket of its own, or is handed to an event loop; the others are on the loop.
 * The message returned is the one sent: nothing is parsed.
 */
final class FloorClient<M> implements EchoClient<M> {
    private final FloorLoop loop;
    private final BlockingFloor blocking;

    private FloorClient(FloorLoop loop, BlockingFloor blocking) {
        this.loop = loop;
        this.blocking = blocking;
    }

    /** A caller that waits does so on its own socket. */
    static <M> EchoClient<M> callerPolls(ClientSetup setup) {
        FloorSocket socket = FloorSocket.connect(setup);
        return new FloorClient<>(new FloorLoop(setup), new BlockingFloor(socket::call, socket::close));
    }

    /** A caller that waits is parked until the event loop has the response. */
    static <M> EchoClient<M> handsOff(ClientSetup setup) {
        FloorLoop loop = new FloorLoop(setup);
        return new FloorClient<>(loop, new BlockingFloor(loop.newHandOff()::call, () -> {}));
    }

    /**
     * Where the setup's server listens.
     *
     * @throws IllegalArgumentException if the setup asks for TLS, which the floor does not speak
     */
    static InetSocketAddress plaintextAddress(ClientSetup setup) {
        if (setup.trust() != null) {
            throw new IllegalArgumentException("floor: TLS (expected: plaintext)");
        }
        int colon = setup.address().lastIndexOf(':');
        return new InetSocketAddress(
                setup.address().substring(0, colon),
                Integer.parseInt(setup.address().substring(colon + 1)));
    }

    @Override
    public M call(M request) {
        blocking.call.run();
        return request;
    }

    @Override
    public RepeatedCall newCall(M request, Completion completion) {
        return loop.newCall(completion);
    }

    @Override
    public void close() {
        blocking.close.run();
        loop.close();
    }

    private record BlockingFloor(Runnable call, Runnable close) {}
}
