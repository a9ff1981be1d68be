//! `crossdock replay`.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use jiff::Timestamp;

use super::{api, counted, say};
use crate::console::{Range, ReplayAnswer, ReplayRequest};

/// Give deliveries, or orders, or a time range.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct Replay {
    /// Deliveries by id.
    #[arg(long, value_delimiter = ',', group = "what", conflicts_with_all = ["order", "since", "until"])]
    delivery: Vec<i64>,
    /// Orders by name or id.
    #[arg(long, value_delimiter = ',', group = "what", conflicts_with_all = ["since", "until"])]
    order: Vec<String>,
    /// Deliveries received at or after this instant, as 2026-11-22T10:00:00Z.
    #[arg(long, group = "what")]
    since: Option<Timestamp>,
    /// Deliveries received before this instant.
    #[arg(long, group = "what")]
    until: Option<Timestamp>,
    /// Of the range, only those of this connection.
    #[arg(long, conflicts_with_all = ["delivery", "order"])]
    connection: Option<String>,
    /// Of the range, only those of this topic.
    #[arg(long, conflicts_with_all = ["delivery", "order"])]
    topic: Option<String>,
    /// Of the range, only those in this state.
    #[arg(long, conflicts_with_all = ["delivery", "order"])]
    state: Option<String>,
    /// Change nothing; say what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: api::Server,
}

impl Replay {
    pub(super) async fn run(self, config: &Path) -> anyhow::Result<ExitCode> {
        let range = self.since.is_some() || self.until.is_some();
        let request = ReplayRequest {
            deliveries: (!self.delivery.is_empty()).then_some(self.delivery),
            orders: (!self.order.is_empty()).then_some(self.order),
            range: range.then_some(Range {
                since: self.since,
                until: self.until,
                connection: self.connection,
                topic: self.topic,
                state: self.state,
            }),
            dry_run: self.dry_run,
        };
        let answer: ReplayAnswer = self.server.open(config)?.post("replay", &request).await?;
        if self.server.json {
            say(serde_json::to_string_pretty(&answer)?);
            return Ok(ExitCode::SUCCESS);
        }
        let verb = if answer.dry_run { "would replay" } else { "replaying" };
        say(format_args!(
            "{verb} {} and looking again at {}",
            counted(answer.deliveries, "delivery", "deliveries"),
            counted(answer.orders, "order", "orders")
        ));
        for owed in answer.owed {
            say(format_args!("  {} → {}: {} ({})", owed.name, owed.destination, owed.next, owed.why));
        }
        Ok(ExitCode::SUCCESS)
    }
}
