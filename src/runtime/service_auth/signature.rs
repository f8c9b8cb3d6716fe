//! The signed text, its signature, and checking it.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{Keys, Role, SigningKey};

/// How far a request's time may be from the checker's clock, either way, in milliseconds.
pub const WINDOW_MS: i64 = 30_000;

/// The header that says what a caller has seen of the config store. Signed too: it can make the store recover.
pub const KNOWN_HEADER: &str = "modbot-known";

/// What a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// Path and query exactly as on the request line.
    pub path_and_query: &'a str,
    /// The body; empty where there is none.
    pub body: &'a [u8],
    /// The value of [`KNOWN_HEADER`]; empty where there is none.
    pub known: &'a str,
}

/// The three headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `modbot-auth-role`.
    pub role: String,
    /// `modbot-auth-time`: Unix milliseconds.
    pub time: String,
    /// `modbot-auth-signature`: 64 lower-case hexadecimal digits.
    pub signature: String,
}

/// Why a request is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// A header is not there.
    #[error("the request is not signed: it lacks the header {0}")]
    Missing(&'static str),
    /// A header is there and makes no sense.
    #[error("the header {0} is malformed")]
    Malformed(&'static str),
    /// No key of that role makes this signature.
    #[error("the signature does not fit the request and any key of the role {0}")]
    WrongSignature(Role),
    /// Signed well, but too long ago or too far ahead.
    #[error("the request was signed {}", apart(*.0))]
    OutOfWindow(i64),
}

fn apart(age_ms: i64) -> String {
    let seconds = age_ms.abs() / 1000;
    if age_ms >= 0 {
        format!("{seconds} s ago by this machine's clock; 30 s are allowed")
    } else {
        format!("{seconds} s in the future by this machine's clock; 30 s are allowed")
    }
}

/// Signs a request at `now_ms` (Unix milliseconds).
pub fn sign(key: &SigningKey, request: &Signed<'_>, now_ms: i64) -> SignedHeaders {
    let time = now_ms.to_string();
    let signature = mac(key.bytes(), key.role(), request, &time)
        .finalize()
        .into_bytes();
    SignedHeaders {
        role: key.role().as_str().to_owned(),
        time,
        signature: hex::encode(signature),
    }
}

/// The role that signed the request, if one did within the window around `now_ms`.
///
/// The signature is checked before the time, so that "too old" is only said of a request that was once
/// good: it then means a slow clock or a replay and nothing else.
pub fn verify(
    keys: &Keys,
    headers: &SignedHeaders,
    request: &Signed<'_>,
    now_ms: i64,
) -> Result<Role, AuthError> {
    let role: Role = headers
        .role
        .parse()
        .map_err(|_| AuthError::Malformed("modbot-auth-role"))?;
    let time: i64 = headers
        .time
        .parse()
        .map_err(|_| AuthError::Malformed("modbot-auth-time"))?;
    let mut signature = [0_u8; 32];
    hex::decode_to_slice(&headers.signature, &mut signature)
        .map_err(|_| AuthError::Malformed("modbot-auth-signature"))?;
    let mut good = subtle::Choice::from(0);
    // Every key is tried, so that the time taken does not say which one fits.
    for key in keys.of(role) {
        let expected = mac(key, role, request, &headers.time).finalize().into_bytes();
        good |= subtle::ConstantTimeEq::ct_eq(expected.as_slice(), signature.as_slice());
    }
    if !bool::from(good) {
        return Err(AuthError::WrongSignature(role));
    }
    let age = now_ms.saturating_sub(time);
    if age.saturating_abs() > WINDOW_MS {
        return Err(AuthError::OutOfWindow(age));
    }
    Ok(role)
}

fn mac(key: &[u8], role: Role, request: &Signed<'_>, time: &str) -> Hmac<Sha256> {
    let mut text = String::with_capacity(192 + request.path_and_query.len());
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "modbot-hmac-sha256-v1\n{}\n{}\n{}\n{}\n{}\n",
        role.as_str(),
        request.method,
        request.path_and_query,
        time,
        request.known,
    );
    text.push_str(&hex::encode(Sha256::digest(request.body)));
    // HMAC takes a key of any length: `new_from_slice` has no failing case for it.
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).unwrap_or_else(|_| unreachable!());
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::service_auth::RoleKeys;

    const NOW: i64 = 1_700_000_000_000;
    const OLD: &str = "an-old-key-of-the-pods-0123456789abcdef";
    const NEW: &str = "the-new-key-of-the-pods-0123456789abcdef";
    const OTHER: &str = "the-key-of-the-http-tier-0123456789abcdef";

    fn keys() -> Keys {
        Keys::new([
            (Role::Pod, RoleKeys::new(NEW, Some(OLD))),
            (Role::Http, RoleKeys::new(OTHER, None)),
        ])
    }

    fn request() -> Signed<'static> {
        Signed {
            method: "POST",
            path_and_query: "/v1/guilds/place?x=1",
            body: b"{}",
            known: "",
        }
    }

    fn signed(key: &str) -> SignedHeaders {
        sign(&SigningKey::new(Role::Pod, key), &request(), NOW)
    }

    #[test]
    fn both_keys_of_a_role_are_believed_within_the_window() {
        for key in [OLD, NEW] {
            for now in [NOW - WINDOW_MS, NOW, NOW + WINDOW_MS] {
                assert_eq!(verify(&keys(), &signed(key), &request(), now), Ok(Role::Pod));
            }
        }
    }

    #[test]
    fn the_signature_is_the_documented_one() {
        // Computed with: printf 'modbot-hmac-sha256-v1\npod\nPOST\n/v1/guilds/place?x=1\n1700000000000\n\n%s' \
        //   "$(printf '{}' | sha256sum | cut -d' ' -f1)" | openssl dgst -sha256 -hmac 'the-new-key-of-the-pods-0123456789abcdef'
        assert_eq!(
            signed(NEW).signature,
            "2c1d12b46e927fb1ffb6365a4536b6b7126d658cfd2011f2e0bdba1aa5e6984a"
        );
    }

    #[test]
    fn an_old_request_and_one_from_the_future_are_refused() {
        let late = verify(&keys(), &signed(NEW), &request(), NOW + WINDOW_MS + 1);
        assert_eq!(late, Err(AuthError::OutOfWindow(WINDOW_MS + 1)));
        let early = verify(&keys(), &signed(NEW), &request(), NOW - WINDOW_MS - 1);
        assert_eq!(early, Err(AuthError::OutOfWindow(-WINDOW_MS - 1)));
        let mut far = signed(NEW);
        far.time = i64::MIN.to_string();
        assert!(verify(&keys(), &far, &request(), NOW).is_err());
    }

    #[test]
    fn a_changed_method_path_body_position_time_or_role_breaks_the_signature() {
        let good = request();
        let changed = [
            Signed {
                method: "PUT",
                ..good
            },
            Signed {
                path_and_query: "/v1/guilds/place?x=2",
                ..good
            },
            Signed { body: b"{ }", ..good },
            Signed { known: "x", ..good },
        ];
        for request in changed {
            let error = verify(&keys(), &signed(NEW), &request, NOW);
            assert_eq!(error, Err(AuthError::WrongSignature(Role::Pod)));
        }
        let mut later = signed(NEW);
        later.time = (NOW + 1).to_string();
        assert!(verify(&keys(), &later, &request(), NOW).is_err());
        let mut risen = signed(NEW);
        risen.role = "http".to_owned();
        assert_eq!(
            verify(&keys(), &risen, &request(), NOW),
            Err(AuthError::WrongSignature(Role::Http))
        );
        risen.role = "operator".to_owned();
        assert!(
            verify(&keys(), &risen, &request(), NOW).is_err(),
            "a role without keys"
        );
    }

    #[test]
    fn a_wrong_key_and_malformed_headers_are_refused() {
        let wrong = verify(&keys(), &signed(OTHER), &request(), NOW);
        assert_eq!(wrong, Err(AuthError::WrongSignature(Role::Pod)));
        for (role, time, signature) in [("king", "1", "00"), ("pod", "soon", "00"), ("pod", "1", "zz")] {
            let headers = SignedHeaders {
                role: role.to_owned(),
                time: time.to_owned(),
                signature: signature.to_owned(),
            };
            assert!(matches!(
                verify(&keys(), &headers, &request(), NOW),
                Err(AuthError::Malformed(_))
            ));
        }
    }
}
