package io.peregrine.transport.io.driven;

import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;

/**
 * Lets {@link Thread#interrupt} end a wait in the kernel that the JDK knows nothing of. {@link AbstractSelector} is the
 * JDK's public way to be told of an interrupt by the thread that interrupts; nothing else of a selector is here. It
 * costs the waiting thread two uncontended locks and no allocation.
 */
final class InterruptWakeup extends AbstractSelector {
    private final Runnable wakeup;

    /** Runs {@code wakeup}, which must not block, on the thread that interrupts. */
    InterruptWakeup(Runnable wakeup) {
        super(SelectorProvider.provider());
        this.wakeup = wakeup;
    }

    /** The calling thread is about to wait. An interrupt from before has to be seen by who is about to wait. */
    void enter() {
        begin();
    }

    /** The calling thread does not wait any more. */
    void exit() {
        end();
    }

    @Override
    public Selector wakeup() {
        wakeup.run();
        return this;
    }

    @Override
    protected void implCloseSelector() {}

    @Override
    protected SelectionKey register(AbstractSelectableChannel channel, int operations, Object attachment) {
        throw nothingToSelect();
    }

    @Override
    public Set<SelectionKey> keys() {
        throw nothingToSelect();
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
        throw nothingToSelect();
    }

    @Override
    public int selectNow() {
        throw nothingToSelect();
    }

    @Override
    public int select(long timeoutMillis) {
        throw nothingToSelect();
    }

    @Override
    public int select() {
        throw nothingToSelect();
    }

    private static UnsupportedOperationException nothingToSelect() {
        return new UnsupportedOperationException("it selects nothing: it is told of interrupts");
    }
}
