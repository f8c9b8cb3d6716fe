//! `modbotctl status`: the fleet on one screen.

mod view;

use view::StatusView;

use super::connection::StoreArgs;
use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;
use super::output::{Format, OutputArgs, Render, count};
use super::pod::PodView;
use super::style;
use crate::operations::overview::{Overview, overview};

/// Show the fleet on one screen, with what needs a look
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl status
  modbotctl status -o json | jq -r '.item.concerns[].message'")]
pub(super) struct Args {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let fleet = store.ask(overview(&store.db)).await?;
        let view = StatusView::from(&fleet.value);
        let mut render = context.render(self.output, &fleet.stamp)?;
        match self.output.output {
            Format::Json => render.single_json("Status", &view)?,
            Format::Name => {
                for pod in &fleet.value.pods {
                    writeln!(render.printer.stdout(), "pod/{}", pod.pod.get())?;
                }
            }
            Format::Table | Format::Wide => {
                let position = &fleet.stamp.position;
                let history = format!("{} at revision {}", position.store_id, position.revision);
                print(&mut render, &fleet.value, &view, history)?;
            }
        }
        Ok(ExitStatus::Done)
    }
}

fn print(
    render: &mut Render<'_>,
    fleet: &Overview,
    view: &StatusView,
    history: String,
) -> Result<(), Failure> {
    render.details(&lines(fleet, history))?;
    let pods: Vec<PodView> = fleet.pods.iter().map(PodView::from).collect();
    if !pods.is_empty() {
        writeln!(render.printer.stdout())?;
        render.table(&pods)?;
    }
    let yellow = render.printer.stdout_style(style::WARNING);
    let out = render.printer.stdout();
    writeln!(out)?;
    if view.concerns.is_empty() {
        writeln!(out, "Nothing needs a look.")?;
    } else {
        writeln!(out, "{yellow}Needs a look:{yellow:#}")?;
        for concern in &view.concerns {
            writeln!(out, "  {}", concern.message)?;
        }
    }
    Ok(())
}

fn lines(fleet: &Overview, history: String) -> Vec<(&'static str, String)> {
    let store = &fleet.store;
    let leased = fleet.pods.iter().filter(|pod| pod.leased()).count();
    let shards = store.num_shards.get();
    let hosted = u64::from(shards).saturating_sub(store.unhosted_shards);
    let identifies = store
        .identifies_left
        .map_or_else(|| "not known".to_owned(), |left| count(u64::from(left)));
    vec![
        ("Store (config)", history),
        (
            "Database (config)",
            format!(
                "PostgreSQL {}, schema {}",
                store.postgres_version, fleet.schema.found
            ),
        ),
        (
            "Pods (config)",
            format!("{}, {leased} with a lease", fleet.pods.len()),
        ),
        (
            "Guilds (config)",
            format!("{}, {} in trouble", count(store.guilds), store.troubled_guilds),
        ),
        (
            "Moves (config)",
            format!(
                "{} under way, {} cleanups open",
                store.active_moves, store.open_cleanups
            ),
        ),
        ("Discord shards (config)", format!("{shards}, {hosted} hosted")),
        ("Identifies left (config)", identifies),
    ]
}
