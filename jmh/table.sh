#!/usr/bin/env bash
# Fills the tables of docs/BENCHMARKS.md beside grpc-java, on the JDK in JAVA_HOME, and prints them in Markdown.
#
#   jmh/table.sh [--rows "ROW ..."] [--quick true] [--rounds N] [--seconds S] [--pin CORE|none] [--syscalls SECONDS]
#                [--server-command COMMAND] [--class-path PATH] [--peers "A B"] [--payload NAME] [--out FILE]
#
#   ROW: blocking 1 10 100 1000 ping-pong-loop ping-pong-thread receive-1024 receive-65536 tls-blocking tls-100
#        blocking-16 executor-100 open-loop start start-tls first first-tls pick idle idle-tls; all by default
#
# --quick true: one round of 4 s and a short warm-up, under ten minutes for everything; to see that it works.
# --pin CORE: client and server share that core once the client is warm (0 by default), which takes the cost of waking
#   another core out of the figures. The open loop, starts, picks and memory are never pinned.
# --server-command: an echo server cheaper than the load generator's. It is run with a port behind it, and for TLS with
#   a port and --tls CERTIFICATE KEY; it has to answer any method with its message, and a message F5 53 COUNT SIZE
#   (32 bits each) with COUNT messages of SIZE bytes. Without it: the load generator's serve, and a grpc-java server
#   for streams; then the server is a good part of what p50 shows.
# --syscalls SECONDS: each run of CPU per call ends with so many seconds under strace, which has to be installed.
#
# --peers: which clients, of those that io.peregrine.jmh.peer.Peer prints; all by default but facade and facade-direct,
#   grpc-java's stubs over Peregrine's channel, which the rows blocking, 1, 10, 100, 1000 and executor-100 know.
#
# --payload bytes|reusable|protobuf: of unary calls; reusable by default, bytes whose arrays are given back.
#
# Needs a JDK, taskset, and jmh/target/benchmarks.jar (mvn package -pl jmh -am) or a --class-path; for TLS openssl.
# Every run is one JSON line in FILE, which the tables are printed from; to print them again:
#   java -cp jmh/target/benchmarks.jar io.peregrine.jmh.table.Table FILE
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
rows="blocking 1 10 100 1000 ping-pong-loop ping-pong-thread receive-1024 receive-65536 tls-blocking tls-100
  blocking-16 executor-100 open-loop start start-tls first first-tls pick idle idle-tls"
quick=false rounds="" seconds="" pin=0 syscalls="" server_command="" peers="" payload=reusable out=$(mktemp)
class_path=$here/target/benchmarks.jar

while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || set -- --help ""
  case $1 in
    --rows) rows=$2 ;;
    --quick) quick=$2 ;;
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --pin) pin=$2 ;;
    --syscalls) syscalls=$2 ;;
    --server-command) server_command=$2 ;;
    --class-path) class_path=$2 ;;
    --peers) peers=$2 ;;
    --payload) payload=$2 ;;
    --out) out=$2 ;;
    *) sed -n '2,26s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done
if [ ! -e "${class_path%%:*}" ]; then
  echo "${class_path%%:*}: not there (expected: built by mvn package -pl jmh -am)" >&2
  exit 2
fi

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
# 10 s of each run are warm-up, 3 s let the pinned process settle; see CpuPerCall.
cost_options="" channels=200 start_warm_up=400 forks=15 connections=200 pick_seconds=5 open_loop_warm_up=10
open_loop_seconds=30
if [ "$quick" = true ]; then
  : "${rounds:=1}" "${seconds:=4}"
  cost_options="--min-warm-up 4 --max-warm-up 4 --settle 1"
  channels=50 start_warm_up=100 forks=3 pick_seconds=1 open_loop_warm_up=3 open_loop_seconds=5
fi
: "${rounds:=3}" "${seconds:=6}"
if [ -n "$syscalls" ]; then cost_options="$cost_options --syscalls $syscalls"; fi

work=$(mktemp -d)
servers=()
stop_servers() {
  if [ ${#servers[@]} -gt 0 ]; then kill "${servers[@]}" 2> /dev/null || true; fi
  rm -rf "$work"
}
trap stop_servers EXIT

run_java() { "$java" @"$here/src/main/resources/client.jvmargs" -cp "$class_path" "$@"; }
server_java() { exec "$java" -Xmx256m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp "$class_path" "$@"; }

free_port() { # of those below the ephemeral ones
  local port
  while port=$((20000 + RANDOM % 10000)); (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do :; done
  echo "$port"
}

await() { # SECONDS COMMAND...: until the command succeeds
  local left=$(($1 * 10))
  shift
  until "$@"; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      echo "server: not up (expected: $*)" >&2
      exit 1
    fi
    sleep 0.1
  done
}

listens() { (exec 3<> "/dev/tcp/${1%:*}/${1#*:}") 2> /dev/null; }
printed() { grep -qE '[^ :]+:[1-9][0-9]*' "$1"; }

address="" pid=""
start_printing() { # NAME COMMAND...: a server that prints its address
  local log=$work/$1.log
  shift
  "$@" > "$log" 2>&1 &
  pid=$!
  servers+=("$pid")
  await 20 printed "$log"
  address=$(grep -oE '[^ :]+:[1-9][0-9]*' "$log" | head -n 1)
}

start_given() { # ARGUMENTS...: the server of --server-command
  local port
  port=$(free_port)
  # Word splitting is wanted: the command may have arguments of its own.
  $server_command "$port" "$@" > "$work/server-$port.log" 2>&1 &
  pid=$!
  servers+=("$pid")
  address=127.0.0.1:$port
  await 20 listens "$address"
}

certificate=$work/certificate.pem
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/key.pem" \
    -out "$certificate" -days 7 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2> /dev/null
}

plain="" plain_pid="" streams="" streams_pid="" tls="" tls_pid=""
start_servers() {
  if [ -n "$server_command" ]; then
    start_given
    plain=$address plain_pid=$pid streams=$address streams_pid=$pid
  else
    start_printing plain server_java io.peregrine.load.Main serve --port 0
    plain=$address plain_pid=$pid
    start_printing streams server_java io.peregrine.jmh.server.StreamServer
    streams=$address streams_pid=$pid
  fi
  case $rows in *tls*) ;; *) return ;; esac
  make_certificate
  if [ -n "$server_command" ]; then
    start_given --tls "$certificate" "$work/key.pem"
  else
    start_printing tls server_java io.peregrine.load.Main serve --port 0 --cert "$certificate" --key "$work/key.pem"
  fi
  tls=$address tls_pid=$pid
}

