//! Checks signatures in front of routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::signature::{AuthError, KNOWN_HEADER, Signed, SignedHeaders, verify};
use super::{Keys, Role};
use crate::runtime::clock::Clock;
use crate::runtime::problem::Problem;

/// What checks a signature: the keys and the clock.
#[derive(Clone)]
pub struct Guard {
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl Guard {
    /// A guard with these keys.
    pub fn new(keys: Keys, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }
}

/// The role that signed a request: in the extensions of every request behind [`require`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller(pub Role);

#[derive(Clone)]
struct Gate {
    guard: Guard,
    roles: &'static [Role],
}

/// The routes, open to these roles only: 401 for a request that is not believed, 403 for another role.
///
/// Expects the body in memory, as [`crate::runtime::server::framed`] gives it.
pub fn require<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    guard: &Guard,
    roles: &'static [Role],
) -> Router<S> {
    let gate = Gate {
        guard: guard.clone(),
        roles,
    };
    routes.route_layer(from_fn_with_state(gate, check))
}

async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // In memory already, and bounded: this only takes it out of its box.
    let body = match axum::body::to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return Problem::internal(&error).into_response(),
    };
    let signed = Signed {
        method: parts.method.as_str(),
        path_and_query: parts.uri.path_and_query().map_or("/", |path| path.as_str()),
        body: &body,
        known: known(&parts.headers),
    };
    let now = gate.guard.clock.unix_ms();
    let believed =
        headers(&parts.headers).and_then(|headers| verify(&gate.guard.keys, &headers, &signed, now));
    match believed {
        Ok(role) if gate.roles.contains(&role) => {
            parts.extensions.insert(Caller(role));
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Ok(role) => forbidden(role, gate.roles).into_response(),
        Err(error) => unauthorized(&error).into_response(),
    }
}

/// What the caller says it has seen; a value that is no text fits no signature.
fn known(headers: &HeaderMap) -> &str {
    let value = headers.get(KNOWN_HEADER);
    value.map_or("", |value| value.to_str().unwrap_or("?"))
}

fn headers(headers: &HeaderMap) -> Result<SignedHeaders, AuthError> {
    let text = |name: &'static str| {
        let value = headers.get(name).ok_or(AuthError::Missing(name))?;
        value
            .to_str()
            .map(str::to_owned)
            .map_err(|_| AuthError::Malformed(name))
    };
    Ok(SignedHeaders {
        role: text("modbot-auth-role")?,
        time: text("modbot-auth-time")?,
        signature: text("modbot-auth-signature")?,
    })
}

fn unauthorized(error: &AuthError) -> Problem {
    let (code, hint) = match error {
        AuthError::Missing(_) | AuthError::Malformed(_) => {
            ("unsigned", "sign the request as docs/service-auth.md says")
        }
        AuthError::WrongSignature(_) => (
            "wrong_signature",
            "compare the caller's key with this daemon's MODBOT_AUTH_*_KEY; nothing on the way may rewrite path or body",
        ),
        AuthError::OutOfWindow(_) => ("out_of_window", "compare the clocks of both machines"),
    };
    Problem::new(StatusCode::UNAUTHORIZED, code, error.to_string()).hint(hint)
}

fn forbidden(role: Role, roles: &[Role]) -> Problem {
    let allowed: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    Problem::new(
        StatusCode::FORBIDDEN,
        "wrong_role",
        format!(
            "the role {role} may not do this; it is for: {}",
            allowed.join(", ")
        ),
    )
}
