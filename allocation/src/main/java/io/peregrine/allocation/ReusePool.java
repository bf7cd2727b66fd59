package io.peregrine.allocation;

import java.util.function.Function;
import org.jctools.queues.atomic.MpmcAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Objects that are used again and again, so that in the steady state their users allocate nothing. An object goes back
 * to the shelf that it was made for, whichever thread gives it back, so that a thread which only takes finds what
 * others have finished with. Safe for use by any thread, a virtual one too; no thread keeps anything.
 *
 * <p>Nothing has to be given back: what is not is left to the garbage collector. What is given back must have no user
 * any more.
 *
 * <p>Netty's recycler has no place here: it keeps nothing for threads that are not its own, and the threads of an
 * application, which make the calls, are not.
 *
 * @param <T> what is kept
 */
public final class ReusePool<T> {
    /** More than processors, since threads that share a shelf by chance contend for it. */
    private static final int SHELVES =
            Integer.highestOneBit(Math.min(Runtime.getRuntime().availableProcessors(), 16)) * 2;

    /** Of 12 bytes each while a shelf is empty; more objects than this are seldom in use by one thread. */
    private static final int SHELF_CAPACITY = 1024;

    /**
     * Made as they are needed. Two threads may each make one for the same place; the one that is lost serves the
     * objects that were made for it and goes with them.
     */
    private final @Nullable Shelf<T>[] shelves;

    private final Function<Shelf<T>, T> maker;

    /**
     * An empty pool.
     *
     * @param maker makes an object that is to be given back to the shelf it is handed
     */
    @SuppressWarnings({"unchecked", "rawtypes"}) // the array holds nothing but shelves of T
    public ReusePool(Function<Shelf<T>, T> maker) {
        this.maker = maker;
        this.shelves = new Shelf[SHELVES];
    }

    /** Returns an object that was given back, or a new one if there is none. */
    public T take() {
        Shelf<T> shelf = shelf();
        T kept = shelf.objects.relaxedPoll();
        return kept == null ? maker.apply(shelf) : kept;
    }

    private Shelf<T> shelf() {
        int place = (int) Thread.currentThread().getId() & (SHELVES - 1);
        Shelf<T> shelf = shelves[place];
        if (shelf == null) {
            shelf = new Shelf<>();
            shelves[place] = shelf;
        }
        return shelf;
    }

    /**
     * What some of the threads have made and may take again.
     *
     * @param <T> what is kept
     */
    public static final class Shelf<T> {
        private final MpmcAtomicArrayQueue<T> objects = new MpmcAtomicArrayQueue<>(SHELF_CAPACITY);

        private Shelf() {}

        /** Keeps an object that was made for this shelf, if there is room; the caller forgets it. */
        public void putBack(T spent) {
            // One that does not fit is garbage.
            boolean unused = objects.relaxedOffer(spent);
        }
    }
}
