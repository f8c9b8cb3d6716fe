//! The settings of a pod that belongs to a fleet.

use std::time::Duration;

use super::settings::http_url;
use crate::domain::ids::PodId;
use crate::runtime::service_auth::key_setting;
use crate::runtime::settings::{Problems, Secret, bytes, time_limit};

/// Settings that only a pod of a fleet reads.
#[derive(Debug, Clone, clap::Args)]
pub struct FleetArgs {
    /// modbot-config, as http://host:port (required, unless the pod is alone)
    #[arg(long, env = "MODBOT_CONFIG_URL", value_name = "URL", value_parser = http_url, help_heading = "Fleet")]
    pub config_url: Option<String>,
    /// Which pod this is: 3 or pod-3 (required, unless the pod is alone)
    #[arg(long, env = "MODBOT_POD", value_name = "POD", help_heading = "Fleet")]
    pub pod: Option<PodId>,
    /// This pod's API as others reach it, as http://host:port (required, unless the pod is alone)
    #[arg(long, env = "MODBOT_POD_URL", value_name = "URL", value_parser = http_url, help_heading = "Fleet")]
    pub pod_url: Option<String>,
    /// The pod's weight beside other pods
    #[arg(long, env = "MODBOT_CAPACITY", value_name = "N", default_value = "100", help_heading = "Fleet",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub capacity: u32,
    /// The pod's failure zone
    #[arg(
        long,
        env = "MODBOT_ZONE",
        value_name = "NAME",
        default_value = "",
        help_heading = "Fleet"
    )]
    pub zone: String,
    /// How often the lease is renewed, at most a third of it
    #[arg(long, env = "MODBOT_HEARTBEAT_INTERVAL", value_name = "TIME", default_value = "5s", help_heading = "Fleet",
          value_parser = time_limit)]
    pub heartbeat_interval: Duration,
    /// Time for one call of config or of another pod
    #[arg(long, env = "MODBOT_CALL_TIMEOUT", value_name = "TIME", default_value = "5s", help_heading = "Fleet",
          value_parser = time_limit)]
    pub call_timeout: Duration,
    /// Frames in one call to another pod; below what that pod takes (max-body)
    #[arg(long, env = "MODBOT_FORWARD_BATCH", value_name = "SIZE", default_value = "256KiB", help_heading = "Fleet",
          value_parser = bytes)]
    pub forward_batch: usize,
    /// Time for a moved guild to be fetched from its former owner
    #[arg(long, env = "MODBOT_BUNDLE_TIMEOUT", value_name = "TIME", default_value = "10m", help_heading = "Fleet",
          value_parser = time_limit)]
    pub bundle_timeout: Duration,
    /// How often config is asked what became of a move whose guild stands still here
    #[arg(long, env = "MODBOT_MOVE_CHECK_INTERVAL", value_name = "TIME", default_value = "5s", help_heading = "Fleet",
          value_parser = time_limit)]
    pub move_check_interval: Duration,
    /// Key that pods sign calls with, of config and of each other (required, unless the pod is alone)
    #[arg(long, env = "MODBOT_AUTH_POD_KEY", value_name = "KEY", hide_env_values = true, value_parser = key_setting,
          help_heading = "Fleet")]
    pub auth_pod_key: Option<Secret>,
    /// Second accepted key of pods, during a rotation
    #[arg(long, env = "MODBOT_AUTH_POD_KEY_OTHER", value_name = "KEY", hide_env_values = true,
          value_parser = key_setting, help_heading = "Fleet")]
    pub auth_pod_key_other: Option<Secret>,
}

/// The same, complete.
#[derive(Debug, Clone)]
pub(super) struct FleetMember {
    /// Config.
    pub(super) config_url: String,
    /// This pod.
    pub(super) pod: PodId,
    /// Where others reach it.
    pub(super) pod_url: String,
    /// Its weight.
    pub(super) capacity: u32,
    /// Its failure zone.
    pub(super) zone: String,
    /// Between two heartbeats.
    pub(super) heartbeat_interval: Duration,
    /// Time for one call.
    pub(super) config_timeout: Duration,
    /// Bytes of frames in one call.
    pub(super) forward_batch: usize,
    /// Time for a bundle.
    pub(super) bundle_timeout: Duration,
    /// Between two looks at what stands still.
    pub(super) move_check_interval: Duration,
    /// What to sign with.
    pub(super) key: Secret,
}

impl FleetArgs {
    /// Names every setting that is missing.
    pub(super) fn check(&self, problems: &mut Problems) {
        let missing = "is needed by a pod of a fleet; a pod that is alone says MODBOT_STANDALONE=true";
        for (name, there) in [
            ("MODBOT_CONFIG_URL", self.config_url.is_some()),
            ("MODBOT_POD", self.pod.is_some()),
            ("MODBOT_POD_URL", self.pod_url.is_some()),
            ("MODBOT_AUTH_POD_KEY", self.auth_pod_key.is_some()),
        ] {
            if !there {
                problems.add(name, missing);
            }
        }
    }

    /// All of it, where nothing is missing.
    pub(super) fn resolve(&self) -> Option<FleetMember> {
        Some(FleetMember {
            config_url: self.config_url.clone()?,
            pod: self.pod?,
            pod_url: self.pod_url.clone()?,
            capacity: self.capacity,
            zone: self.zone.clone(),
            heartbeat_interval: self.heartbeat_interval,
            config_timeout: self.call_timeout,
            forward_batch: self.forward_batch,
            bundle_timeout: self.bundle_timeout,
            move_check_interval: self.move_check_interval,
            key: self.auth_pod_key.clone()?,
        })
    }
}
