//! `modbotctl completion`

use clap_complete::Shell;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;
use super::run;

/// Print a completion script for your shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl completion bash > /etc/bash_completion.d/modbotctl
  source <(modbotctl completion zsh)
  modbotctl completion fish > ~/.config/fish/completions/modbotctl.fish")]
pub(super) struct Args {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

impl Args {
    pub(super) fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        // Into memory first: the generator panics where its writer fails.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut run::command(), "modbotctl", &mut script);
        context.printer.stdout().write_all(&script)?;
        Ok(ExitStatus::Done)
    }
}
