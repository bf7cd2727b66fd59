package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** LB-3 against a model that says it in one sentence, over random interleavings of policies and their states. */
class GracefulSwitchProperties {
    private static final List<String> NAMES = List.of("a", "b", "c");
    private static final List<ConnectivityState> STATES = List.of(
            ConnectivityState.IDLE,
            ConnectivityState.CONNECTING,
            ConnectivityState.READY,
            ConnectivityState.TRANSIENT_FAILURE);

    @Test
    void lb3TheOldPolicyIsUsedWhileItIsReadyAndTheNewOneConnects() {
        SplittableRandom random = Seeds.random("LB-3: graceful switch");
        for (int run = 0; run < 500; run++) {
            new Run(random).go();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final BalancerHarness context = new BalancerHarness();
        private final GracefulSwitch balancer = new GracefulSwitch(context);
        private final ScriptedPolicy.Journal journal = new ScriptedPolicy.Journal();
        private ScriptedPolicy.@Nullable Scripted current;
        private ScriptedPolicy.@Nullable Scripted pending;

        Run(SplittableRandom random) {
            this.random = random;
        }

        void go() {
            for (int step = 0; step < 40; step++) {
                if (journal.made.isEmpty() || random.nextInt(4) == 0) {
                    switchTo(NAMES.get(random.nextInt(NAMES.size())));
                } else {
                    report();
                }
                check();
            }
        }

        private void switchTo(String name) {
            int made = journal.made.size();
            balancer.switchTo(new ScriptedPolicy(name, random.nextInt(), journal));
            if (pending != null && pending.policy().name().equals(name)) {
                assertThat(journal.made).hasSize(made);
            } else if (current != null && current.policy().name().equals(name)) {
                assertThat(journal.made).hasSize(made);
                pending = null;
            } else if (current == null) {
                current = journal.made.getLast();
            } else {
                pending = journal.made.getLast();
            }
        }

        /** Any of the policies says something, those that were closed, too. */
        private void report() {
            List<ScriptedPolicy.Scripted> all = new ArrayList<>(journal.made);
            ScriptedPolicy.Scripted one = all.get(random.nextInt(all.size()));
            Picker unused = one.report(STATES.get(random.nextInt(STATES.size())));
            boolean mayKeep = pending == null
                    || (current != null
                            && current.reported == ConnectivityState.READY
                            && pending.reported == ConnectivityState.CONNECTING);
            if ((one == current || one == pending) && !mayKeep) {
                current = pending;
                pending = null;
            }
        }

        private void check() {
            for (ScriptedPolicy.Scripted one : journal.made) {
                assertThat(one.closes).isEqualTo(one == current || one == pending ? 0 : 1);
            }
            if (current != null && !context.reported().isEmpty()) {
                assertThat(context.state()).isEqualTo(current.reported);
            }
        }
    }
}
