#!/usr/bin/env bash
# Compares our own benchmarks with jmh/gate/baseline.json, by ratio to calibrations of the same run.
#
#   jmh/regression.sh check  [--rounds N] [--pause TIME] [--out DIRECTORY] [--baseline FILE] [--classpath CP]
#                            [-- OPTIONS OF THE GATE]
#   jmh/regression.sh record, with the same options
#
# A round takes a little over two minutes: 2 of them to check, and as many again before a regression is believed; 5 to
# record, which wants a quiet machine; one more if a calibration strayed too far to be believed. Needs
# jmh/target/benchmarks.jar (mvn package -pl jmh -am), or a class path instead of it. The results of JMH, report.json and
# report.xml (JUnit) are left in DIRECTORY, jmh/target/regression if none is given. TIME, as sleep(1) takes it, passes
# between two rounds, none by default: what is recorded in one quarter of an hour shares the machine's mood, and the noise
# of an hour is not in it.
# Exit codes: 0 passed; 1 regression; 2 cannot judge. docs/guides/regression-gate.md explains the figures.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2; }

command=${1:-}
case $command in
  check) rounds=2 ;;
  record) rounds=5 ;;
  *) usage ;;
esac
shift
pause=0 out=$here/target/regression baseline=$here/gate/baseline.json classpath=$here/target/benchmarks.jar
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || [ "$1" = -- ] || usage
  case $1 in
    --rounds) rounds=$2 ;;
    --pause) pause=$2 ;;
    --out) out=$2 ;;
    --baseline) baseline=$2 ;;
    --classpath) classpath=$2 ;;
    --) shift; break ;;
    *) usage ;;
  esac
  shift 2
done

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if [ "$classpath" = "$here/target/benchmarks.jar" ] && [ ! -f "$classpath" ]; then
  echo "$classpath: not there (expected: built by mvn package -pl jmh -am)" >&2
  exit 2
fi
if [ "$command" = check ] && [ ! -f "$baseline" ]; then
  echo "$baseline: not there (expected: written by jmh/regression.sh record)" >&2
  exit 2
fi
mkdir -p "$out"
rm -f "$out"/run-*.json

# What is divided is in one invocation with what it is divided by, so that both are near in time. What stays in the
# process is compiled within two seconds, and then strays by little. Calls take C2 up to six, and stray by a tenth from
# one second to the next: their median wants more iterations.
# Messages of 4 KiB are left out: what neighbours do to the caches moves them by 40 to 47 % against any calculation.
in_process='CalibrationBenchmark.cpu|HeaderEncodingBenchmark.peregrine|FramingBenchmark.(frame|deframeWhole)$'
in_process="$in_process|jmh.PickBenchmark.oneThread|ProtobufBenchmark.(write|read)$"
calls='CalibrationBenchmark.loopback|AsyncUnaryBenchmark|BlockingUnaryBenchmark'
measure() {
  if ! "$java" -cp "$classpath" io.peregrine.jmh.Benchmarks "$2" -f 1 -foe true "${@:3}" \
    -rf json -rff "$out/run-$1.json" > "$out/jmh.log" 2>&1; then
    tail -20 "$out/jmh.log" >&2
    exit 2
  fi
}
measure_rounds() {
  for ((round = $1; round <= $2; round++)); do
    [ "$round" = 1 ] || sleep "$pause"
    echo "round $round of $2" >&2
    measure "$round-in-process" "$in_process" -wi 3 -w 700ms -i 3 -r 500ms -p size=100
    measure "$round-calls" "$calls" -wi 7 -w 1s -i 8 -r 1s -p outstanding=100 -p payload=bytes \
      -p peer=peregrine,grpc-java-tuned
  done
}

gate() { "$java" -cp "$classpath" io.peregrine.jmh.gate.RegressionGate "$@" "$out"/run-*.json; }

# CPU time where there is a server or another thread: the elapsed time has their share and the scheduler's in it.
record() {
  gate record --out "$baseline" \
    --calibration CalibrationBenchmark.cpu --for 'jmh.(Framing|Pick|Protobuf)|HeaderEncoding' \
    --calibration CalibrationBenchmark.loopback --for 'UnaryBenchmark.*peer=peregrine' --metric cpu.norm \
    --calibration 'AsyncUnaryBenchmark.*peer=grpc-java-tuned' --for 'AsyncUnary.*peer=peregrine' --metric cpu.norm \
    --calibration 'BlockingUnaryBenchmark.*peer=grpc-java-tuned' --for 'BlockingUnary.*peer=peregrine' \
    --metric cpu.norm "$@"
}

check() { gate check --baseline "$baseline" --json "$out/report.json" --junit "$out/report.xml" "$@"; }

judge() {
  exit_code=0
  "$command" "$@" || exit_code=$?
}

measure_rounds 1 "$rounds"
judge "$@"

if [ "$exit_code" = 2 ]; then
  # A neighbour of the machine may have spoilt a calibration; two rounds in a row are rare, so only one can be spared.
  echo "cannot judge: one more round, and one can be spared" >&2
  rounds=$((rounds + 1))
  measure_rounds "$rounds" "$rounds"
  set -- --spare-runs 1 "$@"
  judge "$@"
fi

if [ "$command:$exit_code" = check:1 ]; then
  # Of many benchmarks some seem slower by chance; seldom twice.
  echo "a regression: as many rounds again, and all judged together" >&2
  measure_rounds $((rounds + 1)) $((2 * rounds))
  judge "$@"
fi
exit "$exit_code"
