package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.testkit.RecordedLog;
import io.peregrine.testkit.VirtualTimer;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** When a name is looked up (RS-1 to RS-4, DN-5, DN-6, DN-11), in virtual time and with a scripted look-up. */
class DnsResolverTest {
    private static final String HOST = "greeter.test";
    private static final Duration MIN_INTERVAL = Duration.ofSeconds(30);

    /** 1.6 s and a fifth: the second step of the backoff at its longest; and one a fifth below at its shortest. */
    private static final Duration FIRST_DELAY_AT_MOST = Duration.ofMillis(1_920);

    private static final Duration FIRST_DELAY_AT_LEAST = Duration.ofMillis(1_280);

    private final VirtualTimer timer = new VirtualTimer();
    private final ScriptedLookup lookup = new ScriptedLookup();
    private final RecordedResolutions reported = new RecordedResolutions();
    private final ResolverContext context =
            new ResolverContext(443, timer, new EmbeddedChannel().eventLoop(), timer::nanoTime, true);

    @Test
    void dn4EachAddressIsAnEndpointInTheOrderOfTheAnswer() throws Exception {
        lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.2", "fd00::1", "10.0.0.1"));

        started(DnsOptions.defaults());

        assertThat(reported.nextAddresses()).containsExactly("10.0.0.2:443", "fd00:0:0:0:0:0:0:1:443", "10.0.0.1:443");
        assertThat(lookup.asked).containsExactly("A " + HOST);
        assertThat(lookup.open).as("rounds that are open").isZero();
    }

    @Test
    void dn5AfterASuccessNothingIsAskedUnlessSomebodyWantsIt() throws Exception {
        resolved(DnsOptions.defaults());

        timer.advance(Duration.ofDays(1));

        assertThat(lookup.rounds).isEqualTo(1);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void dn5ANextLookUpComesThirtySecondsAfterTheSuccessAtTheEarliest() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());
        timer.advance(Duration.ofSeconds(10));

        resolver.resolveNow();
        timer.advance(Duration.ofSeconds(20).minusNanos(1));
        assertThat(lookup.rounds).isEqualTo(1);
        timer.advance(Duration.ofNanos(1));

