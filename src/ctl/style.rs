//! The styles of the terminal. Nothing is said by colour alone. `{STYLE}` begins one, `{STYLE:#}` ends it.

use anstyle::{AnsiColor, Style};

/// The word `error:`.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The word `hint:`.
pub(super) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// The word `warning:`, and what needs a look.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
