# Sourced by the benchmarks: the server as a user builds it, without what tests ask of its dependencies, and a cluster of their
# own as $url, that syncs every commit, and is gone when they end.
mkdir -p target/bench
cargo build --release --locked --quiet --bin crossdock
# Building the benchmark puts one of its own there.
cp --remove-destination "${CARGO_TARGET_DIR:-target}/release/crossdock" target/bench/crossdock
export CROSSDOCK_BENCH_SERVER="$PWD/target/bench/crossdock"
cluster="$(mktemp -d target/bench/postgres.XXXXXX)"
trap 'bin/postgres stop "$cluster" || true; rm -rf "$cluster"' EXIT
url="$(bin/postgres start "$cluster" fsync=on synchronous_commit=on)"
