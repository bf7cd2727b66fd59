#!/usr/bin/env bash
# Compares the clients by what a call costs their process, in turns against one echo server.
#
#   jmh/compare.sh [--rounds N] [--seconds S] [--modes "blocking 1 10 100 1000"] [--peers "A B"]
#                  [--payload bytes|protobuf] [--pin CORE] [--server HOST:PORT --server-pid PID] [--out FILE]
#
# Needs jmh/target/benchmarks.jar (mvn package -pl jmh -am) and a JDK; --pin needs taskset. With --pin, client and
# server share that core once the client is warm, which takes the cost of waking another core out of the figures.
# Each run is one JSON line in FILE; the table has medians over the rounds, and the least and greatest CPU.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
rounds=3 seconds=6 modes="blocking 1 10 100 1000" peers="peregrine grpc-java-tuned" payload=bytes
pin="" server="" server_pid="" out=$(mktemp)

while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --modes) modes=$2 ;;
    --peers) peers=$2 ;;
    --payload) payload=$2 ;;
    --pin) pin=$2 ;;
    --server) server=$2 ;;
    --server-pid) server_pid=$2 ;;
    --out) out=$2 ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done
if [ -n "$pin" ] && [ -n "$server" ] && [ -z "$server_pid" ]; then
  echo "--pin with --server: no --server-pid (expected: the process to pin as well)" >&2
  exit 2
fi

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
jar=$here/target/benchmarks.jar
if [ ! -f "$jar" ]; then
  echo "$jar: not there (expected: built by mvn package -pl jmh -am)" >&2
  exit 2
fi
if [ -z "$server" ]; then
  log=$(mktemp)
  "$java" -Xmx256m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$jar" \
    io.peregrine.load.Main serve --port 0 > "$log" &
  server_pid=$!
  trap 'kill "$server_pid"; rm -f "$log"' EXIT
  until server=$(grep -oE '[^ :]+:[1-9][0-9]*' "$log"); do
    kill -0 "$server_pid"
    sleep 0.1
  done
fi

bind() { # CORES PID
  if [ -n "$pin" ]; then taskset -apc "$1" "$2" > /dev/null; fi
}

measure() { # PEER MODE
  bind "0-$(($(nproc --all) - 1))" "$server_pid"
  "$java" @"$here/src/main/resources/client.jvmargs" -cp "$jar" io.peregrine.jmh.driver.CpuPerCall \
    "$1" "$2" "$seconds" "$server" "$payload" |
    while read -r line; do
      case $line in
        warm\ *) bind "$pin" "${line#warm }"; bind "$pin" "$server_pid" ;;
        *) echo "$line" | tee -a "$out" >&2 ;;
      esac
    done
}

: > "$out"
for mode in $modes; do
  for ((round = 1; round <= rounds; round++)); do
    for peer in $peers; do measure "$peer" "$mode"; done
  done
done

# Medians of the runs of each mode and peer; the ratio is the first peer's CPU to the last one's.
awk -v modes="$modes" -v peers="$peers" '
  function field(name,   rest) {
    rest = substr($0, index($0, "\"" name "\":") + length(name) + 3)
    sub(/[,}].*/, "", rest); gsub(/"/, "", rest); return rest
  }
  function median(name, key,   i, j, n, v, sorted) {
    n = runs[key]
    for (i = 1; i <= n; i++) {
      v = value[name, key, i]
      for (j = i - 1; j >= 1 && sorted[j] > v; j--) sorted[j + 1] = sorted[j]
      sorted[j + 1] = v
    }
    low = sorted[1]; high = sorted[n]
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
  }
  {
    key = field("mode") SUBSEP field("peer"); i = ++runs[key]
    split("cpuUs p50Us p99Us bytes callsPerSecond", names, " ")
    for (n in names) value[names[n], key, i] = field(names[n]) + 0
  }
  END {
    print "| outstanding | client | CPU us/call (min..max) | p50 us | p99 us | bytes/call | calls/s | ratio |"
    print "|---|---|---|---|---|---|---|---|"
    m = split(modes, mode, " "); p = split(peers, peer, " ")
    for (i = 1; i <= m; i++) {
      for (j = 1; j <= p; j++) {
        key = mode[i] SUBSEP peer[j]; cpu = median("cpuUs", key)
        if (j == 1) first = cpu
        ratio = j == p && p > 1 ? sprintf("%.2f", first / cpu) : ""
        printf "| %s | %s | %.2f (%.2f..%.2f) | ", mode[i], peer[j], cpu, low, high
        printf "%.1f | ", median("p50Us", key); printf "%.1f | ", median("p99Us", key)
        printf "%.0f | ", median("bytes", key); printf "%.0f | %s |\n", median("callsPerSecond", key), ratio
      }
    }
  }' "$out"
