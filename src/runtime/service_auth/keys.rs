//! The keys of each role.

use std::collections::BTreeMap;
use std::fmt;

use super::Role;
use crate::runtime::settings::{Problems, Secret};

/// The shortest key that is accepted, in bytes: as long as the hash.
pub const MIN_KEY_BYTES: usize = 32;

/// The key of one role, and during a rotation a second one.
#[derive(Clone)]
pub struct RoleKeys {
    current: Vec<u8>,
    other: Option<Vec<u8>>,
}

impl RoleKeys {
    /// Keys as texts; their bytes are the key, as they are.
    pub fn new(current: &str, other: Option<&str>) -> Self {
        Self {
            current: current.as_bytes().to_vec(),
            other: other.map(|key| key.as_bytes().to_vec()),
        }
    }
}

/// What a daemon believes: keys by role. A role without keys is never believed.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<Role, RoleKeys>);

impl Keys {
    /// Keys by role.
    pub fn new(keys: impl IntoIterator<Item = (Role, RoleKeys)>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// The keys of a role: none, one or two.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &[u8]> {
        let keys = self.0.get(&role);
        let current = keys.map(|keys| keys.current.as_slice());
        let other = keys.and_then(|keys| keys.other.as_deref());
        current.into_iter().chain(other)
    }
}

/// The key that a caller signs with, and its role.
#[derive(Clone)]
pub struct SigningKey {
    role: Role,
    key: Vec<u8>,
}

impl SigningKey {
    /// A key as text; its bytes are the key.
    pub fn new(role: Role, key: &str) -> Self {
        Self {
            role,
            key: key.as_bytes().to_vec(),
        }
    }

    /// The role it speaks for.
    pub const fn role(&self) -> Role {
        self.role
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.role)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Settings of a daemon that checks signatures: the keys of every role.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Keys of callers (secrets, 32 bytes or more)")]
pub struct AuthSettings {
    /// Key of the gateway pods (required)
    #[arg(long, env = "MODBOT_AUTH_POD_KEY", hide_env_values = true, value_parser = key_setting, value_name = "KEY")]
    pub auth_pod_key: Secret,
    /// Second accepted key of the gateway pods, during a rotation
    #[arg(long, env = "MODBOT_AUTH_POD_KEY_OTHER", hide_env_values = true, value_parser = key_setting, value_name = "KEY")]
    pub auth_pod_key_other: Option<Secret>,
    /// Key of the HTTP tier (required)
    #[arg(long, env = "MODBOT_AUTH_HTTP_KEY", hide_env_values = true, value_parser = key_setting, value_name = "KEY")]
    pub auth_http_key: Secret,
    /// Second accepted key of the HTTP tier, during a rotation
    #[arg(long, env = "MODBOT_AUTH_HTTP_KEY_OTHER", hide_env_values = true, value_parser = key_setting, value_name = "KEY")]
    pub auth_http_key_other: Option<Secret>,
    /// Key of operators (required)
    #[arg(long, env = "MODBOT_AUTH_OPERATOR_KEY", hide_env_values = true, value_parser = key_setting, value_name = "KEY")]
    pub auth_operator_key: Secret,
    /// Second accepted key of operators, during a rotation
    #[arg(long, env = "MODBOT_AUTH_OPERATOR_KEY_OTHER", hide_env_values = true, value_parser = key_setting, value_name = "KEY")]
    pub auth_operator_key_other: Option<Secret>,
}

impl AuthSettings {
    /// The keys, to check with.
    pub fn keys(&self) -> Keys {
        let pair = |current: &Secret, other: &Option<Secret>| {
            RoleKeys::new(current.expose(), other.as_ref().map(Secret::expose))
        };
        Keys::new([
            (Role::Pod, pair(&self.auth_pod_key, &self.auth_pod_key_other)),
            (Role::Http, pair(&self.auth_http_key, &self.auth_http_key_other)),
            (
                Role::Operator,
                pair(&self.auth_operator_key, &self.auth_operator_key_other),
            ),
        ])
    }

    /// Keys that two roles share: either could then speak for the other.
    pub fn check(&self, problems: &mut Problems) {
        let named = [
            ("MODBOT_AUTH_POD_KEY", Role::Pod, Some(&self.auth_pod_key)),
            (
                "MODBOT_AUTH_POD_KEY_OTHER",
                Role::Pod,
                self.auth_pod_key_other.as_ref(),
            ),
            ("MODBOT_AUTH_HTTP_KEY", Role::Http, Some(&self.auth_http_key)),
            (
                "MODBOT_AUTH_HTTP_KEY_OTHER",
                Role::Http,
                self.auth_http_key_other.as_ref(),
            ),
            (
                "MODBOT_AUTH_OPERATOR_KEY",
                Role::Operator,
                Some(&self.auth_operator_key),
            ),
            (
                "MODBOT_AUTH_OPERATOR_KEY_OTHER",
                Role::Operator,
                self.auth_operator_key_other.as_ref(),
            ),
        ];
        let set: Vec<_> = named
            .into_iter()
            .filter_map(|(n, r, k)| Some((n, r, k?)))
            .collect();
        for (number, (variable, role, key)) in set.iter().enumerate() {
            let twin = set[..number]
                .iter()
                .find(|(_, other_role, other)| other_role != role && other.expose() == key.expose());
            if let Some((other, _, _)) = twin {
                problems.add(
                    variable,
                    format!("is the same key as {other}: each role needs its own"),
                );
            }
        }
    }
}

/// The clap value parser of a key: a text of 32 bytes or more.
pub fn key_setting(text: &str) -> Result<Secret, String> {
    if text.len() < MIN_KEY_BYTES {
        return Err(format!(
            "has {} bytes; a key needs {MIN_KEY_BYTES} or more, such as `openssl rand -hex 32` gives",
            text.len()
        ));
    }
    Ok(Secret::new(text))
}
