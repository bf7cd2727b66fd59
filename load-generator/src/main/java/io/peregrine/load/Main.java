package io.peregrine.load;

import io.peregrine.load.cli.LoadCommand;

/** The entry of the runnable jar. */
public final class Main {
    private Main() {}

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) {
        System.exit(LoadCommand.execute(args));
    }
}
