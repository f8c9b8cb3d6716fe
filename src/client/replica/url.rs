//! `file://` and `s3://` URLs of replicas, as Litestream writes them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;

/// Where replicas are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaUrl {
    /// A directory, by its absolute path.
    Directory(PathBuf),
    /// A bucket.
    S3(S3Place),
}

/// A prefix in a bucket, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct S3Place {
    /// The bucket.
    pub bucket: String,
    /// The prefix, without slashes at either end; empty for the whole bucket.
    pub prefix: String,
    /// The server, where it is not AWS.
    pub endpoint: Option<String>,
    /// The region; with an endpoint, `us-east-1` unless given.
    pub region: Option<String>,
    /// Whether the bucket goes into the path; implied by an endpoint, as in Litestream.
    pub path_style: Option<bool>,
}

/// Why a text is no replica URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplicaUrlError {
    /// Neither form.
    #[error(
        "{0:?} is no replica URL: write file:///absolute/path or s3://bucket/prefix?endpoint=...&region=..."
    )]
    Form(String),
    /// A query parameter that means nothing here.
    #[error("the replica URL has the parameter {0:?}: known are endpoint, region and forcePathStyle")]
    Parameter(String),
    /// A parameter with a value that it cannot have.
    #[error("the replica URL's {name} cannot be {value:?}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

impl ReplicaUrl {
    /// The place below this one, as in `pod-3/lineage-2`.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        match self {
            Self::Directory(path) => Self::Directory(path.join(below)),
            Self::S3(place) => Self::S3(S3Place {
                prefix: [place.prefix.as_str(), below]
                    .iter()
                    .filter(|p| !p.is_empty())
                    .fold(String::new(), |joined, part| {
                        if joined.is_empty() {
                            (*part).to_owned()
                        } else {
                            format!("{joined}/{part}")
                        }
                    }),
                ..place.clone()
            }),
        }
    }

    fn s3(url: &Url, text: &str) -> Result<Self, ReplicaUrlError> {
        let bucket = url.host_str().filter(|host| !host.is_empty());
        let bucket = bucket.ok_or_else(|| ReplicaUrlError::Form(text.to_owned()))?;
        let mut place = S3Place {
            bucket: bucket.to_owned(),
            prefix: url.path().trim_matches('/').to_owned(),
            ..S3Place::default()
        };
        for (name, value) in url.query_pairs() {
            match &*name {
                "endpoint" => place.endpoint = Some(endpoint(&value)?),
                "region" => place.region = Some(value.into_owned()),
                "forcePathStyle" | "force-path-style" => place.path_style = Some(boolean(&value)?),
                _ => return Err(ReplicaUrlError::Parameter(name.into_owned())),
            }
        }
        Ok(Self::S3(place))
    }
}

fn endpoint(value: &str) -> Result<String, ReplicaUrlError> {
    let with_scheme = if value.contains("://") {
        value.to_owned()
    } else {
        format!("https://{value}")
    };
    let is_server =
        Url::parse(&with_scheme).is_ok_and(|url| url.has_host() && url.scheme().starts_with("http"));
    if is_server {
        Ok(with_scheme)
    } else {
        Err(ReplicaUrlError::Value {
            name: "endpoint",
            value: value.to_owned(),
        })
    }
}

fn boolean(value: &str) -> Result<bool, ReplicaUrlError> {
    value.parse().map_err(|_| ReplicaUrlError::Value {
        name: "forcePathStyle",
        value: value.to_owned(),
    })
}

impl FromStr for ReplicaUrl {
    type Err = ReplicaUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || ReplicaUrlError::Form(text.to_owned());
        // A bare path is what shells complete; it means the same as its URL.
        if text.starts_with('/') {
            return Ok(Self::Directory(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|_| form())?;
        match url.scheme() {
            "file" => url.to_file_path().map(Self::Directory).map_err(|()| form()),
            "s3" => Self::s3(&url, text),
            _ => Err(form()),
        }
    }
}

impl fmt::Display for ReplicaUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "file://{}", path.display()),
            Self::S3(place) => {
                write!(f, "s3://{}", place.bucket)?;
                if !place.prefix.is_empty() {
                    write!(f, "/{}", place.prefix)?;
                }
                if let Some(endpoint) = &place.endpoint {
                    write!(f, "?endpoint={endpoint}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_litestream_takes() {
        let place = |text: &str| match text.parse() {
            Ok(ReplicaUrl::S3(place)) => place,
            other => panic!("{other:?}"),
        };
        let full =
            place("s3://backups/modbot/pod-3?endpoint=http://127.0.0.1:9000&region=eu-1&forcePathStyle=true");
        assert_eq!(
            (full.bucket.as_str(), full.prefix.as_str()),
            ("backups", "modbot/pod-3")
        );
        assert_eq!(full.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(
            (full.region.as_deref(), full.path_style),
            (Some("eu-1"), Some(true))
        );
        assert_eq!(place("s3://backups").prefix, "");
        assert_eq!(
            place("s3://b?endpoint=s3.example.org").endpoint.unwrap(),
            "https://s3.example.org"
        );
        assert_eq!(
            ReplicaUrl::S3(place("s3://b")).join("pod-1").to_string(),
            "s3://b/pod-1"
        );
        assert_eq!(
            ReplicaUrl::S3(full)
                .join("lineage-2")
                .to_string()
                .split('?')
                .next(),
            Some("s3://backups/modbot/pod-3/lineage-2")
        );
        let directory: ReplicaUrl = "file:///var/replicas".parse().unwrap();
        assert_eq!(directory, "/var/replicas".parse().unwrap());
        assert_eq!(directory.join("pod-3").to_string(), "file:///var/replicas/pod-3");
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in [
            "",
            "replica",
            "file://replica/x",
            "s3:///x",
            "gs://b/x",
            "http://x/y",
        ] {
            assert!(
                matches!(text.parse::<ReplicaUrl>(), Err(ReplicaUrlError::Form(_))),
                "{text}"
            );
        }
        assert!(matches!(
            "s3://b?partSize=5".parse::<ReplicaUrl>(),
            Err(ReplicaUrlError::Parameter(name)) if name == "partSize"
        ));
        assert!(matches!(
            "s3://b?forcePathStyle=yes".parse::<ReplicaUrl>(),
            Err(ReplicaUrlError::Value { .. })
        ));
    }
}
