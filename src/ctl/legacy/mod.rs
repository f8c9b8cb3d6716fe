//! `modbotctl legacy …`: the old bot's single database comes in, and can go back out.

mod changes;
mod failure;
mod inspect;
mod join;
mod load;
mod sample;
mod split;
mod verify;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// The old bot's single database: bring it in, check it, take it back out
#[derive(Debug, Subcommand)]
#[command(
    disable_help_subcommand = true,
    after_help = "In this order:
  modbotctl legacy inspect OLD.sqlite3
  modbotctl legacy split OLD.sqlite3 --pods 3 --out split --dry-run
  modbotctl legacy split OLD.sqlite3 --pods 3 --out split
  modbotctl legacy verify OLD.sqlite3 split
  modbotctl legacy load split --pod pod-0=FILE --pod pod-1=FILE --pod pod-2=FILE
And back: modbotctl legacy join split --out OLD-AGAIN.sqlite3

At the cutover the old bot must be off: one bot token serves one bot. See
docs/legacy.md for every rule and for the steps of a cutover."
)]
pub(super) enum Command {
    Inspect(inspect::Args),
    Split(Box<split::Args>),
    Verify(verify::Args),
    Load(Box<load::Args>),
    Join(join::Args),
    Sample(sample::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Inspect(args) => args.run(context).await,
            Self::Split(args) => args.run(context).await,
            Self::Verify(args) => args.run(context).await,
            Self::Load(args) => args.run(context).await,
            Self::Join(args) => args.run(context).await,
            Self::Sample(args) => args.run(context).await,
        }
    }
}

/// Where a copy of a source may go that cannot be read in place: the system's directory for such files.
fn scratch() -> std::path::PathBuf {
    std::env::temp_dir()
}

/// The witness of what files say.
const FILE: &str = "file";
