//! A panic is a bug: it is logged like everything else, and the process ends.

/// Logs a panic as one log line, then aborts. Going on could leave a lock poisoned or a loop dead
/// behind a readiness that says all is well.
pub(super) fn log_and_abort() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("(not a text)");
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        let backtrace = std::backtrace::Backtrace::force_capture();
        tracing::error!(
            panic.message = message,
            panic.location = location,
            panic.backtrace = %backtrace,
            "panicked; aborting"
        );
        std::process::abort();
    }));
}
