package io.peregrine.client.resolver.dns;

import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.dns.DnsNameResolverException;
import io.netty.resolver.dns.DnsQueryLifecycleObserver;
import io.netty.resolver.dns.DnsQueryLifecycleObserverFactory;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How each question of a round ended last. The exception of Netty's resolver tells only the end of the question that
 * was answered last: that there are no AAAA records would hide that the server failed the question for A, and a name
 * that exists would seem not to (SPEC DN-6). Confined to the resolver's event loop.
 */
final class QueryOutcomes implements DnsQueryLifecycleObserverFactory {
    /** What may be otherwise the next time, by question. */
    private final Map<Question, Throwable> temporary = new HashMap<>();

    private record Question(String name, DnsRecordType type) {}

    /** Why a question of one of the types has no answer that one could rely on; null if all have. */
    @Nullable
    Throwable temporary(Set<DnsRecordType> types) {
        for (Map.Entry<Question, Throwable> outcome : temporary.entrySet()) {
            if (types.contains(outcome.getKey().type)) {
                return outcome.getValue();
            }
        }
        return null;
    }

    @Override
    public DnsQueryLifecycleObserver newDnsQueryLifecycleObserver(DnsQuestion question) {
        return new Observer(new Question(question.name(), question.type()));
    }

    private final class Observer implements DnsQueryLifecycleObserver {
        private final Question question;

        /** Whom the query went to; null if it was not sent, and what is said of it says nothing of the name. */
        private @Nullable InetSocketAddress server;

        Observer(Question question) {
            this.question = question;
        }

        @Override
        public void queryWritten(InetSocketAddress address, ChannelFuture future) {
            server = address;
        }

        @Override
        public void queryCancelled(int queriesRemaining) {
            // Another answer was enough.
        }

        @Override
        public DnsQueryLifecycleObserver queryRedirected(List<InetSocketAddress> nameServers) {
            server = null;
            return this;
        }

        @Override
        public DnsQueryLifecycleObserver queryCNAMEd(DnsQuestion alias) {
            temporary.remove(question);
            return newDnsQueryLifecycleObserver(alias);
        }

        @Override
        public DnsQueryLifecycleObserver queryNoAnswer(DnsResponseCode code) {
            String who = server == null ? "the name server" : NetUtil.toSocketAddressString(server);
            temporary.put(question, new UnknownHostException(who + " answered " + code));
            server = null;
            return this;
        }

        @Override
        public void queryFailed(Throwable cause) {
            if (server == null) {
                return;
            }
            if (cause instanceof DnsNameResolverException) {
                temporary.put(question, cause);
            } else {
                temporary.remove(question);
            }
        }

        @Override
        public void querySucceed() {
            temporary.remove(question);
        }
    }
}
