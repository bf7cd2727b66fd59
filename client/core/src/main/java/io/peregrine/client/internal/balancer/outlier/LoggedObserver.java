package io.peregrine.client.internal.balancer.outlier;

import io.peregrine.client.balancer.policy.EjectionObserver;
import java.net.SocketAddress;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Logs what happens to endpoints, and tells the application's observer, whose faults stay its own. */
final class LoggedObserver implements EjectionObserver {
    private static final System.Logger LOG = System.getLogger(LoggedObserver.class.getName());

    private final @Nullable EjectionObserver observer;
    private boolean faultLogged;

    LoggedObserver(@Nullable EjectionObserver observer) {
        this.observer = observer;
    }

    @Override
    public void onEjected(Set<SocketAddress> addresses, Detection detection) {
        LOG.log(System.Logger.Level.INFO, "{0} is ejected: {1}", addresses, detection);
        tell(told -> told.onEjected(addresses, detection));
    }

    @Override
    public void onUnenforced(Set<SocketAddress> addresses, Detection detection, Unenforced reason) {
        tell(told -> told.onUnenforced(addresses, detection, reason));
    }

    @Override
    public void onReturned(Set<SocketAddress> addresses) {
        LOG.log(System.Logger.Level.INFO, "{0} gets calls again", addresses);
        tell(told -> told.onReturned(addresses));
    }

    private void tell(Consumer<EjectionObserver> event) {
        EjectionObserver told = observer;
        if (told == null) {
            return;
        }
        try {
            event.accept(told);
        } catch (RuntimeException thrown) {
            if (!faultLogged) {
                faultLogged = true;
                LOG.log(System.Logger.Level.ERROR, "an observer of ejections failed; this is logged once", thrown);
            }
        }
    }
}
