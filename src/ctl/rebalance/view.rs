//! A plan as it is printed.

use std::io::{self, Write};

use crate::ctl::output::count;
use crate::domain::planner::{Plan, PodShare};

/// Moves shown to people; `-o json` has all.
const SHOWN: usize = 20;

/// The plan for people.
pub(super) fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    for one in plan.moves.iter().take(SHOWN) {
        writeln!(
            out,
            "guild {}: {} -> {} ({})",
            one.guild, one.src, one.dst, one.why
        )?;
    }
    if plan.moves.len() > SHOWN {
        writeln!(
            out,
            "... and {} more; -o json has all of them",
            plan.moves.len() - SHOWN
        )?;
    }
    for left in &plan.left {
        writeln!(out, "stays: {left}")?;
    }
    for (before, after) in plan.before.iter().zip(&plan.after) {
        let (was, will) = (share(before), share(after));
        writeln!(
            out,
            "{}: {} guilds, {was} of its share -> {} guilds, {will}",
            before.pod,
            count(before.guilds as u64),
            count(after.guilds as u64)
        )?;
    }
    match plan.moves.len() {
        0 => writeln!(out, "nothing to move"),
        1 => writeln!(out, "1 move"),
        n => writeln!(out, "{} moves", count(n as u64)),
    }
}

fn share(pod: &PodShare) -> String {
    pod.percent
        .map_or_else(|| "none".to_owned(), |percent| format!("{percent} %"))
}
