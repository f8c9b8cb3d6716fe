//! `modbotctl version`

use serde::Serialize;

use super::connection::StoreArgs;
use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;
use super::output::{Format, OutputArgs, Render};
use crate::domain::ids::PodId;
use crate::runtime::build_info;

/// Show the version of this program, and of what the fleet runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Without a store it shows this program only.

Examples:
  modbotctl version --client
  modbotctl version -o json | jq '.item.pods'")]
pub(super) struct Args {
    /// This program only; asks nobody
    #[arg(long)]
    client: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// Versions, as in `kind: Version`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionView {
    client: String,
    git_sha: String,
    store: Option<StoreVersionView>,
    pods: Vec<PodVersionView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreVersionView {
    schema: i64,
    schema_needed: i64,
    postgres_version: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodVersionView {
    pod: PodId,
    version: String,
}

impl Args {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let mut view = VersionView {
            client: build_info::VERSION.to_owned(),
            git_sha: build_info::GIT_SHA.to_owned(),
            store: None,
            pods: Vec::new(),
        };
        if !self.client && self.store.is_given() {
            ask(&self.store, &mut view).await?;
        }
        let mut render = context.render_without_store(self.output, "modbotctl");
        match self.output.output {
            Format::Json => render.single_json("Version", &view)?,
            Format::Name => writeln!(render.printer.stdout(), "{}", view.client)?,
            Format::Table | Format::Wide => print(&mut render, &view)?,
        }
        for pod in view.pods.iter().filter(|pod| pod.version != view.client) {
            let (name, version) = (pod.pod, &pod.version);
            context.printer.warn(&format!(
                "{name} runs {version}, this modbotctl is {}",
                view.client
            ))?;
        }
        Ok(ExitStatus::Done)
    }
}

async fn ask(args: &StoreArgs, view: &mut VersionView) -> Result<(), Failure> {
    let store = args.open_any_schema().await?;
    let schema = store.ask(store.db.schema_state()).await?;
    let ours = schema.found == schema.needed;
    let postgres_version = if ours {
        Some(store.ask(store.db.status()).await?.value.postgres_version)
    } else {
        None
    };
    view.store = Some(StoreVersionView {
        schema: schema.found,
        schema_needed: schema.needed,
        postgres_version,
    });
    if ours {
        let pods = store.ask(store.db.pods()).await?.value;
        view.pods = pods
            .into_iter()
            // A pod that was never started has none.
            .filter(|row| !row.version.is_empty())
            .map(|row| PodVersionView {
                pod: row.pod,
                version: row.version,
            })
            .collect();
    }
    Ok(())
}

fn print(render: &mut Render<'_>, view: &VersionView) -> Result<(), Failure> {
    let mut lines = vec![("modbotctl".to_owned(), build_info::long_version().to_owned())];
    if let Some(store) = &view.store {
        let schema = format!("{} (this program needs {})", store.schema, store.schema_needed);
        lines.push(("Schema (config)".to_owned(), schema));
        let postgres = store.postgres_version.clone().unwrap_or_default();
        lines.push(("PostgreSQL (config)".to_owned(), postgres));
    }
    for pod in &view.pods {
        lines.push((format!("{} (pod)", pod.pod), pod.version.clone()));
    }
    let lines: Vec<(&str, String)> = lines
        .iter()
        .map(|(label, text)| (label.as_str(), text.clone()))
        .collect();
    render.details(&lines)
}
