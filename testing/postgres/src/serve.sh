# Serves one throw-away PostgreSQL cluster: `serve.sh BIN PORT`. Says "ready" when it accepts connections, obeys the words
# `stop` and `start` on its standard input, and removes everything when that input ends: its parent is gone then, in
# whatever way it went.
set -eu
bin=$1
port=$2
# The temporary folder of the parent may be closed to this user.
dir=$(mktemp -d "${TMPDIR:-/tmp}/sekisho-postgres.XXXXXX" 2>/dev/null || mktemp -d /tmp/sekisho-postgres.XXXXXX)
tls=
if [ -n "${SEKISHO_TEST_CERTIFICATE:-}" ]; then
    umask 077
    printf '%s' "$SEKISHO_TEST_CERTIFICATE" >"$dir/server.pem"
    printf '%s' "$SEKISHO_TEST_KEY" >"$dir/server.key"
    tls="-c ssl=on -c ssl_cert_file=$dir/server.pem -c ssl_key_file=$dir/server.key"
fi
up() {
    "$bin/pg_ctl" start -w -s -t 120 -D "$dir/data" -l "$dir/log" -o "-c listen_addresses=127.0.0.1 -c port=$port \
-c unix_socket_directories=$dir -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB \
-c deadlock_timeout=50ms -c autovacuum=off $tls" </dev/null >/dev/null 2>&1
}
down() {
    "$bin/pg_ctl" stop -w -s -D "$dir/data" -m immediate </dev/null >/dev/null 2>&1 || true
}
trap 'down; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cd "$dir"
"$bin/initdb" -D "$dir/data" -U sekisho -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 </dev/null || {
    echo "initdb failed: $(tail -n 3 "$dir/log" | tr '\n' ' ')"
    exit 1
}
up || {
    echo "PostgreSQL did not start: $(tail -n 3 "$dir/log" | tr '\n' ' ')"
    exit 1
}
echo ready
while read -r word; do
    case $word in
    stop) down ;;
    start) up ;;
    esac
    echo "$word done"
done
