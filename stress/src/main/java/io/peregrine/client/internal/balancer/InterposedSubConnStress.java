package io.peregrine.client.internal.balancer;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.ForwardingContext;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.resolver.Attributes;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** {@link InterposedSubConn}: picks that dress results at the same time each get the whole of their own. */
public final class InterposedSubConnStress {
    private InterposedSubConnStress() {}

    /** Two picks of the same result, of which both may be the first. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "Both go to the channel's subchannel, and are told of.")
    @Outcome(expect = FORBIDDEN, desc = "One saw a result that was not whole.")
    @State
    public static class TheSameResult extends Picks {
        @Actor
        public void one(ZZ_Result result) {
            result.r1 = isWhole(subConn.dress(counted, listener), listener);
        }

        @Actor
        public void other(ZZ_Result result) {
            result.r2 = isWhole(subConn.dress(counted, listener), listener);
        }
    }

    /** Picks with the old picker and with the new one, which does not count: they take the place of each other's pair. */
    @JCStressTest
    @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "One is told of, and the other one is not.")
    @Outcome(expect = FORBIDDEN, desc = "One got what belongs to the other.")
    @State
    public static class OneThatCountsAndOneThatDoesNot extends Picks {
        @Actor
        public void counting(ZZ_Result result) {
            result.r1 = isWhole(subConn.dress(counted, listener), listener);
        }

        @Actor
        public void notCounting(ZZ_Result result) {
            result.r2 = isWhole(subConn.dress(counted, null), null);
        }
    }

    /** A subchannel between a child and a channel that does nothing. */
    abstract static class Picks {
        final DoneListener listener = done -> {};
        final Idle channels = new Idle();
        final Interposed subConn = new Interposed(channels);
        final PickResult counted = PickResult.of(subConn);

        final boolean isWhole(PickResult dressed, @Nullable DoneListener expected) {
            return dressed.subConn() == channels && dressed.doneListener() == expected;
        }
    }

    private static final class Interposed extends InterposedSubConn {
        Interposed(SubConn channels) {
            super(new Channel(channels), channels.address(), Attributes.EMPTY, (state, status) -> {});
        }
    }

    private static final class Channel extends ForwardingContext {
        private final SubConn subConn;

        Channel(SubConn subConn) {
            this.subConn = subConn;
        }

        @Override
        protected LoadBalancer.Context delegate() {
            throw new AssertionError("asked for more than a subchannel");
        }

        @Override
        public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
            return subConn;
        }

        @Override
        public void updateState(ConnectivityState state, Picker picker) {
            throw new AssertionError("a picker");
        }
    }

    private static final class Idle implements SubConn {
        private static final SocketAddress ADDRESS = InetSocketAddress.createUnresolved("nowhere", 1);

        @Override
        public SocketAddress address() {
            return ADDRESS;
        }

        @Override
        public Attributes attributes() {
            return Attributes.EMPTY;
        }

        @Override
        public void connect() {}

        @Override
        public void shutdown() {}

        @Override
        public void watchHealth(Listener listener) {}

        @Override
        public void watchLoad(Duration period, LoadListener listener) {}
    }
}
