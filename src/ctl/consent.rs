//! The gate in front of every change: a typed name, `--yes`, or a refusal.

use std::io::IsTerminal;

use clap::Args;

use super::actor;
use super::changed::Told;
use super::context::{CONFIG, Context};
use super::exit::ExitStatus;
use super::failure::Failure;
use super::output::OutputArgs;
use super::printer::Printer;
use super::style;
use crate::operations::consent::{Authority, ChangeAllowed, Gate};

/// How a change is made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Change")]
pub(super) struct ChangeArgs {
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Why, for the audit
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    #[arg(
        long,
        env = "MODBOT_ACTOR",
        value_name = "NAME",
        hide_env = true,
        help = "Who, if not the system's user [env: MODBOT_ACTOR]"
    )]
    actor: Option<String>,
}

/// A change that an operator wants: consent may still be missing.
pub(super) struct Wanted {
    args: ChangeArgs,
    actor: String,
    /// The name to be typed, as in `pod-3`.
    subject: String,
    /// What is asked for, as in `cordon pod-3`.
    intent: String,
    terminal: bool,
}

impl ChangeArgs {
    /// Wants `intent` (as in `cordon pod-3`) done to `subject`. Refuses at once, before anything is looked
    /// at, where nobody can be asked.
    pub(super) fn want(self, intent: String, subject: String) -> Result<Wanted, Failure> {
        let actor = self.actor.clone().unwrap_or_else(actor::of_this_process);
        if actor.trim().is_empty() {
            return Err(Failure::message(ExitStatus::Usage, "the actor's name is empty"));
        }
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !terminal && !self.yes && !self.dry_run {
            let refused = format!("refused to {intent} without consent: there is no terminal to ask at");
            return Err(Failure::message(ExitStatus::NotAllowed, refused)
                .hint("add --yes to go ahead, or --dry-run to see what would be done"));
        }
        Ok(Wanted {
            args: self,
            actor,
            subject,
            intent,
            terminal,
        })
    }
}

impl Wanted {
    /// Makes the change with the operator's consent, or as a dry run, and prints what became of it.
    ///
    /// At a terminal it is tried first: what would fail, or change nothing, needs no consent.
    pub(super) async fn make<T: Into<Told>>(
        self,
        context: &mut Context,
        output: OutputArgs,
        change: impl AsyncFn(&Authority) -> Result<T, Failure>,
    ) -> Result<ExitStatus, Failure> {
        let made = self.make_quietly(&mut context.printer, change).await;
        let told = made.map_err(|failure| failure.while_doing(format!("cannot {}", self.intent)))?;
        let mut render = match &told.stamp {
            Some(stamp) => context.render(output, stamp)?,
            None => context.render_without_store(output, CONFIG),
        };
        told.change.print(&mut render)?;
        Ok(ExitStatus::Done)
    }

    async fn make_quietly<T: Into<Told>>(
        &self,
        printer: &mut Printer,
        change: impl AsyncFn(&Authority) -> Result<T, Failure>,
    ) -> Result<Told, Failure> {
        let change = async |authority: &Authority| change(authority).await.map(Into::<Told>::into);
        let rehearsal = self.rehearsal();
        if self.args.dry_run {
            return change(&rehearsal).await;
        }
        let mut effect = String::new();
        if self.asks() {
            let preview = change(&rehearsal).await?;
            match preview.change.effect() {
                Some(found) => effect = found,
                None => return Ok(preview),
            }
        }
        change(&self.agreed(printer, effect).await?).await
    }

    /// Whether nothing is to be done in earnest.
    pub(super) const fn is_dry_run(&self) -> bool {
        self.args.dry_run
    }

    /// Whether somebody will be asked.
    const fn asks(&self) -> bool {
        self.terminal && !self.args.yes
    }

    /// For finding out what would be done.
    pub(super) fn rehearsal(&self) -> Authority {
        Authority::dry_run(&self.actor, &self.args.reason)
    }

    /// Asks, where somebody is to be asked, naming the effect; answers with the authority for the change.
    pub(super) async fn agreed(&self, printer: &mut Printer, effect: String) -> Result<Authority, Failure> {
        let mut gate = Terminal {
            agreed: self.args.yes,
            subject: &self.subject,
            effect,
            printer,
        };
        let allowed = ChangeAllowed::by_gate(&mut gate, &self.intent).await?;
        Ok(Authority::granted(allowed, &self.actor, &self.args.reason))
    }
}

/// The operator at a terminal, or one who agreed beforehand with `--yes`.
struct Terminal<'a> {
    agreed: bool,
    subject: &'a str,
    effect: String,
    printer: &'a mut Printer,
}

impl Gate for Terminal<'_> {
    type Refusal = Failure;

    async fn ask(&mut self, intent: &str) -> Result<(), Failure> {
        if self.agreed {
            return Ok(());
        }
        let bold = style::WARNING;
        let err = self.printer.stderr();
        writeln!(err, "{bold}{intent}{bold:#}: {}", self.effect)?;
        write!(err, "type {} to go on: ", self.subject)?;
        err.flush()?;
        let typed = read_line().await.map_err(|error| {
            Failure::new(ExitStatus::NotAllowed, error).while_doing("cannot read from the terminal")
        })?;
        if is_consent(&typed, self.subject) {
            return Ok(());
        }
        let other = Failure::message(
            ExitStatus::NotAllowed,
            "not confirmed: what was typed is not the name",
        );
        Err(other.hint("nothing was changed; --yes goes ahead without asking"))
    }
}

fn is_consent(typed: &str, subject: &str) -> bool {
    typed.trim() == subject
}

/// Reads a line in a thread of its own, so that Ctrl-C still ends the program.
async fn read_line() -> std::io::Result<String> {
    let (send, line) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::stdin().read_line(&mut text).map(|_| text);
        // Nobody waits for it after an interrupt.
        let _ = send.send(read);
    });
    line.await.unwrap_or_else(|_| Ok(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_itself_is_consent() {
        assert!(is_consent("pod-3\n", "pod-3"));
        for typed in ["", "\n", "y\n", "yes\n", "pod-30\n", "pod"] {
            assert!(!is_consent(typed, "pod-3"), "{typed:?}");
        }
    }
}
