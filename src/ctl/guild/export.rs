//! `modbotctl guild export`

use std::path::PathBuf;

use crate::ctl::bundle;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::output::OutputArgs;
use crate::ctl::progress::{RowsBar, on_a_thread};
use crate::domain::ids::GuildId;
use crate::operations::guild_bundle::Export;
use crate::runtime::clock::SystemClock;

/// Write a guild's rows from a shard's file into a bundle
#[derive(Debug, clap::Args)]
#[command(
    after_help = "All rows are of one moment. The shard is only read, and may be in use: writers
go on. The guild stays where it is; a bundle is a copy.

Example:
  modbotctl guild export 614601782152265748 --shard /data/modbot.sqlite3 \\
      --to g614601782152265748.bundle"
)]
pub(in crate::ctl) struct Args {
    /// The guild's id
    #[arg(value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: GuildId,
    /// The shard's file
    #[arg(long, value_name = "FILE")]
    shard: PathBuf,
    /// The bundle to write
    #[arg(long, value_name = "BUNDLE")]
    to: PathBuf,
    /// Replace a bundle that is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let export = Export {
            guild: self.guild,
            shard: self.shard,
            to: self.to,
            replace: self.replace,
        };
        let bar = RowsBar::new("reading");
        let written = on_a_thread(move || export.run(&SystemClock, &mut |progress| bar.show(progress))).await;
        let report =
            written.map_err(|failure| failure.while_doing(format!("cannot export guild {}", self.guild)))?;
        bundle::print(&report, context, self.output)
    }
}
