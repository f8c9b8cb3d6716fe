//! Who answers Ctrl-C: the program, which ends; or a verb that has something to finish first.

use std::sync::atomic::{AtomicBool, Ordering};

static BY_THE_VERB: AtomicBool = AtomicBool::new(false);

/// From here on until it is dropped the verb answers interrupts itself.
pub(super) struct Own(());

/// Takes interrupts over.
pub(super) fn own() -> Own {
    BY_THE_VERB.store(true, Ordering::SeqCst);
    Own(())
}

/// Whether a verb answers them.
pub(super) fn are_owned() -> bool {
    BY_THE_VERB.load(Ordering::SeqCst)
}

impl Drop for Own {
    fn drop(&mut self) {
        BY_THE_VERB.store(false, Ordering::SeqCst);
    }
}
