//! Where in the store's history an answer stands: four headers of every answer, one of a request.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::ids::Revision;
use crate::domain::store_stamp::{StorePosition, StoreStamp};
use crate::runtime::service_auth::KNOWN_HEADER;

/// The store's id.
pub const HEADER_ID: HeaderName = HeaderName::from_static("modbot-store-id");
/// PostgreSQL's timeline.
pub const HEADER_TIMELINE: HeaderName = HeaderName::from_static("modbot-store-timeline");
/// The store's revision.
pub const HEADER_REVISION: HeaderName = HeaderName::from_static("modbot-store-revision");
/// `normal` or `recovering`.
pub const HEADER_MODE: HeaderName = HeaderName::from_static("modbot-store-mode");
/// Of a request: the highest position its sender has seen, `<store id>/<timeline>/<revision>`.
pub const HEADER_KNOWN: HeaderName = HeaderName::from_static(KNOWN_HEADER);

/// A value and where in the store's history it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub stamp: StoreStamp,
}

/// Writes a stamp into an answer's headers.
pub fn write_stamp(stamp: &StoreStamp, headers: &mut HeaderMap) {
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = stamp.position.store_id.hyphenated().encode_lower(&mut buffer);
    for (name, value) in [
        (HEADER_ID, &*id),
        (HEADER_TIMELINE, stamp.position.timeline.as_str()),
    ] {
        // Hexadecimal digits and hyphens are a valid header value.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(HEADER_REVISION, HeaderValue::from(stamp.position.revision.get()));
    let mode = if stamp.recovering { "recovering" } else { "normal" };
    headers.insert(HEADER_MODE, HeaderValue::from_static(mode));
}

/// Reads a stamp from an answer's headers; none where they are not those of a config daemon.
pub fn read_stamp(headers: &HeaderMap) -> Option<StoreStamp> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    Some(StoreStamp {
        position: StorePosition {
            store_id: text(HEADER_ID)?.parse().ok()?,
            timeline: text(HEADER_TIMELINE)?.to_owned(),
            revision: Revision::new(text(HEADER_REVISION)?.parse().ok()?),
        },
        recovering: match text(HEADER_MODE)? {
            "normal" => false,
            "recovering" => true,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        for recovering in [false, true] {
            let stamp = StoreStamp {
                position: StorePosition {
                    store_id: uuid::Uuid::from_u128(7),
                    timeline: "0000000A".to_owned(),
                    revision: Revision::new(12),
                },
                recovering,
            };
            let mut headers = HeaderMap::new();
            write_stamp(&stamp, &mut headers);
            assert_eq!(read_stamp(&headers), Some(stamp));
        }
        assert_eq!(read_stamp(&HeaderMap::new()), None);
    }
}
