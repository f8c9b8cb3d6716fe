//! Figures as lines.

pub(crate) fn machine() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load when it began: {}", load.trim());
}

/// One figure beside its aim: `met` says whether it is reached.
pub(crate) fn line(what: &str, figure: &str, aim: &str, met: Option<bool>) {
    let met = met.map_or("", |met| if met { "met" } else { "MISSED" });
    println!("{what:<58} {figure:>16}  {aim} {met}");
}

/// The value below which `share` of the sorted values lie.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let at = sorted
        .iter()
        .enumerate()
        .find(|(at, _)| *at as f64 >= share * last);
    at.map_or(f64::NAN, |(_, value)| *value)
}
