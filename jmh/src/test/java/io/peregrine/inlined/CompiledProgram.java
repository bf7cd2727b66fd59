package io.peregrine.inlined;

import java.util.function.IntUnaryOperator;

/** A program with one call that C2 inlines and one that it cannot. Not in the package of measurements, which is left out. */
public final class CompiledProgram {
    private static final int ROUNDS = 3_000_000;

    private CompiledProgram() {}

    /** Runs until it is compiled; prints what it computed, so that nothing is optimised away. */
    public static void main(String[] args) {
        IntUnaryOperator[] three = {new Add(), new Shift(), new Negate()};
        IntUnaryOperator[] one = {new Add(), new Add(), new Add()};
        int sum = 0;
        for (int round = 0; round < ROUNDS; round++) {
            sum += anyOf(three[round % three.length], round) + theOne(one[round % one.length], round);
        }
        System.out.println(sum);
    }

    private static int anyOf(IntUnaryOperator operator, int value) {
        return operator.applyAsInt(value);
    }

    private static int theOne(IntUnaryOperator operator, int value) {
        return operator.applyAsInt(value);
    }

    private record Add() implements IntUnaryOperator {
        @Override
        public int applyAsInt(int value) {
            return value + 1;
        }
    }

    private record Shift() implements IntUnaryOperator {
        @Override
        public int applyAsInt(int value) {
            return value << 1;
        }
    }

    private record Negate() implements IntUnaryOperator {
        @Override
        public int applyAsInt(int value) {
            return -value;
        }
    }
}
