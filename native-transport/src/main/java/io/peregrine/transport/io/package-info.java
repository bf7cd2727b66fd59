/** Where bytes meet the kernel: which readiness interface drives sockets, the threads that run it, socket options. */
@NullMarked
package io.peregrine.transport.io;

import org.jspecify.annotations.NullMarked;
