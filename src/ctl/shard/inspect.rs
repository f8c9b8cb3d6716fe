//! `modbotctl shard inspect`

use super::view::ReportView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, Row};
use crate::domain::ids::PodId;
use crate::operations::shards;

/// Show one shard: its guilds, the largest first, and its pod's sessions
#[derive(Debug, clap::Args)]
#[command(
    after_help = "So far all of it is what the config store knows. The table shows the largest
guilds; -o json has them all, -o name prints every guild's name.

Examples:
  modbotctl shard inspect pod-3
  modbotctl shard inspect pod-3 --limit 50"
)]
pub(in crate::ctl) struct Args {
    /// The shard's pod: 3, pod-3 or pod/3
    #[arg(value_name = "POD", allow_negative_numbers = true)]
    pod: PodId,
    /// How many guilds the table shows
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let report = store.ask(shards::inspect(&store.db, self.pod)).await?;
        let view = ReportView::from(&report.value);
        let mut render = context.render(self.output, &report.stamp)?;
        match self.output.output {
            Format::Json => render.single_json("ShardReport", &view)?,
            Format::Name => {
                for guild in &view.guilds {
                    writeln!(render.printer.stdout(), "{}", guild.name())?;
                }
            }
            Format::Table | Format::Wide => print(&mut render, &view, self.limit)?,
        }
        Ok(ExitStatus::Done)
    }
}

fn print(render: &mut Render<'_>, view: &ReportView, limit: usize) -> Result<(), Failure> {
    render.details(&view.details())?;
    let shown = &view.guilds[..limit.min(view.guilds.len())];
    if !shown.is_empty() {
        writeln!(
            render.printer.stdout(),
            "\nGuilds, the largest {} of {}:",
            shown.len(),
            view.guilds.len()
        )?;
        render.table(shown)?;
    }
    if !view.sessions.is_empty() {
        writeln!(render.printer.stdout(), "\nSessions it hosts:")?;
        render.table(&view.sessions)?;
    }
    Ok(())
}
