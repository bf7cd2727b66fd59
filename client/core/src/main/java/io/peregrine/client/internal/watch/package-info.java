/** What the channel asks of its servers by itself: streams on one subchannel each, beside the application's calls. */
@NullMarked
package io.peregrine.client.internal.watch;

import org.jspecify.annotations.NullMarked;
