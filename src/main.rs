//! Parses the command line, installs the crypto provider, runs.

use std::process::ExitCode;

/// Every delivery is a handful of short-lived allocations on several threads, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A second installation would be the only failure, and there is none before this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    crossdock::cli::run()
}
