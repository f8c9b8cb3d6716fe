//! `modbotctl store status`

use super::view::{DetailView, StoreStatusView};
use crate::ctl::connection::{Store, StoreArgs};
use crate::ctl::context::{CONFIG, Context};
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, age, count, size};
use crate::domain::store_stamp::StoreStamp;
use crate::store::config_db::SchemaState;
use std::cmp::Ordering;

/// Show the config store: schema, place in history, recovery
#[derive(Debug, clap::Args)]
#[command(after_help = "Works on a store of any schema, an empty database included.

Example:
  modbotctl store status -o json | jq .item.schema")]
pub(in crate::ctl) struct Args {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open_any_schema().await?;
        let schema = store.ask(store.db.schema_state()).await?;
        let (details, stamp) = if schema.found == schema.needed {
            details(&store)
                .await
                .map(|(view, stamp)| (Some(view), Some(stamp)))?
        } else {
            (None, None)
        };
        let view = StoreStatusView::new(schema, details);
        let mut render = match &stamp {
            Some(stamp) => context.render(self.output, stamp)?,
            None => context.render_without_store(self.output, CONFIG),
        };
        match self.output.output {
            Format::Json => render.single_json("StoreStatus", &view)?,
            Format::Name => writeln!(render.printer.stdout(), "store")?,
            Format::Table | Format::Wide => print(&mut render, schema, &view, stamp.as_ref())?,
        }
        Ok(ExitStatus::Done)
    }
}

async fn details(store: &Store) -> Result<(DetailView, StoreStamp), Failure> {
    let recovery = store.ask(store.db.recovery_progress()).await?.value;
    let status = store.ask(store.db.status()).await?;
    Ok((DetailView::new(&status.value, &recovery), status.stamp))
}

fn print(
    render: &mut Render<'_>,
    schema: SchemaState,
    view: &StoreStatusView,
    stamp: Option<&StoreStamp>,
) -> Result<(), Failure> {
    let mut lines = vec![("Schema", schema_line(schema))];
    if let Some(StoreStamp { position, .. }) = stamp {
        lines.push(("Store", position.store_id.to_string()));
        lines.push(("Revision", position.revision.to_string()));
        lines.push(("Timeline", position.timeline.clone()));
    }
    if let Some(details) = &view.details {
        lines.extend(detail_lines(details));
    }
    render.details(&lines)?;
    if let Some(details) = view.details.as_ref().filter(|d| !d.recovery_pods.is_empty()) {
        writeln!(render.printer.stdout())?;
        render.table(&details.recovery_pods)?;
    }
    Ok(())
}

fn schema_line(schema: SchemaState) -> String {
    let SchemaState { found, needed } = schema;
    match (found, found.cmp(&needed)) {
        (_, Ordering::Equal) => format!("{found}, as this program needs it"),
        (0, _) => format!("none; this program needs {needed}: modbotctl store migrate"),
        (_, Ordering::Less) => format!("{found}; this program needs {needed}: modbotctl store migrate"),
        (_, Ordering::Greater) => format!("{found}, newer than the {needed} this program knows"),
    }
}

fn detail_lines(details: &DetailView) -> Vec<(&'static str, String)> {
    let recovering = match (&details.recovering, details.recovering_for_ms) {
        (Some(reason), Some(ms)) => format!("for {}: {reason}", age(ms)),
        _ => "no".to_owned(),
    };
    vec![
        ("Recovering", recovering),
        ("Discord shards", details.discord_shards.to_string()),
        ("Guilds", count(details.guilds)),
        ("Guilds in trouble", count(details.troubled_guilds)),
        ("Moves under way", count(details.active_moves)),
        ("Cleanups open", count(details.open_cleanups)),
        ("PostgreSQL", details.postgres_version.clone()),
        ("Size", size(details.bytes)),
        ("Made", details.created_at.clone()),
    ]
}
