package io.peregrine.client.internal.chain;

import io.peregrine.client.internal.CallDispatcher;
import java.util.List;

/** The interceptors of one kind, in order, with the connection behind them. Immutable. */
abstract class InterceptorChain<I> {
    private final List<I> interceptors;
    private final CallDispatcher dispatcher;

    InterceptorChain(List<I> interceptors, CallDispatcher dispatcher) {
        this.interceptors = List.copyOf(interceptors);
        this.dispatcher = dispatcher;
    }

    final int size() {
        return interceptors.size();
    }

    final I interceptor(int position) {
        return interceptors.get(position);
    }

    /** Who is at that position, for people; the connection is behind the last interceptor. */
    final String name(int position) {
        return position < size()
                ? "interceptor " + interceptors.get(position).getClass().getName()
                : "the connection";
    }

    final CallDispatcher dispatcher() {
        return dispatcher;
    }
}
