//! How much memory a pod needs once it holds its sessions.

use crate::report::line;
use crate::stage::Stage;

pub(crate) async fn measure() {
    for (guilds, aim) in [(1_000, 60.0), (10_000, 300.0)] {
        let stage = Stage::set(guilds).await;
        let pod = stage.pod();
        stage.quiet().await;
        let (now, peak) = (pod.memory("VmRSS"), pod.memory("VmHWM"));
        line(
            &format!("memory with {guilds} guilds (at most: {peak:.0} MiB)"),
            &format!("{now:.0} MiB"),
            &format!("aim: below {aim} MiB"),
            Some(now < aim),
        );
    }
}
