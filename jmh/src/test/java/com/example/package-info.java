/** A team's own benchmark, as docs/guides/regression-gate.md shows it. */
package com.example;
