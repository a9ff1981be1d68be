//! `crossdock check`: everything that is wrong with the configuration at once, then each connection's cheapest
//! authenticated call.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::{counted, say};
use crate::app::connect;
use crate::clock::Clock;
use crate::config::Config;
use crate::transport::{Log, Share};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Only read the configuration; call nobody.
    #[arg(long)]
    offline: bool,
}

impl Check {
    pub(super) async fn run(self, path: &Path) -> anyhow::Result<ExitCode> {
        let config = Config::load(path)?;
        say(format_args!(
            "{}: {} and {}, all in order",
            path.display(),
            counted(config.connections.len(), "connection", "connections"),
            counted(config.routes.len(), "route", "routes")
        ));
        if self.offline {
            return Ok(ExitCode::SUCCESS);
        }
        let (registry, _) = connect(config.connections, &Clock::system(), None, &Share::whole())?;
        let mut all_well = true;
        for (name, connected) in registry {
            match connected.connection.probe(&Log::default()).await {
                Ok(found) => say(format_args!("  {name}: {found}")),
                Err(fault) => {
                    all_well = false;
                    let mend = match &fault {
                        crate::transport::Fault::Refused(reason) => reason.mend.clone(),
                        crate::transport::Fault::Unauthorized(_) => {
                            "correct the connection's credentials".into()
                        }
                        _ => "check the connection's endpoint, and that it can be reached from here".into(),
                    };
                    say(format_args!("  {name}: {fault}\n      → {mend}"));
                }
            }
        }
        Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
