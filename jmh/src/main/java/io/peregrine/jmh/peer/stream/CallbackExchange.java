package io.peregrine.jmh.peer.stream;

import io.peregrine.jmh.peer.EchoClient;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Rounds on an open call, each of which starts where the last one ended: on the event loop. */
final class CallbackExchange implements StreamClient.Exchange, EchoClient.Completion {
    private final StreamClient.Echo echo;
    private int left;
    private StreamEnd end = new StreamEnd();

    /** Takes what opens the call. */
    CallbackExchange(Function<EchoClient.Completion, StreamClient.Echo> open) {
        this.echo = open.apply(this);
    }

    @Override
    public void run(int rounds) throws InterruptedException {
        end = new StreamEnd();
        left = rounds;
        echo.start();
        end.await();
    }

    @Override
    public void onEnd(@Nullable Throwable failure) {
        if (failure != null) {
            end.fail(failure);
            return;
        }
        left--;
        if (left == 0) {
            end.reach();
        } else {
            echo.start();
        }
    }

    @Override
    public void close() {
        echo.close();
    }
}
