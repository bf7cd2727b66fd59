package io.peregrine.load.run;

import java.util.PriorityQueue;

/**
 * A clock and a server on it: time passes only in {@link #pause}, and every call takes {@code serviceNs}, except
 * that the server does nothing from {@code stallFromNs} for {@code stallNs}.
 */
final class VirtualServer implements Pacer, CallTarget {
    private final long serviceNs;
    private final long stallFromNs;
    private final long stallNs;
    private final PriorityQueue<Pending> pending = new PriorityQueue<>();
    private long nowNs;
    private int outstanding;
    private int mostOutstanding;
    private long calls;

    VirtualServer(long serviceNs, long stallFromNs, long stallNs) {
        this.serviceNs = serviceNs;
        this.stallFromNs = stallFromNs;
        this.stallNs = stallNs;
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public void pause(long remainingNs) {
        long untilNs = nowNs + remainingNs;
        while (!pending.isEmpty() && pending.element().dueNs <= untilNs) {
            Pending next = pending.remove();
            nowNs = Math.max(nowNs, next.dueNs);
            outstanding--;
            next.slot.onOk();
        }
        nowNs = untilNs;
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void start(int lane, CallSlot slot) {
        boolean stalled = nowNs >= stallFromNs && nowNs < stallFromNs + stallNs;
        long beginNs = stalled ? stallFromNs + stallNs : nowNs;
        pending.add(new Pending(beginNs + serviceNs, calls++, slot));
        outstanding++;
        mostOutstanding = Math.max(mostOutstanding, outstanding);
    }

    @Override
    public void call(int lane, CallSlot slot) {
        throw new UnsupportedOperationException("call: " + lane + " (expected: an open loop)");
    }

    int mostOutstanding() {
        return mostOutstanding;
    }

    long calls() {
        return calls;
    }

    private record Pending(long dueNs, long order, CallSlot slot) implements Comparable<Pending> {
        @Override
        public int compareTo(Pending other) {
            int byTime = Long.compare(dueNs, other.dueNs);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }
}
