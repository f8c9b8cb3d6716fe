//! What was changed on the way, counted: nothing is normalised in silence.

use super::instant::Spelling;

/// How often each normalisation was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    spellings: [u64; Spelling::ALL.len()],
    /// Instants that said `CURRENT_TIMESTAMP` and were taken from a snowflake of their row.
    pub literal_from_id: u64,
    /// Instants that said `CURRENT_TIMESTAMP` and are NULL now.
    pub literal_to_null: u64,
    /// Text keys that a column of numeric affinity had made integers.
    pub numeric_keys: u64,
    /// Settings that were NULL and come back as `{}`.
    pub null_settings: u64,
    /// Settings or flags that are not a JSON object with each key once: kept as text.
    pub odd_json: u64,
    /// Settings or flags that come back as the same object in normal form, not as the same text.
    pub reformatted_json: u64,
}

impl Tally {
    /// Counts an instant.
    pub(super) const fn spelt(&mut self, spelling: Spelling) {
        self.spellings[spelling as usize] += 1;
    }

    /// How many instants were spelt so.
    pub const fn spelling(&self, spelling: Spelling) -> u64 {
        self.spellings[spelling as usize]
    }

    /// Adds what another part of the work has counted.
    pub fn add(&mut self, other: &Self) {
        for (mine, more) in self.spellings.iter_mut().zip(other.spellings) {
            *mine += more;
        }
        self.literal_from_id += other.literal_from_id;
        self.literal_to_null += other.literal_to_null;
        self.numeric_keys += other.numeric_keys;
        self.null_settings += other.null_settings;
        self.odd_json += other.odd_json;
        self.reformatted_json += other.reformatted_json;
    }

    /// Every count that is not zero, by a name that is stable in machine output; the normal form of instants is
    /// no change.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.all().into_iter().filter(|(_, count)| *count > 0)
    }

    /// The names of all counts.
    pub fn names() -> [&'static str; 11] {
        Self::default().all().map(|(name, _)| name)
    }

    fn all(&self) -> [(&'static str, u64); 11] {
        [
            ("instant_iso_other", self.spelling(Spelling::IsoOther)),
            ("instant_sql", self.spelling(Spelling::Sql)),
            ("instant_date", self.spelling(Spelling::Date)),
            ("instant_millis", self.spelling(Spelling::Millis)),
            ("instant_js_date", self.spelling(Spelling::JsDate)),
            ("literal_from_id", self.literal_from_id),
            ("literal_to_null", self.literal_to_null),
            ("numeric_keys", self.numeric_keys),
            ("null_settings", self.null_settings),
            ("odd_json", self.odd_json),
            ("reformatted_json", self.reformatted_json),
        ]
    }
}
