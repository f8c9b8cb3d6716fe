//! `modbotctl guild move`

use std::time::Duration;

use crate::ctl::connection::{Store, StoreArgs};
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::mover::MoverArgs;
use crate::ctl::moves::{MoveView, carry_out, failed};
use crate::ctl::output::{Format, OutputArgs};
use crate::domain::ids::{GuildId, PodId};
use crate::domain::move_step::MoveStep;
use crate::operations::guild_move::{self, MoveAsked};
use crate::runtime::settings::time_limit;
use crate::store::config_db::{MoveFilter, MoveRow, Stamped};

/// Move a guild to another pod: nothing lost, nothing done twice, a pause that is measured
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The guild stands still from its last row at the source to its first at the target.
When that takes longer than --pause-budget the source goes on and it is tried
again; after five times the move is given up, and the guild is where it was.

Ctrl-C stops where the guild does not stand still, and says how to go on. What
this process leaves is taken up by modbot-config.

Examples:
  modbotctl guild move 614601782152265748 --to pod-3
  modbotctl guild move 614601782152265748 --reverse       back where it came from
  modbotctl guild move 614601782152265748 --to 3 --pause-after verified --yes"
)]
pub(in crate::ctl) struct Args {
    /// The guild's id
    #[arg(value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: GuildId,
    /// The pod: 3, pod-3 or pod/3
    #[arg(
        long,
        value_name = "POD",
        allow_negative_numbers = true,
        required_unless_present = "reverse"
    )]
    to: Option<PodId>,
    /// To the pod that its last move came from
    #[arg(long, conflicts_with = "to")]
    reverse: bool,
    /// How long the guild may stand still
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time_limit)]
    pause_budget: Duration,
    /// Stop after this step, to practise: prepared, frozen, verified, flipped or started
    #[arg(long, value_name = "STEP", value_parser = hold_step)]
    pause_after: Option<MoveStep>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    pods: MoverArgs,
    #[command(flatten)]
    store: StoreArgs,
}

fn hold_step(text: &str) -> Result<MoveStep, String> {
    use MoveStep::{Flipped, Frozen, Prepared, Started, Verified};
    match text.parse() {
        Ok(step @ (Prepared | Frozen | Verified | Flipped | Started)) => Ok(step),
        _ => Err("one of prepared, frozen, verified, flipped, started".to_owned()),
    }
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let guild = self.guild;
        let wanted = self
            .change
            .want(format!("move guild {guild}"), guild.to_string())?;
        let store = self.store.open().await?;
        let to = match self.to {
            Some(to) => to,
            None => came_from(&store, guild).await?,
        };
        let asked = MoveAsked {
            guild,
            to,
            pause_budget: self.pause_budget,
            pause_after: self.pause_after,
            plan_id: None,
        };
        let mover = self.pods.mover(&store)?;
        let doing = |failure: Failure| failure.while_doing(format!("cannot move guild {guild} to {to}"));
        let rehearsed = guild_move::plan(&mover, &asked, &wanted.rehearsal()).await;
        if wanted.is_dry_run() {
            return report(context, self.output, &rehearsed.map_err(failed).map_err(doing)?);
        }
        let effect = match &rehearsed {
            Ok(row) => format!("{} -> {to}", row.value.active.src),
            // What an earlier stay left is cleaned up first.
            Err(_) => format!("to {to}"),
        };
        let authority = wanted.agreed(&mut context.printer, effect).await?;
        let planned = guild_move::plan(&mover, &asked, &authority)
            .await
            .map_err(failed)
            .map_err(doing)?;
        let id = planned.value.active.move_id;
        carry_out(&mover, &store, id).await.map_err(doing)?;
        let row = store.ask(store.db.get_move(id)).await?;
        report(context, self.output, &row)
    }
}

/// The pod that the guild's last finished move came from.
async fn came_from(store: &Store, guild: GuildId) -> Result<PodId, Failure> {
    let filter = MoveFilter {
        guild: Some(guild),
        limit: 100,
        ..MoveFilter::default()
    };
    let moves = store.ask(store.db.moves(&filter)).await?.value;
    let last = moves
        .iter()
        .find(|row| matches!(row.active.step, MoveStep::Started | MoveStep::Cleaned));
    last.map(|row| row.active.src).ok_or_else(|| {
        let never = format!("guild {guild} was never moved: there is nothing to reverse");
        Failure::message(ExitStatus::NotFound, never).hint("give --to POD")
    })
}

/// Prints what became of a move; a move that was given up is a refusal by the state of the world.
pub(in crate::ctl) fn report(
    context: &mut Context,
    output: OutputArgs,
    row: &Stamped<MoveRow>,
) -> Result<ExitStatus, Failure> {
    let view = MoveView::from(&row.value);
    let mut render = context.render(output, &row.stamp)?;
    match output.output {
        Format::Json => render.single_json("Move", &view)?,
        Format::Name => writeln!(render.printer.stdout(), "move/{}", row.value.active.move_id)?,
        Format::Table | Format::Wide => {
            writeln!(render.printer.stdout(), "{}", view.line())?;
            if row.value.is_held() {
                let id = row.value.active.move_id;
                writeln!(
                    render.printer.stdout(),
                    "held: `modbotctl move resume {id}` goes on"
                )?;
            }
        }
    }
    Ok(match row.value.active.step {
        MoveStep::Aborted => ExitStatus::Refused,
        _ => ExitStatus::Done,
    })
}
