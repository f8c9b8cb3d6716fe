//! `modbotctl bundle verify`

use std::path::PathBuf;

use super::view;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::progress::{RowsBar, on_a_thread};
use crate::operations::guild_bundle;

/// Read every row of a bundle and compare with what it promises
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with exit code 7 where the bundle is damaged, with the first difference.

Example:
  modbotctl bundle verify g614601782152265748.bundle"
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
        let bar = RowsBar::new("reading every page and row");
        let report = on_a_thread(move || {
            let _until_it_is_read = bar;
            guild_bundle::verify(&file)
        })
        .await?;
        view::print(&report, context, self.output)
    }
}
