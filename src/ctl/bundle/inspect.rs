//! `modbotctl bundle inspect`

use std::path::PathBuf;

use super::view;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::progress::on_a_thread;
use crate::operations::guild_bundle;

/// Show what a bundle says of itself: whose rows, from where, up to which event
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads the header only, which is checked against its seal. Whether the rows are
what it says: modbotctl bundle verify.

Examples:
  modbotctl bundle inspect g614601782152265748.bundle
  modbotctl bundle inspect g614601782152265748.bundle -o json | jq .item.digest"
)]
pub(in crate::ctl) struct Args {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let file = self.file;
        let report = on_a_thread(move || guild_bundle::inspect(&file)).await?;
        view::print(&report, context, self.output)
    }
}
