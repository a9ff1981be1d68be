//! The command line: `serve` and what goes with it. Commands that look or change something ask a running server by its
//! API, so there is one way to do each thing.
//!
//! Exit codes: 0 done · 1 it failed, and standard error says why · 2 the command line is wrong.

mod api;
mod check;
mod demo;
mod lookups;
mod replay;
mod serve;
mod simulate;
mod store;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps one order the same in every system that touches it.
#[derive(Debug, Parser)]
#[command(name = "crossdock", version, arg_required_else_help = true)]
struct Command {
    /// The configuration.
    #[arg(long, short, global = true, env = "CROSSDOCK_CONFIG", default_value = "crossdock.toml")]
    config: PathBuf,
    /// Logs as JSON, one object a line.
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the server: take webhooks and keep every copy in step.
    Serve(serve::Serve),
    /// A winery's day against played systems, told line by line; needs no account anywhere.
    Demo(demo::Demo),
    /// Check the configuration, then each connection with its cheapest authenticated call.
    Check(check::Check),
    /// Play an outside system on loopback, for rehearsals.
    Simulate(simulate::Simulate),
    /// Register for the webhooks of a system whose API does that.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Move what is kept to another database.
    #[command(subcommand)]
    Store(store::Store),
    /// Understand deliveries anew, or look at orders again.
    Replay(replay::Replay),
    /// Look at orders.
    #[command(subcommand)]
    Orders(lookups::Orders),
    /// Look at webhooks received.
    #[command(subcommand)]
    Deliveries(lookups::Deliveries),
    /// Look at what a person must decide, and try again.
    #[command(subcommand)]
    Exceptions(lookups::Exceptions),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let Command { config, log_json, action } = Command::parse();
    crate::telemetry::install_logs(log_json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime could not start: {error}")),
    };
    let done = runtime.block_on(async {
        match action {
            Action::Serve(serve) => serve.run(&config).await,
            Action::Demo(demo) => demo.run().await,
            Action::Check(check) => check.run(&config).await,
            Action::Simulate(simulate) => simulate.run().await,
            Action::Webhooks(webhooks) => webhooks.run(&config).await,
            Action::Store(store) => store.run().await,
            Action::Replay(replay) => replay.run(&config).await,
            Action::Orders(orders) => orders.run(&config).await,
            Action::Deliveries(deliveries) => deliveries.run(&config).await,
            Action::Exceptions(exceptions) => exceptions.run(&config).await,
        }
    });
    match done {
        Ok(code) => code,
        Err(error) => fail(&format!("{error:#}")),
    }
}

#[expect(clippy::print_stderr, reason = "what a command line is for")]
fn fail(why: &str) -> ExitCode {
    eprintln!("crossdock: {why}");
    ExitCode::FAILURE
}

/// A number with its noun.
fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// Writes a line to standard output; a reader that went away ends the program quietly.
fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}