bind() { # CORES PID
  if [ "$pin" != none ]; then taskset -apc "$1" "$2" > /dev/null; fi
}

keep() { # copies results from standard input to the file, and pins on the line that says warm
  while read -r line; do
    case $line in
      warm\ *) if [ -n "${1:-}" ]; then bind "$pin" "${line#warm }"; bind "$pin" "$1"; fi ;;
      \{*) echo "$line" | tee -a "$out" >&2 ;;
      *) echo "$line" >&2 ;;
    esac
  done
}

cost() { # MODE SERVER SERVER-PID PEERS [OPTIONS...]
  local mode=$1 server=$2 server_pid=$3 round peer
  local clients=$4
  shift 4
  for ((round = 1; round <= rounds; round++)); do
    for peer in $clients; do
      if ! wanted "$peer"; then continue; fi
      bind "0-$(($(nproc --all) - 1))" "$server_pid"
      # Word splitting is wanted: options are names and values.
      run_java io.peregrine.jmh.driver.CpuPerCall "$peer" "$mode" "$seconds" "$server" "$payload" \
        $cost_options "$@" |
        keep "$server_pid"
    done
  done
  bind "0-$(($(nproc --all) - 1))" "$server_pid"
}

each() { # PEERS DRIVER ARGUMENTS...: PEER stands for each client in turn
  local clients=$1 driver=$2 round peer
  shift 2
  for ((round = 1; round <= rounds; round++)); do
    for peer in $clients; do
      if wanted "$peer"; then run_java "io.peregrine.jmh.driver.$driver" "$peer" "$@" | keep; fi
    done
  done
}

known=$(run_java io.peregrine.jmh.peer.Peer)
: "${peers:=${known/facade facade-direct/}}"
wanted() { # PEER: whether there is such a client, and it was not left out
  case " $known " in *" $1 "*) ;; *) return 1 ;; esac
  case " $peers " in *" $1 "*) ;; *) return 1 ;; esac
}

driven="peregrine-driven"
facades="facade facade-direct"
both="peregrine grpc-java-tuned"
all="peregrine grpc-java grpc-java-tuned"
measure() { # ROW
  case $1 in
    blocking) cost blocking "$plain" "$plain_pid" "peregrine $driven $facades grpc-java grpc-java-tuned floor floor-hand-off" ;;
    1 | 10 | 100 | 1000) cost "$1" "$plain" "$plain_pid" "$all $facades floor" ;;
    ping-pong-loop) cost "$1" "$streams" "$streams_pid" "$both" ;;
    ping-pong-thread) cost "$1" "$streams" "$streams_pid" "peregrine $driven grpc-java-tuned" ;;
    receive-*) cost "$1" "$streams" "$streams_pid" "$both floor" ;;
    tls-blocking) cost blocking "$tls" "$tls_pid" "peregrine $driven grpc-java grpc-java-tuned" --tls "$certificate" ;;
    tls-100) cost 100 "$tls" "$tls_pid" "$all" --tls "$certificate" ;;
    blocking-16) cost "$1" "$plain" "$plain_pid" "peregrine $driven grpc-java grpc-java-tuned" ;;
    executor-100) cost "$1" "$plain" "$plain_pid" "$all $facades" ;;
    open-loop)
      each "$all" OpenLoop async 2000 "$open_loop_seconds" "$plain" --warm-up "$open_loop_warm_up"
      each "peregrine $driven grpc-java-tuned" OpenLoop blocking 2000 "$open_loop_seconds" "$plain" \
        --warm-up "$open_loop_warm_up"
      ;;
    start) each "$all" StartTime warm "$channels" "$plain" --warm-up "$start_warm_up" ;;
    start-tls)
      each "$all" StartTime warm "$channels" "$tls" --tls "$certificate" --warm-up "$start_warm_up"
      each "$both" StartTime warm-shared "$channels" "$tls" --tls "$certificate" --warm-up "$start_warm_up"
      ;;
    first) each "$all" StartTime first "$forks" "$plain" ;;
    first-tls) each "$both" StartTime first "$forks" "$tls" --tls "$certificate" ;;
    pick) run_java io.peregrine.jmh.driver.PickCost "$pick_seconds" | keep ;;
    idle) each "$all" IdleMemory "$connections" "$plain" ;;
    idle-tls) each "$all" IdleMemory "$connections" "$tls" --tls "$certificate" ;;
    *) echo "row: $1 (expected: one of those that --help lists)" >&2; exit 2 ;;
  esac
}

: > "$out"
start_servers
for row in $rows; do measure "$row"; done
echo "results: $out" >&2
run_java io.peregrine.jmh.table.Table "$out"
