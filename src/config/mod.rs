//! `crossdock.toml` and the environment, read into what the program is built from.
//!
//! Everything that is wrong is said at once, each with its line and its mend; unknown keys are errors. What a vendor's
//! settings mean is the connector's to know: here they are only read and checked.

mod carriers;
mod connections;
mod customs;
mod duties;
mod locations;
mod reader;
mod retention;
mod roles;
mod routes;
mod secrets;
mod section;
mod services;

pub use connections::{ConnectionConfig, Kind};
pub use reader::Problem;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::domain::ConnectionName;
use crate::domain::reason::Duties;
use crate::domain::route::Route;
use crate::store::Retention;
use reader::Node;
use section::Section;

/// The whole configuration.
#[derive(Debug)]
pub struct Config {
    /// Where webhooks are taken.
    pub server: Server,
    /// Where people and tools ask, if they may.
    pub admin: Option<Admin>,
    /// Where everything is kept: `sqlite:PATH`, or `postgres://…`, which may hold a password.
    pub store_url: SecretString,
    /// Passes at once.
    pub workers: usize,
    /// Connections by name.
    pub connections: BTreeMap<ConnectionName, ConnectionConfig>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Who sees to exceptions.
    pub duties: Duties,
    /// For how long things are kept.
    pub retention: Retention,
}

/// Where webhooks are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// What this instance is called among those on one store; the machine's name and the port where absent.
    pub instance: Option<String>,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
}

/// Where people and tools ask.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Address and port of its own, or the server's where absent.
    pub listen: Option<SocketAddr>,
    /// The bearer token of the API.
    pub token: SecretString,
}

/// Everything that is wrong with a configuration.
#[derive(Debug)]
pub struct Problems {
    /// The file.
    pub file: String,
    /// What is wrong, in order of place.
    pub problems: Vec<Problem>,
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.problems.len();
        write!(f, "{}: {count} {}", self.file, if count == 1 { "problem" } else { "problems" })?;
        for Problem { line, place, what, mend } in &self.problems {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            write!(f, "\n  {}{line}: {place} {what}\n      → {mend}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What Shopify's own tests use and more: 10 MiB, for bodies upwards of a megabyte are known and a refusal counts as
/// failure.
const BODY_LIMIT: i64 = 10 * 1024 * 1024;
/// Shopify gives a whole request five seconds.
const BODY_DEADLINE_MS: i64 = 5000;
/// Passes at once unless told otherwise.
const WORKERS: i64 = 64;

impl Config {
    /// Reads the file at `path` and the environment over it.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&file, &text, &environment()),
            Err(error) => Err(Problems {
                problems: vec![Problem {
                    line: None,
                    place: "the file".into(),
                    what: format!("cannot be read: {error}"),
                    mend: "name another with --config, or copy the example from the README".into(),
                }],
                file,
            }),
        }
    }

    /// Reads a configuration from its text and an environment laid over it.
    pub fn read(file: &str, text: &str, environment: &[(String, String)]) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let root = reader::parse(text, &mut problems);
        let broken: Vec<usize> = problems.iter().filter_map(|problem| problem.line).collect();
        let unread = problems.len();
        let root = with_environment(root, environment, &mut problems);
        let mut section = root.section("", &mut problems);
        let config = read(&mut section);
        section.finish();
        // What is made of a line that cannot be read says nothing of what was meant there.
        let rest = problems.split_off(unread);
        problems
            .extend(rest.into_iter().filter(|found| found.line.is_none_or(|line| !broken.contains(&line))));
        problems.sort_by(|a, b| (a.line, &a.place).cmp(&(b.line, &b.place)));
        problems.dedup();
        if problems.is_empty() { Ok(config) } else { Err(Problems { file: file.to_owned(), problems }) }
    }
}

