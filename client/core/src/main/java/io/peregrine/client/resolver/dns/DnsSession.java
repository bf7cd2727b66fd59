package io.peregrine.client.resolver.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsNameResolverTimeoutException;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.driven.CallerDrivenEventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket and the questions that are asked through it, on an event loop with a thread of its own. It lives as long
 * as one round of questions: each round has another port, which is harder to guess for who would forge answers, and
 * between them there is nothing to keep.
 */
final class DnsSession {
    private static final Set<DnsRecordType> ADDRESS_TYPES = Set.of(DnsRecordType.A, DnsRecordType.AAAA);

    /** What passes every path unfragmented (DNS flag day 2020); larger answers come over TCP. */
    private static final int MAX_UDP_PAYLOAD_BYTES = 1232;

    private final DnsNameResolver resolver;
    private final AddressFamilies families;
    private final @Nullable EventLoops ownLoops;

    // On the resolver's event loop only.
    private final TtlRecorder ttl = new TtlRecorder();
    private final QueryOutcomes outcomes = new QueryOutcomes();

    /** Written by {@link #close}, read on the event loop before a question is asked again. */
    private volatile boolean closed;

    /**
     * A session; loads many classes when it is the first.
     *
     * @param preferred asks and answers, unless it is one that the threads of calls drive: that may be late
     * @param servers empty for those of the system
     */
    DnsSession(EventLoop preferred, List<InetSocketAddress> servers, DnsOptions options) {
        families = options.families();
        Optional<IoBackend> driven =
                preferred instanceof CallerDrivenEventLoop ? Optional.empty() : IoBackend.of(preferred);
        ownLoops = driven.isPresent() ? null : EventLoops.shared();
        IoBackend backend =
                driven.orElseGet(() -> Objects.requireNonNull(ownLoops).backend());
        long queryTimeoutMs = Math.max(1, options.queryTimeout().toMillis());
        DnsNameResolverBuilder builder = new DnsNameResolverBuilder(ownLoops == null ? preferred : ownLoops.next())
                .datagramChannelType(backend.datagramChannelClass())
                .socketChannelType(backend.channelClass())
                .queryTimeoutMillis(queryTimeoutMs)
                .maxPayloadSize(MAX_UDP_PAYLOAD_BYTES)
                .hostsFileEntriesResolver((host, types) -> null)
                .resolveCache(ttl)
                .cnameCache(ttl)
                .dnsQueryLifecycleObserverFactory(outcomes);
        ResolvedAddressTypes types = typesOf(families);
        if (types != null) {
            builder.resolvedAddressTypes(types);
        }
        if (!servers.isEmpty()) {
            builder.nameServerProvider(new SequentialDnsServerAddressStreamProvider(servers));
        }
        resolver = builder.build();
    }

    private static @Nullable ResolvedAddressTypes typesOf(AddressFamilies families) {
        return switch (families) {
            case AS_JDK -> null;
            case IPV4_ONLY -> ResolvedAddressTypes.IPV4_ONLY;
            case IPV6_ONLY -> ResolvedAddressTypes.IPV6_ONLY;
            case IPV4_FIRST -> ResolvedAddressTypes.IPV4_PREFERRED;
            case IPV6_FIRST -> ResolvedAddressTypes.IPV6_PREFERRED;
        };
    }

    /** Asks for both families at once, and again as long as no server answers. */
    CompletableFuture<Answer<InetAddress>> addresses(String host) {
        return new Question<InetAddress, InetAddress>(
                        () -> resolver.resolveAll(host), families::arrange, ADDRESS_TYPES, true)
                .asked();
    }

    /** Asks each server once: addresses wait for this. */
    CompletableFuture<Answer<String>> texts(String name) {
        return records(name, DnsRecordType.TXT, false, DnsSession::textOf);
    }

    /** Asks as long as no server answers. */
    CompletableFuture<Answer<SrvRecord>> services(String name) {
        return records(name, DnsRecordType.SRV, true, SrvRecord::read);
    }

    private <T> CompletableFuture<Answer<T>> records(
            String name, DnsRecordType type, boolean patient, Function<ByteBuf, @Nullable T> reader) {
        return new Question<DnsRecord, T>(
                        () -> resolver.resolveAll(new DefaultDnsQuestion(name, type)),
                        records -> read(records, reader),
                        Set.of(type),
                        patient)
                .asked();
    }

    private <T> List<T> read(List<DnsRecord> records, Function<ByteBuf, @Nullable T> reader) {
        List<T> values = new ArrayList<>();
        try {
            for (DnsRecord record : records) {
                ttl.record(record.timeToLive());
                T value = record instanceof DnsRawRecord raw ? reader.apply(raw.content()) : null;
                if (value != null) {
                    values.add(value);
                }
            }
        } finally {
            records.forEach(ReferenceCountUtil::release);
        }
        return values;
    }

    /** The character strings of a TXT record, joined (RFC 1035 §3.3.14). */
    private static String textOf(ByteBuf data) {
        StringBuilder text = new StringBuilder(data.readableBytes());
        while (data.isReadable()) {
            int length = Math.min(data.readUnsignedByte(), data.readableBytes());
            text.append(data.readCharSequence(length, StandardCharsets.UTF_8));
        }
        return text.toString();
    }

    /** Ends the round. Any thread. */
    void close() {
        closed = true;
        resolver.close();
        if (ownLoops != null) {
            ownLoops.close();
        }
    }

    /**
     * A question until it is answered.
     *
     * @param <R> what Netty's resolver gives
     * @param <T> what is made of it
     */
    private final class Question<R, T> {
        private final CompletableFuture<Answer<T>> answer = new CompletableFuture<>();
        private final Supplier<Future<List<R>>> query;
        private final Function<List<R>, List<T>> reader;
        private final Set<DnsRecordType> types;
        private final boolean patient;

        /** {@code reader} releases what it reads. */
        Question(
                Supplier<Future<List<R>>> query,
                Function<List<R>, List<T>> reader,
                Set<DnsRecordType> types,
                boolean patient) {
            this.query = query;
            this.reader = reader;
            this.types = types;
            this.patient = patient;
        }

        CompletableFuture<Answer<T>> asked() {
            query.get().addListener((Future<List<R>> asked) -> onAnswer(asked));
            return answer;
        }

        private void onAnswer(Future<List<R>> asked) {
            try {
                if (asked.isSuccess()) {
                    answer.complete(new Answer<>(reader.apply(asked.getNow()), ttl.shortestNs()));
                } else {
                    onNoAnswer(asked.cause());
                }
            } catch (RuntimeException malformed) {
                answer.completeExceptionally(malformed);
            }
        }

        private void onNoAnswer(Throwable cause) {
            Throwable temporary = outcomes.temporary(types);
            if (temporary == null && cause instanceof UnknownHostException) {
                answer.complete(Answer.of(List.of()));
            } else if (patient && !closed && temporary instanceof DnsNameResolverTimeoutException) {
                CompletableFuture<?> unused = asked();
            } else {
                answer.completeExceptionally(temporary == null ? cause : temporary);
            }
        }
    }
}
