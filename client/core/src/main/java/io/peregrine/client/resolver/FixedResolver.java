package io.peregrine.client.resolver;

/** Reports what never changes. */
record FixedResolver(Resolution resolution) implements NameResolver {
    @Override
    public void start(Listener listener) {
        listener.onResolution(resolution);
    }

    @Override
    public void resolveNow() {
        // The answer is the question; there is nothing to ask again.
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
