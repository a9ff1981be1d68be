# Sourced by the benchmarks: a cluster of their own as $url, that syncs every commit, and is gone when they end.
mkdir -p target/bench
cluster="$(mktemp -d target/bench/postgres.XXXXXX)"
trap 'bin/postgres stop "$cluster" || true; rm -rf "$cluster"' EXIT
url="$(bin/postgres start "$cluster" fsync=on synchronous_commit=on)"