        assertThat(lookup.rounds).isEqualTo(2);
    }

    @Test
    void dn5ALateHintIsFollowedAtOnce() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());
        timer.advance(MIN_INTERVAL);

        resolver.resolveNow();
        timer.advance(Duration.ZERO);

        assertThat(lookup.rounds).isEqualTo(2);
    }

    @Test
    void rs4HintsAreCoalesced() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());

        for (int i = 0; i < 1_000; i++) {
            resolver.resolveNow();
        }

        assertThat(timer.pending()).isEqualTo(1);
        timer.advance(Duration.ofHours(1));
        assertThat(lookup.rounds).isEqualTo(2);
    }

    @Test
    void rs4HintsDuringALookUpAreAnsweredByIt() throws Exception {
        lookup.gate = new CompletableFuture<>();
        DnsResolver resolver = started(DnsOptions.defaults());

        resolver.resolveNow();
        resolver.retry();
        lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.1"));
        lookup.gate.complete(null);

        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:443");
        timer.advance(Duration.ofHours(1));
        assertThat(lookup.rounds).isEqualTo(1);
    }

    @Test
    void dn5AfterAFailureTheNextLookUpComesByItselfWithBackoffFromItsSecondStep() throws Exception {
        lookup.fails(HOST, "the server is on fire");
        DnsResolver resolver = started(DnsOptions.defaults());

        assertThat(reported.nextError())
                .hasToString("UNAVAILABLE: name resolution of \"greeter.test\" failed: the server is on fire");
        assertThat(timer.nextDelay()).isBetween(FIRST_DELAY_AT_LEAST, FIRST_DELAY_AT_MOST);
        resolver.resolveNow();
        assertThat(timer.pending()).as("a hint does not make it earlier").isEqualTo(1);
        timer.advance(timer.nextDelay());
        assertThat(lookup.rounds).isEqualTo(2);
        assertThat(timer.nextDelay()).isBetween(Duration.ofMillis(2_048), Duration.ofMillis(3_072));
    }

    @Test
    void sc6AResetLooksUpAtOnceAndBeginsWithTheFirstDelayAgain() throws Exception {
        lookup.fails(HOST, "no network");
        DnsResolver resolver = started(DnsOptions.defaults());
        for (int i = 0; i < 10; i++) {
            timer.advance(timer.nextDelay());
        }

        resolver.resetBackoff();

        assertThat(lookup.rounds).isEqualTo(12);
        assertThat(timer.nextDelay()).isBetween(FIRST_DELAY_AT_LEAST, FIRST_DELAY_AT_MOST);
        assertThat(timer.pending()).isEqualTo(1);
    }

    /** The channel does, for every resolver, when it begins to fail and when it is well again: twice would be once too often. */
    @Test
    void dn5WhatIsReportedIsNotLoggedBesides() throws Exception {
        try (RecordedLog log = new RecordedLog(DnsResolver.class)) {
            lookup.fails(HOST, "no network");
            started(DnsOptions.defaults());
            lookup.failures.clear();
            lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.1"));
            timer.advance(timer.nextDelay());

            assertThat(reported.nextAddresses()).hasSize(1);
            assertThat(log.lines()).isEmpty();
        }
    }

    @Test
    void sc6AResetAsksNothingOfAResolverThatDoesNotWait() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());

        resolver.resetBackoff();

        assertThat(lookup.rounds).isEqualTo(1);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void dn5TheDelaysGrowToTwoMinutesAndNoFurther() throws Exception {
        lookup.fails(HOST, "no");
        started(DnsOptions.defaults());

        for (int i = 0; i < 100; i++) {
            timer.advance(timer.nextDelay());
        }

        assertThat(lookup.rounds).isEqualTo(101);
        assertThat(timer.nextDelay()).isBetween(Duration.ofSeconds(96), Duration.ofSeconds(144));
        assertThat(lookup.open).isZero();
        assertThat(timer.pending()).isEqualTo(1);
    }

    @Test
    void dn5ASuccessEndsTheBackoff() throws Exception {
        lookup.fails(HOST, "no");
        DnsResolver resolver = started(DnsOptions.defaults());
        for (int i = 0; i < 10; i++) {
            timer.advance(timer.nextDelay());
        }
        lookup.failures.clear();
        lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.1"));
        timer.advance(timer.nextDelay());
        assertThat(reported.nextAddresses()).hasSize(1);
        resolver.resolveNow();
        timer.advance(MIN_INTERVAL);
        assertThat(reported.nextAddresses()).hasSize(1);

        lookup.fails(HOST, "again");
        resolver.resolveNow();
        timer.advance(MIN_INTERVAL);

        assertThat(timer.nextDelay()).isBetween(FIRST_DELAY_AT_LEAST, FIRST_DELAY_AT_MOST);
    }

    @Test
    void rs1AnAnswerThatIsOfNoUseIsAskedForAgainWithBackoff() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());

        resolver.retry();
        assertThat(timer.nextDelay()).isBetween(FIRST_DELAY_AT_LEAST, FIRST_DELAY_AT_MOST);
        resolver.retry();
        resolver.resolveNow();
        assertThat(timer.pending()).isEqualTo(1);
        timer.advance(timer.nextDelay());
        assertThat(lookup.rounds).isEqualTo(2);
        resolver.retry();

        assertThat(timer.nextDelay()).as("grows").isBetween(Duration.ofMillis(2_048), Duration.ofMillis(3_072));
    }

    @Test
    void rs1ARetryThatTheChannelHasDelayedItselfIsNotDelayedTwice() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());
        timer.advance(FIRST_DELAY_AT_MOST);

        resolver.retry();
        timer.advance(Duration.ZERO);

        assertThat(lookup.rounds).isEqualTo(2);
    }

    @Test
    void dn6AndRs3ANameWithoutAddressesIsReportedAsSuchAndAskedForAgain() throws Exception {
        started(DnsOptions.defaults());

        assertThat(reported.nextAddresses()).isEmpty();
        assertThat(reported.errors).isEmpty();
        assertThat(timer.nextDelay()).isBetween(FIRST_DELAY_AT_LEAST, FIRST_DELAY_AT_MOST);
    }

    @Test
    void rs2AFailureReportsNoEndpointsSoThatThoseBeforeStay() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.defaults());
        lookup.fails(HOST, "no");

        resolver.resolveNow();
        timer.advance(MIN_INTERVAL);

        assertThat(reported.nextError().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(reported.resolutions).isEmpty();
    }

    @Test
    void dn5ALookUpThatIsNeverAnsweredFailsWhenItsTimeIsOver() throws Exception {
        CompletableFuture<Void> late = new CompletableFuture<>();
        lookup.gate = late;
        lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.1"));
        started(DnsOptions.defaults());

        timer.advance(Duration.ofSeconds(30).minusNanos(1));
        assertThat(reported.errors).isEmpty();
        timer.advance(Duration.ofNanos(1));

        assertThat(reported.nextError().message())
                .isEqualTo("name resolution of \"greeter.test\" failed: no answer from the script within PT30S");
        assertThat(lookup.open).isZero();
        late.complete(null);
        assertThat(reported.resolutions).as("an answer that comes too late").isEmpty();
    }

    @Test
    void dn11ANameIsLookedUpPeriodicallyIfAsked() throws Exception {
        resolved(DnsOptions.builder()
                .minInterval(Duration.ofSeconds(5))
                .refreshInterval(Duration.ofSeconds(20))
                .build());

        timer.advance(Duration.ofSeconds(20).minusNanos(1));
        assertThat(lookup.rounds).isEqualTo(1);
        timer.advance(Duration.ofSeconds(80));

        assertThat(lookup.rounds).isEqualTo(5);
        assertThat(reported.resolutions).hasSize(4);
    }

    @Test
    void dn11AHintComesBeforeTheRefreshAndMovesIt() throws Exception {
        DnsResolver resolver = resolved(DnsOptions.builder()
                .minInterval(Duration.ofSeconds(5))
                .refreshInterval(Duration.ofSeconds(20))
                .build());

        resolver.resolveNow();
        timer.advance(Duration.ofSeconds(5));
        assertThat(lookup.rounds).isEqualTo(2);
        timer.advance(Duration.ofSeconds(20).minusNanos(1));
        assertThat(lookup.rounds).isEqualTo(2);
        timer.advance(Duration.ofNanos(1));

        assertThat(lookup.rounds).isEqualTo(3);
    }

    @Test
    void dn11TheTimeToLiveIsHonouredIfAskedButNeverBelowTheMinimumInterval() throws Exception {
        DnsOptions options = DnsOptions.builder()
                .honourTtl(true)
                .minInterval(Duration.ofSeconds(10))
                .build();
        lookup.addresses.put(HOST, withTtl("10.0.0.1", Duration.ofSeconds(60)));
        started(options);
        timer.advance(Duration.ofSeconds(60).minusNanos(1));
        assertThat(lookup.rounds).isEqualTo(1);
        lookup.addresses.put(HOST, withTtl("10.0.0.1", Duration.ZERO));
        timer.advance(Duration.ofNanos(1));
        assertThat(lookup.rounds).isEqualTo(2);

        timer.advance(Duration.ofSeconds(10).minusNanos(1));
        assertThat(lookup.rounds).isEqualTo(2);
        timer.advance(Duration.ofNanos(1));

        assertThat(lookup.rounds).isEqualTo(3);
    }

    @Test
    void dn11TheMinimumIntervalMayBeNothing() throws Exception {
        DnsResolver resolver =
                resolved(DnsOptions.builder().minInterval(Duration.ZERO).build());

        resolver.resolveNow();
        timer.advance(Duration.ZERO);

        assertThat(lookup.rounds).isEqualTo(2);
    }

    @Test
    void aNameThatFlapsNeverHasMoreThanOneRoundAndOneTimer() throws Exception {
        DnsResolver resolver =
                started(DnsOptions.builder().minInterval(Duration.ofSeconds(1)).build());
        for (int i = 0; i < 1_000; i++) {
            lookup.failures.clear();
            lookup.addresses.clear();
            switch (i % 3) {
                case 0 -> lookup.fails(HOST, "flap");
                case 1 -> lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0." + i % 200));
                default -> assertThat(lookup.addresses).as("zero addresses").isEmpty();
            }
            resolver.resolveNow();
            resolver.retry();
            timer.advance(Duration.ofMinutes(3));
            assertThat(timer.pending()).isLessThanOrEqualTo(1);
            assertThat(lookup.open).isZero();
        }
    }

    @Test
    void nothingIsReportedOrAskedOnceClosed() throws Exception {
        lookup.gate = new CompletableFuture<>();
        lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.1"));
        DnsResolver resolver = started(DnsOptions.defaults());

        resolver.close();
        lookup.gate.complete(null);
        resolver.resolveNow();
        resolver.retry();
        timer.advance(Duration.ofDays(1));

        assertThat(reported.resolutions).isEmpty();
        assertThat(reported.errors).isEmpty();
        assertThat(lookup.open).isZero();
        assertThat(timer.pending()).isZero();
        assertThat(lookup.rounds).isEqualTo(1);
    }

    @Test
    void closeEndsWhatWaits() throws Exception {
        DnsResolver resolver = resolved(
                DnsOptions.builder().refreshInterval(Duration.ofMinutes(1)).build());
        assertThat(timer.pending()).isEqualTo(1);

        resolver.close();

        assertThat(timer.pending()).isZero();
    }

    @Test
    void threeThousandAddressesAreFine() throws Exception {
        String[] literals = new String[3_000];
        for (int i = 0; i < literals.length; i++) {
            literals[i] = "10.1." + i / 250 + '.' + i % 250;
        }
        lookup.addresses.put(HOST, ScriptedLookup.addresses(literals));

        started(DnsOptions.defaults());

        assertThat(reported.next().endpoints()).hasSize(3_000);
    }

    private DnsResolver started(DnsOptions options) {
        DnsResolver resolver =
                new DnsResolver(new HostPort(HOST, 443), options, context, lookup::newRound, new SplittableRandom(1));
        resolver.start(reported);
        return resolver;
    }

    private DnsResolver resolved(DnsOptions options) throws InterruptedException {
        lookup.addresses.put(HOST, ScriptedLookup.addresses("10.0.0.1"));
        DnsResolver resolver = started(options);
        assertThat(reported.nextAddresses()).isEqualTo(List.of("10.0.0.1:443"));
        return resolver;
    }

    private static Answer<InetAddress> withTtl(String literal, Duration ttl) {
        return new Answer<>(ScriptedLookup.addresses(literal).values(), ttl.toNanos());
    }
}
