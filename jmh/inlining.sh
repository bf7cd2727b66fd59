#!/usr/bin/env bash
# Says what the JIT compiler makes of the hot path: sizes of its methods, and calls that C2 did not inline.
#
#   jmh/inlining.sh [--seconds S] [--server HOST:PORT] [--classpath CP] [--keep DIRECTORY]
#
# Runs 100 asynchronous calls outstanding, then a blocking caller, each in a JVM of its own that logs its compilations,
# until their cost has come to rest (at most 30 s) and S seconds more. Needs jmh/target/benchmarks.jar
# (mvn package -pl jmh -am), or a class path instead of it. --keep leaves the logs there.
# Exit codes: 0 passed; 1 a method over FreqInlineSize, or a megamorphic call that gate/inlining-allowed.txt does not
# have; 2 wrong usage.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
seconds=2 server="" classpath=$here/target/benchmarks.jar keep=""

while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || set -- --help ""
  case $1 in
    --seconds) seconds=$2 ;;
    --server) server=$2 ;;
    --classpath) classpath=$2 ;;
    --keep) keep=$2 ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if [ "$classpath" = "$here/target/benchmarks.jar" ] && [ ! -f "$classpath" ]; then
  echo "$classpath: not there (expected: built by mvn package -pl jmh -am)" >&2
  exit 2
fi
logs=${keep:-$(mktemp -d)}
mkdir -p "$logs"
server_pid=""
clean() {
  if [ -n "$server_pid" ]; then kill "$server_pid"; fi
  if [ -z "$keep" ]; then rm -rf "$logs"; fi
}
trap clean EXIT

if [ -z "$server" ]; then
  "$java" -Xmx256m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$classpath" \
    io.peregrine.load.Main serve --port 0 > "$logs/server.out" &
  server_pid=$!
  until server=$(grep -oE '[^ :]+:[1-9][0-9]*' "$logs/server.out"); do
    kill -0 "$server_pid"
    sleep 0.1
  done
fi

for mode in 100 blocking; do
  "$java" @"$here/src/main/resources/client.jvmargs" -XX:+UnlockDiagnosticVMOptions -XX:+LogCompilation \
    -XX:LogFile="$logs/$mode.log" -cp "$classpath" io.peregrine.jmh.driver.CpuPerCall \
    peregrine "$mode" "$seconds" "$server" bytes > /dev/null
done
"$java" -cp "$classpath" io.peregrine.jmh.inlining.InliningReport "$here/../docs/ARCHITECTURE.md" \
  "$here/gate/inlining-allowed.txt" "$logs/100.log" "$logs/blocking.log"