/// Where the API of a running server is and what opens it, for commands that ask it; the rest of the file may be wrong.
pub fn admin_access(path: &Path) -> Option<(SocketAddr, SecretString)> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut problems = Vec::new();
    let root = reader::parse(&text, &mut problems);
    let root = with_environment(root, &environment(), &mut problems);
    let mut section = root.section("", &mut problems);
    let server = server(&mut section);
    let admin = admin(&mut section)?;
    Some((admin.listen.unwrap_or(server.listen), admin.token))
}

/// The variables of this process that are text; others are no business of ours.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Lays `CROSSDOCK__SECTION__KEY` variables over the file. Names are compared in lower case; a connection's name is part
/// of the path: `CROSSDOCK__CONNECTIONS__CELLAR__ENDPOINT`.
fn with_environment(mut root: Node, environment: &[(String, String)], problems: &mut Vec<Problem>) -> Node {
    for (variable, value) in environment {
        if let Some(path) = variable.strip_prefix("CROSSDOCK__") {
            let path: Vec<String> = path.split("__").map(str::to_lowercase).collect();
            root.overlay(variable, "", &path, value, problems);
        }
    }
    root
}

/// Where everything is kept, or what holds that; or what is wrong with it and how to mend it. Never quoted: it may hold a
/// password.
pub fn store_url(written: &str) -> Result<SecretString, (String, String)> {
    let url = secrets::resolve_name(written)?;
    match url.expose_secret().split_once(':') {
        Some(("sqlite" | "postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(url),
        _ => Err((
            "is no place to keep things".into(),
            "write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE, or refer to that as env:NAME"
                .into(),
        )),
    }
}

fn read(root: &mut Section<'_>) -> Config {
    let server = server(root);
    let admin = admin(root);
    let store_url = root.sub("store", |mut section| {
        let url = section.parsed("url", store_url);
        section.finish();
        url.unwrap_or_else(|| "sqlite:crossdock.db".to_owned().into())
    });
    let workers = root.sub("engine", |mut section| {
        let workers = section.integer("workers", 1..=1024).unwrap_or(WORKERS);
        section.finish();
        usize::try_from(workers).unwrap_or(1)
    });
    let connections = connections::read(root);
    let routes = routes::read(root, &connections.names);
    let duties = duties::read(root);
    let retention = retention::read(root);
    Config { server, admin, store_url, workers, connections: connections.all, routes, duties, retention }
}

fn address(text: &str) -> Result<SocketAddr, (String, String)> {
    text.parse()
        .map_err(|_| (format!("«{text}» is no address"), "write address and port, as 127.0.0.1:8080".into()))
}

/// What an instance is called: it goes before a `/` in the tokens of its leases.
fn instance(name: &str) -> Result<String, (String, String)> {
    let sound = (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic() && c != '/');
    if sound {
        Ok(name.to_owned())
    } else {
        Err((
            "is no name for an instance".into(),
            "write 1 to 64 letters, digits and signs other than /, and another for each instance on one store".into(),
        ))
    }
}

fn server(root: &mut Section<'_>) -> Server {
    root.sub("server", |mut section| {
        let server = Server {
            listen: section.parsed("listen", address).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            instance: section.parsed("instance", instance),
            body_limit: usize::try_from(section.integer("body_limit", 1024..=1 << 30).unwrap_or(BODY_LIMIT))
                .unwrap_or(usize::MAX),
            body_deadline: Duration::from_millis(
                section.integer("body_deadline_ms", 100..=600_000).unwrap_or(BODY_DEADLINE_MS).unsigned_abs(),
            ),
        };
        section.finish();
        server
    })
}

fn admin(root: &mut Section<'_>) -> Option<Admin> {
    let given = root.has("admin");
    root.sub("admin", |mut section| {
        let listen = section.parsed("listen", address);
        let token = section.parsed("token", secrets::resolve);
        if given && !section.was_given("token") {
            section.missing("token", "give the API a bearer token, as env:CROSSDOCK_TOKEN");
        }
        let admin = token.map(|token| Admin { listen, token });
        section.finish();
        admin
    })
}
