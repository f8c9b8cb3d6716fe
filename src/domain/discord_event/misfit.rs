//! Data that is not what its event promises.

/// A frame that cannot be read: which event, at which field, and what the reader said.
#[derive(Debug, thiserror::Error)]
#[error("{event} does not fit at {path}")]
pub struct Misfit {
    /// The event's name, or `frame` where not even that could be read.
    pub event: String,
    /// The field, such as `author.id`; `.` is the whole.
    pub path: String,
    /// What is wrong there.
    #[source]
    pub source: serde_json::Error,
}

impl Misfit {
    pub(super) fn new(event: &str, path: impl Into<String>, source: serde_json::Error) -> Self {
        Self {
            // Whoever sends a long name shall not fill the log.
            event: event.chars().take(64).collect(),
            path: path.into(),
            source,
        }
    }
}

/// Reads the data of an event, naming the field that does not fit.
pub(super) fn read<'a, T: serde::Deserialize<'a>>(event: &str, data: &'a str) -> Result<T, Misfit> {
    let mut json = serde_json::Deserializer::from_str(data);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        Misfit::new(event, path, error.into_inner())
    })
}
