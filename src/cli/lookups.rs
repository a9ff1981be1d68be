//! `crossdock orders`, `deliveries` and `exceptions`.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::Unit;
use serde::Deserialize;
use serde_json::Value;

use super::{api, counted, say};
use crate::store::{AttemptRow, DeliveryRow, ExceptionRow, OrderRow, TimelineRow};
use crate::transport::segment;

#[derive(Debug, Subcommand)]
pub(super) enum Orders {
    /// List orders, latest change first.
    List {
        /// Only those with a copy in this state (`in_step`, `due`, `retrying`, `unknown`, `exception`).
        #[arg(long)]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        #[command(flatten)]
        server: api::Server,
    },
    /// Show one order: its copies and its time-line.
    Show {
        /// Its name (with or without #) or id.
        name: String,
        #[command(flatten)]
        server: api::Server,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Deliveries {
    /// List deliveries, newest first.
    List {
        /// Only those of this topic.
        #[arg(long)]
        topic: Option<String>,
        /// Only those in this state (`stored`, `sorted`, `applied`, `no_change`, `stale`, `duplicate`, `exception`).
        #[arg(long)]
        state: Option<String>,
        /// Only those about the order of this id.
        #[arg(long)]
        order: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        #[command(flatten)]
        server: api::Server,
    },
    /// Show one delivery with its body.
    Show {
        /// Its id.
        id: i64,
        #[command(flatten)]
        server: api::Server,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Exceptions {
    /// List what a person must decide, newest first.
    List {
        /// Only those with this code.
        #[arg(long)]
        code: Option<String>,
        /// Those that are over too.
        #[arg(long)]
        closed: bool,
        /// Only those that this one sees to.
        #[arg(long)]
        owner: Option<String>,
        /// Only those that were to be done by now.
        #[arg(long)]
        overdue: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: i64,
        #[command(flatten)]
        server: api::Server,
    },
    /// Try again: one exception, or every open one with a code.
    Retry {
        /// Its id.
        #[arg(required_unless_present = "code")]
        id: Option<i64>,
        /// Every open one with this code.
        #[arg(long, conflicts_with = "id")]
        code: Option<String>,
        #[command(flatten)]
        server: api::Server,
    },
    /// Take a copy as it is, though it lacks an edit that came too late.
    Accept {
        /// The exception's id.
        id: i64,
        #[command(flatten)]
        server: api::Server,
    },
    /// Say who sees to an exception, by when, or both.
    Assign {
        /// The exception's id.
        id: i64,
        /// A person, a desk, a queue.
        #[arg(long, required_unless_present = "within")]
        to: Option<String>,
        /// Minutes from now.
        #[arg(long, value_name = "MINUTES")]
        within: Option<u32>,
        #[command(flatten)]
        server: api::Server,
    },
}

#[derive(Deserialize)]
struct Story {
    order: OrderRow,
    timeline: Vec<TimelineRow>,
    attempts: Vec<AttemptRow>,
    exceptions: Vec<ExceptionRow>,
}

fn print_json(value: &Value) -> anyhow::Result<ExitCode> {
    say(serde_json::to_string_pretty(value)?);
    Ok(ExitCode::SUCCESS)
}

fn given<const N: usize>(pairs: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    pairs.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

impl Orders {
    pub(super) async fn run(self, config: &Path) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { state, limit, server } => {
                let query = given([("state", state), ("limit", Some(limit.to_string()))]);
                let answer: Value = server.open(config)?.get("orders", &query).await?;
                if server.json {
                    return print_json(&answer);
                }
                for order in serde_json::from_value::<Vec<OrderRow>>(answer)? {
                    let copies: Vec<String> = order.mirrors.iter().map(copy).collect();
                    let (name, id) = (&order.name, &order.order_id);
                    say(format_args!(
                        "{name:<10} {}/{id}  rev {:<3} {}",
                        order.channel,
                        order.revision,
                        copies.join("  ")
                    ));
                }
            }
            Self::Show { name, server } => {
                let path = format!("orders/{}", segment(&name));
                let answer: Value = server.open(config)?.get(&path, &[]).await?;
                if server.json {
                    return print_json(&answer);
                }
                show(serde_json::from_value(answer)?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn copy(mirror: &crate::store::MirrorRow) -> String {
    let why = mirror.absence.as_ref().map(|why| format!(" ({why})"));
    let why = why.or_else(|| {
        mirror.reason.as_ref().and_then(|reason| Some(format!(" ({})", reason["code"].as_str()?)))
    });
    format!("{}: {}{}", mirror.destination, mirror.state, why.unwrap_or_default())
}

/// The order's story: facts, decisions and tries in one line of time.
fn show(story: Story) {
    let Story { order, timeline, attempts, exceptions } = story;
    say(format_args!("{} · {}/{} · revision {}", order.name, order.channel, order.order_id, order.revision));
    for mirror in &order.mirrors {
        let key = mirror.key.as_ref().map(|key| format!(" as {key}")).unwrap_or_default();
        let stage = mirror.observed["stage"].as_str().map(|stage| format!(", {stage}")).unwrap_or_default();
        say(format_args!("  {}{key}{stage}", copy(mirror)));
        if let Some(next) = mirror.next_at {
            say(format_args!("      tried again at {next}"));
        }
    }
    for exception in exceptions.iter().filter(|exception| exception.closed_at.is_none()) {
        say(format_args!("  ! {} {}: {}", exception.id, exception.code, exception.message));
        if let Some(words) = &exception.vendor {
            say(format_args!("      «{words}»"));
        }
        say(format_args!("      → {}", exception.mend));
    }
    let mut lines: Vec<(jiff::Timestamp, usize, Vec<String>)> = Vec::new();
    for (at, entry) in timeline.into_iter().enumerate() {
        let from = entry.delivery_id.map(|id| format!(" (delivery {id})")).unwrap_or_default();
        let mut text = vec![format!("{:<9} {}: {}{from}", entry.kind, entry.source, entry.text)];
        for change in entry.changes.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let short = |value: &Value| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if text.chars().count() > 60 {
                    format!("{}…", text.chars().take(60).collect::<String>())
                } else {
                    text
                }
            };
            let path = change["path"].as_str().unwrap_or_default();
            text.push(format!("{path}: {} → {}", short(&change["before"]), short(&change["after"])));
        }
        lines.push((entry.at, at, text));
    }
    for (at, attempt) in attempts.into_iter().enumerate() {
        let answer = attempt.status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
        let error = attempt.error.map(|error| format!(" ({error})")).unwrap_or_default();
        lines.push((
            attempt.at,
            at,
            vec![format!(
                "{:<9} {}: {} {} → {answer}{error} in {} ms",
                "try", attempt.destination, attempt.step, attempt.request_line, attempt.took_ms
            )],
        ));
    }
    lines.sort_by_key(|(at, order, _)| (*at, *order));
    for (at, _, text) in lines {
        let mut text = text.into_iter();
        say(format_args!("{}  {}", at.strftime("%Y-%m-%d %H:%M:%S%.3f"), text.next().unwrap_or_default()));
        for line in text {
            say(format_args!("{:36}{line}", ""));
        }
    }
}

impl Deliveries {
    pub(super) async fn run(self, config: &Path) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { topic, state, order, limit, server } => {
                let limit = Some(limit.to_string());
                let query = given([("topic", topic), ("state", state), ("order", order), ("limit", limit)]);
                let answer: Value = server.open(config)?.get("deliveries", &query).await?;
                if server.json {
                    return print_json(&answer);
                }
                for row in serde_json::from_value::<Vec<DeliveryRow>>(answer)? {
                    let why = row.reason.map(|why| format!("  {why}")).unwrap_or_default();
                    let order = row.order_id.unwrap_or_else(|| "-".into());
                    let at = row.received_at.strftime("%Y-%m-%d %H:%M:%S%.3f");
                    say(format_args!(
                        "{:>8}  {at}  {:<24} {:<9}  {order}{why}",
                        row.id,
                        row.topic,
                        row.state.as_str()
                    ));
                }
            }
            Self::Show { id, server } => {
                let answer: Value = server.open(config)?.get(&format!("deliveries/{id}"), &[]).await?;
                if server.json {
                    return print_json(&answer);
                }
                say(serde_json::to_string_pretty(&answer["delivery"])?);
                match answer["body"].as_str() {
                    Some(body) => say(body),
                    None => {
                        say(format_args!(
                            "(not text) {}",
                            answer["body_base64"].as_str().unwrap_or_default()
                        ));
                    }
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Exceptions {
    pub(super) async fn run(self, config: &Path) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { code, closed, owner, overdue, limit, server } => {
                let closed = closed.then(|| "true".to_owned());
                let limit = Some(limit.to_string());
                let overdue = overdue.then(|| "true".to_owned());
                let query = given([
                    ("code", code),
                    ("closed", closed),
                    ("owner", owner),
                    ("overdue", overdue),
                    ("limit", limit),
                ]);
                let answer: Value = server.open(config)?.get("exceptions", &query).await?;
                if server.json {
                    return print_json(&answer);
                }
                for row in serde_json::from_value::<Vec<ExceptionRow>>(answer)? {
                    let about = row.order_name.or(row.order_id).unwrap_or_else(|| {
                        row.delivery_id.map(|id| format!("delivery {id}")).unwrap_or_default()
                    });
                    let at = row.destination.map(|name| format!(" at {name}")).unwrap_or_default();
                    let over = if row.closed_at.is_some() { " (over)" } else { "" };
                    say(format_args!("{:>6}  {}{over}  {about}{at}: {}", row.id, row.code, row.message));
                    if let Some(words) = row.vendor {
                        say(format_args!("        «{words}»"));
                    }
                    say(format_args!("        → {}", row.mend));
                    let owner = row.owner.map(|owner| format!("for {owner}"));
                    let due = row.due_at.map(|at| format!("by {}", at.round(Unit::Second).unwrap_or(at)));
                    let duty: Vec<String> = row.task.into_iter().chain(owner).chain(due).collect();
                    if !duty.is_empty() {
                        say(format_args!("        {}", duty.join(", ")));
                    }
                }
            }
            Self::Retry { id, code, server } => {
                let api = server.open(config)?;
                let ids: Vec<i64> = match (id, code) {
                    (Some(id), _) => vec![id],
                    (None, code) => {
                        let query = given([("code", code), ("limit", Some("1000".into()))]);
                        let rows: Vec<ExceptionRow> = api.get("exceptions", &query).await?;
                        rows.into_iter().map(|row| row.id).collect()
                    }
                };
                for id in &ids {
                    let _: Value = api.post(&format!("exceptions/{id}/retry"), &Value::Null).await?;
                }
                if server.json {
                    return print_json(&serde_json::json!({ "retrying": ids }));
                }
                say(format_args!("retrying {}", counted(ids.len(), "exception", "exceptions")));
            }
            Self::Accept { id, server } => {
                let answer: Value =
                    server.open(config)?.post(&format!("exceptions/{id}/accept"), &Value::Null).await?;
                if server.json {
                    return print_json(&answer);
                }
                say(format_args!("exception {id} is accepted: the copy is taken as it is"));
            }
            Self::Assign { id, to, within, server } => {
                let body = serde_json::json!({ "owner": to, "within_minutes": within });
                let row: ExceptionRow =
                    server.open(config)?.post(&format!("exceptions/{id}/assign"), &body).await?;
                if server.json {
                    return print_json(&serde_json::to_value(row)?);
                }
                let owner = row.owner.as_deref().unwrap_or("nobody");
                let due = row.due_at.map(|at| format!(" by {}", at.round(Unit::Second).unwrap_or(at)));
                say(format_args!("exception {id} is for {owner}{}", due.unwrap_or_default()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
