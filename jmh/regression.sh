#!/usr/bin/env bash
# Compares our own benchmarks with jmh/gate/baseline.json, by ratio to calibrations of the same run.
#
#   jmh/regression.sh check  [--rounds N] [--out DIRECTORY] [--baseline FILE] [--classpath CP] [-- OPTIONS OF THE GATE]
#   jmh/regression.sh record [--rounds N] [--out DIRECTORY] [--baseline FILE] [--classpath CP] [-- OPTIONS OF THE GATE]
#
# A round takes a little over two minutes: 2 of them to check, and as many again before a regression is believed; 5 to
# record, which wants a quiet machine. Needs jmh/target/benchmarks.jar (mvn package -pl jmh -am), or a class path instead
# of it. The results of JMH, report.json and report.xml (JUnit) are left in DIRECTORY, jmh/target/regression if none is
# given.
# Exit codes: 0 passed; 1 regression; 2 cannot judge. docs/guides/regression-gate.md explains the figures.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }

command=${1:-}
case $command in
  check) rounds=2 ;;
  record) rounds=5 ;;
  *) usage ;;
esac
shift
out=$here/target/regression baseline=$here/gate/baseline.json classpath=$here/target/benchmarks.jar
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || [ "$1" = -- ] || usage
  case $1 in
    --rounds) rounds=$2 ;;
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
    echo "round $round of $2" >&2
    measure "$round-in-process" "$in_process" -wi 3 -w 700ms -i 3 -r 500ms -p size=100,4096
    measure "$round-calls" "$calls" -wi 7 -w 1s -i 8 -r 1s -p outstanding=100 -p payload=bytes \
      -p peer=peregrine,grpc-java-tuned
  done
}

gate() { "$java" -cp "$classpath" io.peregrine.jmh.gate.RegressionGate "$@" "$out"/run-*.json; }

check() { gate check --baseline "$baseline" --json "$out/report.json" --junit "$out/report.xml" "$@"; }

measure_rounds 1 "$rounds"

# CPU time where there is a server or another thread: the elapsed time has their share and the scheduler's in it.
case $command in
  record)
    gate record --out "$baseline" \
      --calibration CalibrationBenchmark.cpu --for 'jmh.(Framing|Pick|Protobuf)|HeaderEncoding' \
      --calibration CalibrationBenchmark.loopback --for 'UnaryBenchmark.*peer=peregrine' --metric cpu.norm \
      --calibration 'AsyncUnaryBenchmark.*peer=grpc-java-tuned' --for 'AsyncUnary.*peer=peregrine' --metric cpu.norm \
      --calibration 'BlockingUnaryBenchmark.*peer=grpc-java-tuned' --for 'BlockingUnary.*peer=peregrine' \
      --metric cpu.norm "$@"
    ;;
  check)
    exit_code=0
    check "$@" || exit_code=$?
    if [ $exit_code = 1 ]; then
      # Of many benchmarks some seem slower by chance; seldom twice.
      echo "a regression: as many rounds again, and all judged together" >&2
      measure_rounds $((rounds + 1)) $((2 * rounds))
      exit_code=0
      check "$@" || exit_code=$?
    fi
    exit $exit_code
    ;;
esac
