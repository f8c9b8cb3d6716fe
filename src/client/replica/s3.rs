//! Replicas in S3, or in what speaks its protocol.

use std::error::Error as StdError;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{BucketError, BucketErrorKind, BucketOptions, S3Place};
use crate::domain::replica::Object;
use crate::runtime::error_chain::Chain;

/// Where nothing says a region and the server is not AWS, which asks for none.
const ANY_REGION: &str = "us-east-1";

/// An access key given in settings.
#[derive(Debug, Clone)]
pub struct StaticKeys {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
}

#[derive(Debug)]
pub(super) struct S3 {
    client: Client,
    place: S3Place,
    /// The prefix of every key, with its closing slash.
    prefix: String,
}

impl S3 {
    pub(super) async fn open(place: S3Place, options: &BucketOptions) -> Self {
        let http = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(options.connect_timeout)
            .operation_attempt_timeout(options.attempt_timeout)
            .build();
        // One layer retries, the bucket's: the SDK's own does not cover a body that breaks off.
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled());
        let region = place
            .region
            .clone()
            .or_else(|| place.endpoint.is_some().then(|| ANY_REGION.to_owned()));
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if let Some(endpoint) = &place.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(keys) = &options.keys {
            let secret = keys.secret_access_key.expose_secret();
            loader = loader.credentials_provider(Credentials::new(
                &keys.access_key_id,
                secret,
                None,
                None,
                "settings",
            ));
        }
        let shared = loader.load().await;
        let path_style = place.path_style.unwrap_or(place.endpoint.is_some());
        let config = aws_sdk_s3::config::Builder::from(&shared)
            .force_path_style(path_style)
            .build();
        let prefix = match place.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self {
            client: Client::from_conf(config),
            place,
            prefix,
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<Object>, BucketError> {
        let target = format!("s3://{}/{}", self.place.bucket, self.prefix);
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.place.bucket)
            .prefix(&self.prefix)
            .into_paginator()
            .send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| told("list", &target, &error))?;
            for object in page.contents() {
                let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) else {
                    continue;
                };
                let modified = object.last_modified().and_then(|time| time.to_millis().ok());
                objects.push(Object {
                    key: key.to_owned(),
                    bytes: object.size().unwrap_or_default().try_into().unwrap_or_default(),
                    modified: modified
                        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
                        .unwrap_or_default(),
                });
            }
        }
        Ok(objects)
    }

    pub(super) async fn read(&self, key: &str, offset: u64, bytes: u64) -> Result<Bytes, BucketError> {
        if bytes == 0 {
            return Ok(Bytes::new());
        }
        let key = format!("{}{key}", self.prefix);
        let target = format!("s3://{}/{key}", self.place.bucket);
        let answer = self
            .client
            .get_object()
            .bucket(&self.place.bucket)
            .key(key)
            .range(format!("bytes={offset}-{}", offset + bytes - 1))
            .send()
            .await
            .map_err(|error| told("read", &target, &error))?;
        let broken = |kind, what: String| BucketError::new("read", &target, kind, what);
        // A server that ignores ranges would send the whole object: refuse before reading it.
        let length = answer.content_length().unwrap_or_default();
        if u64::try_from(length) != Ok(bytes) {
            let what = format!("{length} bytes were offered for a range of {bytes}");
            return Err(broken(BucketErrorKind::Refused, what));
        }
        let body = answer
            .body
            .collect()
            .await
            .map_err(|error| broken(BucketErrorKind::Transient, Chain(&error).to_string()))?;
        let body = body.into_bytes();
        if body.len() as u64 == bytes {
            Ok(body)
        } else {
            let what = format!("{} bytes came of {bytes}", body.len());
            Err(broken(BucketErrorKind::Transient, what))
        }
    }
}

/// Sorts an SDK error by what to do about it.
fn told<E>(action: &'static str, target: &str, error: &SdkError<E>) -> BucketError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .unwrap_or_default();
    let kind = match (status, code, error) {
        (_, "NoSuchKey" | "NoSuchBucket", _) | (Some(404), ..) => BucketErrorKind::Missing,
        (Some(401 | 403), ..) => BucketErrorKind::Denied,
        (Some(429 | 500..=599), ..) | (_, "SlowDown" | "RequestTimeout" | "InternalError", _) => {
            BucketErrorKind::Transient
        }
        (Some(_), ..) | (None, _, SdkError::ConstructionFailure(_)) => BucketErrorKind::Refused,
        (None, ..) => no_answer(error),
    };
    let what = match error.as_service_error() {
        Some(answer) => format!(
            "{} ({})",
            answer.message().unwrap_or("no message"),
            status_text(status, code)
        ),
        None => Chain(error).to_string(),
    };
    BucketError::new(action, target, kind, what)
}

fn status_text(status: Option<u16>, code: &str) -> String {
    let status = status.map_or_else(|| "no status".to_owned(), |status| format!("HTTP {status}"));
    if code.is_empty() {
        status
    } else {
        format!("{code}, {status}")
    }
}

/// Without an answer it is the network, unless the credentials were not even found.
fn no_answer<E: StdError + 'static>(error: &SdkError<E>) -> BucketErrorKind {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(step) = cause {
        let text = step.to_string();
        if text.contains("credentials") {
            return BucketErrorKind::Denied;
        }
        cause = step.source();
    }
    BucketErrorKind::Transient
}
