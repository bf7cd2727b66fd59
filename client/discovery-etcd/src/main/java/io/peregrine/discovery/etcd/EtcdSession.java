package io.peregrine.discovery.etcd;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.discovery.etcd.proto.AuthenticateRequest;
import io.peregrine.discovery.etcd.proto.Event;
import io.peregrine.discovery.etcd.proto.KeyValue;
import io.peregrine.discovery.etcd.proto.RangeRequest;
import io.peregrine.discovery.etcd.proto.WatchCreateRequest;
import io.peregrine.discovery.etcd.proto.WatchRequest;
import io.peregrine.discovery.etcd.proto.WatchResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One conversation with one member of etcd, on a connection of its own: log in, read the keys, and watch them from the
 * next revision on, so that no change is lost in between. It ends with the first failure; whoever wants more begins
 * another, which asks for a new token and reads the keys again, as it must after a compaction.
 *
 * <p>Confined to the owner's serialised context.
 */
final class EtcdSession {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token");

    /** With it, a member that has lost its leader ends the watch, which it would otherwise keep without news. */
    private static final Metadata.Key<String> REQUIRE_LEADER = Metadata.Key.of("hasleader");

    private static final int MAX_MESSAGE_BYTES = 32 << 20;
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(10);

    /** Etcd permits a PING every 5 s. */
    private static final Duration KEEPALIVE_TIME = Duration.ofSeconds(30);

    private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(10);

    private final EtcdCluster cluster;
    private final KeyPrefix prefix;
    private final Owner owner;
    private final ClientConn conn;
    private final Cancellable limit;
    private CallOptions options =
            CallOptions.DEFAULT.withMaxInboundMessageBytes(MAX_MESSAGE_BYTES).withMetadata(metadata(""));
    private @Nullable ClientCall<WatchRequest> watchCall;
    private String waitsFor = "";
    private boolean watching;
    private boolean ended;

    /** Whom a session belongs to. All but {@link #execute} is called in its serialised context. */
    interface Owner {
        /** Runs the task in the context. Any thread. */
        void execute(Runnable task);

        /** Runs the task in the context, after a delay. */
        Cancellable schedule(long delayNs, Runnable task);

        /** These are the keys. */
        void onKeys(List<KeyValue> keys, long revision);

        /** What changed since, perhaps nothing. */
        void onEvents(List<Event> events, long revision);

        /** The session has ended. */
        void onEnd(String reason, @Nullable Throwable cause, boolean wasWatching);
    }

    /** Does nothing yet. */
    EtcdSession(EtcdCluster cluster, HostPort member, KeyPrefix prefix, Owner owner) {
        this.cluster = cluster;
        this.prefix = prefix;
        this.owner = owner;
        conn = ClientConn.builder("passthrough:///" + member)
                .credentials(cluster.credentials())
                .keepAlive(KEEPALIVE_TIME, KEEPALIVE_TIMEOUT)
                .retries(false)
                .build();
        limit = owner.schedule(LIMIT_NS, () -> end(waitsFor + ": no answer within 10 s", null));
    }

    /** Connects. Called once. */
    void begin() {
        if (cluster.user().isEmpty()) {
            readKeys();
        } else {
            logIn();
        }
    }

    /** Ends without a word. */
    void close() {
        ended = true;
        limit.cancel();
        conn.shutdownNow();
    }

    private void logIn() {
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(cluster.user())
                .setPassword(cluster.password())
                .build();
        call(EtcdApi.AUTHENTICATE, request, answer -> {
            options = options.withMetadata(metadata(answer.getToken()));
            readKeys();
        });
    }

    private void readKeys() {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(prefix.first())
                .setRangeEnd(prefix.end())
                .build();
        call(EtcdApi.RANGE, request, answer -> {
            long revision = answer.getHeader().getRevision();
            owner.onKeys(answer.getKvsList(), revision);
            if (!ended) {
                watch(revision + 1);
            }
        });
    }

    private void watch(long fromRevision) {
        waitsFor = EtcdApi.WATCH.fullName();
        ClientCall<WatchRequest> call = conn.startCall(EtcdApi.WATCH, options, new WatchCallback());
        call.request(1);
        boolean unused = call.trySend(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(prefix.first())
                        .setRangeEnd(prefix.end())
                        .setStartRevision(fromRevision)
                        .setProgressNotify(true))
                .build());
        watchCall = call;
    }

    private void onWatch(WatchResponse response) {
        if (response.getCompactRevision() > 0) {
            end("the watch was cancelled: revisions before " + response.getCompactRevision() + " are compacted", null);
        } else if (response.getCanceled()) {
            end("the watch was cancelled: " + response.getCancelReason(), null);
        } else {
            if (response.getCreated()) {
                watching = true;
                limit.cancel();
            }
            owner.onEvents(response.getEventsList(), response.getHeader().getRevision());
            if (!ended && watchCall != null) {
                watchCall.request(1);
            }
        }
    }

    private void end(String reason, @Nullable Throwable cause) {
        if (!ended) {
            close();
            owner.onEnd(reason, cause, watching);
        }
    }

    private void inContext(Runnable task) {
        owner.execute(() -> {
            if (!ended) {
                task.run();
            }
        });
    }

    private <Q, R> void call(MethodDescriptor<Q, R> method, Q request, Consumer<R> next) {
        waitsFor = method.fullName();
        conn.invokeDetached(method, request, options, new UnaryCallback<R>() {
            @Override
            public void onSuccess(R response, Metadata trailers) {
                inContext(() -> next.accept(response));
            }

            @Override
            public void onFailure(StatusException failure) {
                inContext(() -> onFailed(method, failure));
            }
        });
    }

    /** A cluster without users has nobody to log in, and lets everybody read. */
    private void onFailed(MethodDescriptor<?, ?> method, StatusException failure) {
        boolean needsNoLogin =
                method == EtcdApi.AUTHENTICATE && failure.status().code() == StatusCode.FAILED_PRECONDITION;
        if (needsNoLogin) {
            readKeys();
        } else {
            end(method.fullName() + ": " + failure.status(), failure);
        }
    }

    private static Metadata metadata(String token) {
        Metadata.Builder metadata = Metadata.builder().put(REQUIRE_LEADER, "true");
        return token.isEmpty() ? metadata.build() : metadata.put(TOKEN, token).build();
    }

    /** Brings what the watch says into the context. */
    private final class WatchCallback implements StreamCallback<WatchResponse> {
        @Override
        public void onMessage(WatchResponse message) {
            inContext(() -> onWatch(message));
        }

        @Override
        public void onComplete(Metadata trailers) {
            inContext(() -> end("the watch was ended by the server", null));
        }

        @Override
        public void onFailure(StatusException failure) {
            inContext(() -> end("the watch was lost: " + failure.status(), failure));
        }
    }
}
