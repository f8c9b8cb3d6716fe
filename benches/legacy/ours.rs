//! Our side: what `modbotctl legacy split` does.

use std::num::NonZeroU32;
use std::path::Path;

use modbot::domain::ids::NumShards;
use modbot::operations::legacy::progress::Silent;
use modbot::operations::legacy::split::{self, Options, Placement};
use modbot::runtime::clock::SystemClock;

pub(crate) fn split(source: &Path, out: &Path, pods: u32) {
    let options = Options {
        placement: Placement::Even(NonZeroU32::new(pods).unwrap()),
        num_shards: NumShards::DEFAULT,
        writers: split::usual_writers(),
        leave: Vec::new(),
    };
    split::split(source, out, &std::env::temp_dir(), options, &SystemClock, &Silent).unwrap();
}
