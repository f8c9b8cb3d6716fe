//! Sums of row hashes: per table, and for a whole guild.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::RowHash;

/// How many rows a table has of a guild, and the sum of their hashes modulo 2^128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableDigest {
    /// Rows.
    pub rows: u64,
    /// Sum of the rows' hashes.
    pub sum: u128,
}

impl TableDigest {
    /// Takes a row in.
    pub fn add(&mut self, row: RowHash) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(row.get());
    }

    /// Takes a row out.
    pub fn remove(&mut self, row: RowHash) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(row.get());
    }

    /// Both sets of rows together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows.wrapping_add(other.rows),
            sum: self.sum.wrapping_add(other.sum),
        }
    }

    /// These rows without the others.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows.wrapping_sub(other.rows),
            sum: self.sum.wrapping_sub(other.sum),
        }
    }

    /// The sum as 16 bytes, least significant first: how columns hold it.
    pub const fn sum_bytes(&self) -> [u8; 16] {
        self.sum.to_le_bytes()
    }
}

/// The digests of a guild's tables by name. A table without rows says nothing, whether it is listed or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableDigests(BTreeMap<String, TableDigest>);

impl TableDigests {
    /// The digest of one table; empty where it is not listed.
    pub fn get(&self, table: &str) -> TableDigest {
        self.0.get(table).copied().unwrap_or_default()
    }

    /// Sets the digest of one table.
    pub fn set(&mut self, table: &str, digest: TableDigest) {
        if digest == TableDigest::default() {
            self.0.remove(table);
        } else {
            self.0.insert(table.to_owned(), digest);
        }
    }

    /// Every table with rows, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TableDigest)> {
        self.0.iter().map(|(name, digest)| (name.as_str(), *digest))
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.0
            .values()
            .fold(0, |rows, digest| rows.wrapping_add(digest.rows))
    }

    /// One digest for all tables: SHA-256 over `name`, rows and sum of each, by name.
    pub fn total(&self) -> GuildDigest {
        let mut hash = Sha256::new();
        for (name, digest) in &self.0 {
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update(digest.rows.to_le_bytes());
            hash.update(digest.sum_bytes());
        }
        GuildDigest(hash.finalize().into())
    }

    /// The tables that differ, each with this side's digest and the other's.
    pub fn differences(&self, other: &Self) -> Vec<(String, TableDigest, TableDigest)> {
        let mut names: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .map(|name| (name.clone(), self.get(name), other.get(name)))
            .filter(|(_, ours, theirs)| ours != theirs)
            .collect()
    }
}

impl FromIterator<(String, TableDigest)> for TableDigests {
    fn from_iter<I: IntoIterator<Item = (String, TableDigest)>>(tables: I) -> Self {
        let mut digests = Self::default();
        tables
            .into_iter()
            .for_each(|(name, digest)| digests.set(&name, digest));
        digests
    }
}

/// One digest for a whole guild: 64 hexadecimal digits to people and in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuildDigest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct GuildDigestError;

impl GuildDigest {
    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 digits: enough to tell two apart by eye.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for GuildDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for GuildDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("digest/")?;
        f.write_str(&self.short())
    }
}

impl FromStr for GuildDigest {
    type Err = GuildDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| GuildDigestError)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for GuildDigest {
    type Error = GuildDigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GuildDigest> for String {
    fn from(digest: GuildDigest) -> Self {
        let mut text = Self::with_capacity(64);
        let _ = write!(text, "{digest}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::{RowHasher, Value};

    fn row(number: i64) -> RowHash {
        let mut hasher = RowHasher::for_table("t");
        hasher.push(Value::Integer(number));
        hasher.finish()
    }

    fn table(rows: &[i64]) -> TableDigest {
        let mut digest = TableDigest::default();
        for number in rows {
            digest.add(row(*number));
        }
        digest
    }

    #[test]
    fn rows_have_no_order_and_can_be_taken_back() {
        assert_eq!(table(&[1, 2, 3]), table(&[3, 1, 2]));
        assert_ne!(table(&[1, 2]), table(&[1, 2, 2]));
        let mut digest = table(&[1, 2, 3]);
        digest.remove(row(2));
        assert_eq!(digest, table(&[1, 3]));
        assert_eq!(table(&[1, 2]).plus(table(&[3])), table(&[1, 2, 3]));
        assert_eq!(table(&[1, 2, 3]).minus(table(&[2])), table(&[1, 3]));
    }

    #[test]
    fn an_empty_table_says_nothing() {
        let mut digests = TableDigests::default();
        let nothing = digests.total();
        digests.set("t", TableDigest::default());
        assert_eq!(digests.total(), nothing);
        digests.set("t", table(&[1]));
        assert_ne!(digests.total(), nothing);
        assert_eq!(digests.rows(), 1);
    }

    #[test]
    fn names_the_tables_that_differ() {
        let ours: TableDigests = [("a".to_owned(), table(&[1])), ("b".to_owned(), table(&[2]))]
            .into_iter()
            .collect();
        let theirs: TableDigests = [("b".to_owned(), table(&[2])), ("c".to_owned(), table(&[3]))]
            .into_iter()
            .collect();
        let names: Vec<String> = ours
            .differences(&theirs)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(names, ["a", "c"]);
        assert_ne!(ours.total(), theirs.total());
    }

    #[test]
    fn a_guild_digest_reads_back() {
        let digest = TableDigests::default().total();
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(
            serde_json::from_str::<GuildDigest>(&serde_json::to_string(&digest).unwrap()).unwrap(),
            digest
        );
        assert_eq!("12".parse::<GuildDigest>(), Err(GuildDigestError));
    }
}
