//! The portal's accounts.

use super::change::By;
use super::connection::ConfigDb;
use super::error::StoreError;
use super::stamp::Stamped;

/// An account of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalUser {
    /// Its id.
    pub user_id: String,
    /// Who vouches for the person: `discord`.
    pub auth_provider: String,
    /// The person's id there.
    pub external_id: String,
    /// Where they may be written to.
    pub email: Option<String>,
}

impl ConfigDb {
    /// Adds accounts that are not there yet, in one change; answers how many were new. Those that are there stay as
    /// they are.
    pub async fn add_portal_users(&self, users: &[PortalUser], by: &By) -> Result<Stamped<u64>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let column = |of: fn(&PortalUser) -> &str| -> Vec<String> {
            users.iter().map(|user| of(user).to_owned()).collect()
        };
        let ids = column(|user| &user.user_id);
        let providers = column(|user| &user.auth_provider);
        let externals = column(|user| &user.external_id);
        let emails: Vec<Option<String>> = users.iter().map(|user| user.email.clone()).collect();
        let added = sqlx::query!(
            "insert into portal_user (user_id, auth_provider, external_id, email)
             select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
             on conflict (user_id) do nothing",
            &ids,
            &providers,
            &externals,
            &emails as &[Option<String>]
        )
        .execute(&mut *change.tx)
        .await?
        .rows_affected();
        if added > 0 {
            change.record(
                "users.load",
                "portal".to_owned(),
                serde_json::json!({ "added": added }),
            );
        }
        change.commit(self, added).await
    }
}
