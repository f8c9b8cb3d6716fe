//! Checking the store's URL before anything is started.

use std::str::FromStr;

use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use super::connection::ConfigDbSettings;

impl ConfigDbSettings {
    /// Whether the URL is one. Says nothing of the server behind it; needs no runtime.
    ///
    /// The parser's own message may quote the URL, and with it the password: it is not passed on.
    pub fn url_is_valid(&self) -> bool {
        PgConnectOptions::from_str(self.url.expose_secret()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_from_what_is_none() {
        for (url, valid) in [
            ("postgres://modbot:secret@db.example:5432/modbot", true),
            ("postgres:///modbot?host=/run/postgresql", true),
            ("postgres://modbot@db.example:port/modbot", false),
            ("db.example", false),
            ("", false),
        ] {
            assert_eq!(
                ConfigDbSettings::new(url.into(), "test").url_is_valid(),
                valid,
                "{url}"
            );
        }
    }
}
