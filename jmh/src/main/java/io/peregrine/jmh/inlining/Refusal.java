package io.peregrine.jmh.inlining;

import java.util.Comparator;
import java.util.Set;

/**
 * A call that C2 did not inline.
 *
 * @param caller the method in which the call stands
 * @param bytecodeIndex where it stands there
 * @param callee the method that is called; of a virtual call, the one that the class file names
 * @param calleeBytes the size of its bytecode
 * @param reason the compiler's words
 * @param root the compilation in which the caller was inlined: its outermost method
 * @param calls how often the profile saw the call; 0 if never, below 0 if the caller had no profile
 */
record Refusal(
        MethodName caller,
        int bytecodeIndex,
        MethodName callee,
        int calleeBytes,
        String reason,
        MethodName root,
        long calls) {
    /** The most frequent first. */
    static final Comparator<Refusal> ORDER = Comparator.comparingLong(Refusal::calls)
            .reversed()
            .thenComparing(Refusal::caller)
            .thenComparing(Refusal::bytecodeIndex);

    private static final String VIRTUAL_CALL = "virtual call";

    /** Reasons that say that the call is rare or cannot return: nothing would be won by inlining it. */
    private static final Set<String> COLD = Set.of(
            "never executed",
            "call site not reached",
            "executed < MinInliningThreshold times",
            "exception method",
            "don't inline Throwable constructors",
            "unloaded signature classes",
            "too big");

    /** Whether the call goes through a table: the profile saw too many classes of receivers. */
    boolean isMegamorphic() {
        return reason.equals(VIRTUAL_CALL) && calls > 0;
    }

    /** Whether it costs what inlining would have saved. Without a profile that is assumed. */
    boolean isHot() {
        return calls != 0 && !COLD.contains(reason);
    }
}
