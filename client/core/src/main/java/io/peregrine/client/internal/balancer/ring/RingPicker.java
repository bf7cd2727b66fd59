package io.peregrine.client.internal.balancer.ring;

import io.netty.util.AsciiString;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.balancer.Xxh64;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Goes to the entry that the call's key is next to, and on around the ring while endpoints there have failed (SPEC RH-3 to
 * RH-6). A new one is published for each change of an endpoint's state; they share the ring, and the endpoints with their
 * {@linkplain RingChild#standing() standing}, so that a change costs the same whatever the size of the ring. A pick for an
 * endpoint that is ready allocates nothing.
 */
final class RingPicker implements Picker {
    private static final PickResult NO_KEY = PickResult.drop(Status.of(
            StatusCode.INTERNAL,
            "ring_hash: the call has no affinity key (expected: CallOptions.withAffinityKey, or a policy with a"
                    + " requestHashHeader)"));

    private final LoadBalancer.Context context;
    private final @Nullable AsciiString header;
    private final Ring ring;
    private final RingChild[] children;
    private final boolean anyConnecting;
    private final boolean allFailed;

    /** Whether a pick without a key has asked for a connection: one for each picker will do, since another follows it. */
    private final AtomicBoolean connectionAsked = new AtomicBoolean();

    RingPicker(
            LoadBalancer.Context context,
            @Nullable AsciiString header,
            Ring ring,
            RingChild[] children,
            boolean anyConnecting,
            boolean allFailed) {
        this.context = context;
        this.header = header;
        this.ring = ring;
        this.children = children;
        this.anyConnecting = anyConnecting;
        this.allFailed = allFailed;
    }

    @Override
    public PickResult pick(PickInfo info) {
        CallOptions options = info.options();
        if (options.affinityKey() != null) {
            return pickFrom(ring.entryOf(options.affinityHash()), info);
        }
        if (header == null) {
            return NO_KEY;
        }
        Metadata metadata = options.metadata();
        int field = indexOf(metadata, header, 0);
        if (field < 0 || isOneEmptyValue(metadata, header, field)) {
            return pickAny(ring.entryOf(ThreadLocalRandom.current().nextLong()), info);
        }
        return pickFrom(ring.entryOf(hashOf(metadata, header, field)), info);
    }

    /** RH-5: the first endpoint that has not failed, or what the first one says. */
    private PickResult pickFrom(int entry, PickInfo info) {
        if (allFailed) {
            return childAt(entry).standing().result();
        }
        int at = entry;
        for (int walked = 0; walked < ring.size(); walked++) {
            RingChild child = childAt(at);
            RingChild.Standing standing = child.standing();
            if (standing.state() == ConnectivityState.READY) {
                return info.hasTried() ? untried(at, info.tried()) : standing.result();
            }
            if (standing.state() != ConnectivityState.TRANSIENT_FAILURE) {
                if (standing.state() == ConnectivityState.IDLE) {
                    ask(child);
                }
                return PickResult.queue();
            }
            at = ring.after(at);
        }
        return childAt(entry).standing().result();
    }

    /** RH-6: the first endpoint that is ready, wherever it is. */
    private PickResult pickAny(int entry, PickInfo info) {
        RingChild idle = null;
        int at = entry;
        for (int walked = 0; walked < ring.size() && !allFailed; walked++) {
            RingChild child = childAt(at);
            RingChild.Standing standing = child.standing();
            if (standing.state() == ConnectivityState.READY) {
                askUnlessConnecting(idle);
                return info.hasTried() ? untried(at, info.tried()) : standing.result();
            }
            if (idle == null && standing.state() == ConnectivityState.IDLE) {
                idle = child;
            }
            at = ring.after(at);
        }
        askUnlessConnecting(idle);
        return anyConnecting || idle != null
                ? PickResult.queue()
                : childAt(entry).standing().result();
    }

    /** HG-11: the next endpoint that is ready and not among the tried ones; that of the entry, which is ready, if there is none. */
    private PickResult untried(int entry, Set<SocketAddress> tried) {
        int at = entry;
        for (int walked = 0; walked < ring.size(); walked++) {
            RingChild.Standing standing = childAt(at).standing();
            SubConn subConn = standing.result().subConn();
            if (standing.state() == ConnectivityState.READY && subConn != null && !tried.contains(subConn.address())) {
                return standing.result();
            }
            at = ring.after(at);
        }
        return childAt(entry).standing().result();
    }

    private void askUnlessConnecting(@Nullable RingChild idle) {
        if (idle != null && !anyConnecting && !connectionAsked.get() && connectionAsked.compareAndSet(false, true)) {
            ask(idle);
        }
    }

    private void ask(RingChild child) {
        if (child.tryAsk()) {
            context.execute(child);
        }
    }

    private RingChild childAt(int entry) {
        return children[ring.endpointAt(entry)];
    }

    private static int indexOf(Metadata metadata, AsciiString name, int from) {
        for (int i = from; i < metadata.size(); i++) {
            if (name.equals(metadata.wireName(i))) {
                return i;
            }
        }
        return -1;
    }

    /** An empty value says nothing (gRFC A76), and is not to bring all calls that have it to one endpoint. */
    private static boolean isOneEmptyValue(Metadata metadata, AsciiString name, int first) {
        return metadata.wireValue(first).isEmpty() && indexOf(metadata, name, first + 1) < 0;
    }

    /** RH-3. Several values are rare, and are joined in a buffer of their own. */
    private static long hashOf(Metadata metadata, AsciiString name, int first) {
        AsciiString value = metadata.wireValue(first);
        int next = indexOf(metadata, name, first + 1);
        if (next < 0) {
            return Xxh64.hash(value.array(), value.arrayOffset(), value.length(), 0);
        }
        StringBuilder joined = new StringBuilder(value);
        for (; next >= 0; next = indexOf(metadata, name, next + 1)) {
            joined.append(',').append(metadata.wireValue(next));
        }
        return Xxh64.hash(joined.toString().getBytes(StandardCharsets.ISO_8859_1), 0);
    }
}
