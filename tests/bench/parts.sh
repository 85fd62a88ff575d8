# What the measurements of outgoing mail share: a sink, a name server, PostgreSQL, and the program itself. Sourced with SCRATCH
# and HERE set; loopback only.
CONGTHU=${CONGTHU:-$HERE/target/release/congthu}
LOAD=${LOAD:-$HERE/target/release/examples/outgoing}
SINK=42525; DNS=42553; PGPORT=45433; BASE=43000
BYTES=${BYTES:-2048}
mkdir -p "$SCRATCH"; chmod 755 "$SCRATCH"
PG_BIN=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
PGDATA=$SCRATCH/pg
DATABASE=postgres://postgres@127.0.0.1:$PGPORT/congthu
SINK_PID=; DNS_PID=; CONGTHU_PID=
now() { date +%s.%N; }

# --- the other side: one sink (at every address of 127/8 unless SINK_AT says one), and a name server that spreads 100 domains over them
sink_start() { # LETTERS: its counters go to the watcher, which prints when the first and the last letter were taken
  rm -f "$SCRATCH/seen"
  # Its limit on sessions stands above what either side opens.
  smtp-sink -u postfix -m 1000 -c "${SINK_AT:-0.0.0.0}:$SINK" 1000 2>/dev/null > >(python3 "$HERE/tests/bench/watch.py" "$1" > "$SCRATCH/seen") &
  SINK_PID=$!
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$SINK") 2>/dev/null && return; sleep 0.05; done
}
sink_wait() { for _ in $(seq 6000); do [ -s "$SCRATCH/seen" ] && return; sleep 0.1; done; echo "letters are missing" >&2; return 1; }
sink_stop() { [ -z "$SINK_PID" ] || { kill "$SINK_PID"; wait "$SINK_PID" 2>/dev/null; } || true; SINK_PID=; }
dns_start() { # further records
  local records=("$@")
  for n in $(seq 100); do records+=("d$n.sink.example=MX:mx$n.sink.example" "mx$n.sink.example=A:127.0.0.$((n + 10))"); done
  python3 -B "$HERE/tests/clients/dns.py" $DNS "${records[@]}" > "$SCRATCH/dns.log" &
  DNS_PID=$!
}

# --- congthu: the real program
pg_start() {
  if [ ! -d "$PGDATA" ]; then
    mkdir -p "$PGDATA"; chown postgres "$PGDATA"
    su postgres -c "$PG_BIN/initdb -D $PGDATA -A trust -U postgres -E UTF8 --locale=C.UTF-8" >/dev/null
    printf "port=%s\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nshared_buffers=512MB\nmax_connections=100\n" $PGPORT >> "$PGDATA/postgresql.conf"
  fi
  su postgres -c "$PG_BIN/pg_ctl -w -D $PGDATA -l $PGDATA/log start" >/dev/null
  su postgres -c "$PG_BIN/psql -h 127.0.0.1 -p $PGPORT -qc 'create database congthu'" 2>/dev/null || true
}
database() { [ "$1" = postgres ] && echo "$DATABASE" || true; }
congthu_start() { # returns when its doors are open
  local extra=()
  [ "$1" = postgres ] && extra=(--database "$DATABASE")
  rm -f "$SCRATCH/$1.json"
  "$CONGTHU" demo --data "$SCRATCH/$1" --port-base $BASE --json --accounts 4 --dns "127.0.0.1:$DNS" --mx-port $SINK "${extra[@]}" \
    > "$SCRATCH/$1.json" 2>> "$SCRATCH/$1.err" &
  CONGTHU_PID=$!
  for _ in $(seq 1800); do [ -s "$SCRATCH/$1.json" ] && return; sleep 0.05; done
  echo "$1 did not start" >&2; tail -3 "$SCRATCH/$1.err" >&2; return 1
}
congthu_stop() { [ -z "$CONGTHU_PID" ] || { kill "$CONGTHU_PID"; wait "$CONGTHU_PID" 2>/dev/null; } || true; CONGTHU_PID=; }
stop_common() {
  congthu_stop; sink_stop
  [ -z "$DNS_PID" ] || kill "$DNS_PID" 2>/dev/null || true
  [ ! -d "$PGDATA" ] || su postgres -c "$PG_BIN/pg_ctl -D $PGDATA -m fast stop" >/dev/null 2>&1 || true
}
