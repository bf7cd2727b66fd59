/** Programs for the tests of the inlining report. */
package io.peregrine.inlined;
