package io.peregrine.client.internal.balancer;

/**
 * Keeps what objects of a kind are written to by many threads in cache lines of their own: the fields of a subclass are 128
 * bytes apart from those of the next object, a line and the one that is fetched with it. Fields, and not elements of a padded
 * array: so a pick looks at one line for each endpoint, and not also at those of a reference and of a length.
 */
@SuppressWarnings("unused") // only their size counts
public abstract class CacheLineApart {
    private long p0;
    private long p1;
    private long p2;
    private long p3;
    private long p4;
    private long p5;
    private long p6;
    private long p7;
    private long p8;
    private long p9;
    private long p10;
    private long p11;
    private long p12;
    private long p13;
    private long p14;
    private long p15;

    /** For subclasses. */
    protected CacheLineApart() {}
}
