//! The hash of one row.

use twox_hash::xxhash3_128::Hasher;

/// A value as the database holds it: `1`, `1.0`, `'1'` and `x'31'` are four different ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A 64-bit float.
    Real(f64),
    /// Text; its bytes as they stand, valid or not.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// The hash of one row of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowHash(u128);

impl RowHash {
    /// The hash as a number, to be summed modulo 2^128.
    pub const fn get(self) -> u128 {
        self.0
    }

    /// As 16 bytes, least significant first.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// From the bytes that [`Self::to_bytes`] gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }
}

/// Hashes rows of one table, value by value, in the order of its columns.
///
/// The hash is XXH3-128 over one tag byte per value, then for an integer or float its eight bytes (least significant
/// first, floats by their IEEE 754 bits), for text and bytes their length in eight bytes and themselves. The table's
/// name is the seed. The encoding has no two readings, so different rows differ before hashing.
#[derive(Debug, Clone)]
pub struct RowHasher {
    seed: u64,
    row: Vec<u8>,
}

impl RowHasher {
    /// A hasher for the rows of this table.
    pub fn for_table(name: &str) -> Self {
        let [low, ..] = split(Hasher::oneshot(name.as_bytes()));
        Self {
            seed: low,
            row: Vec::with_capacity(512),
        }
    }

    /// Adds the next value of the row.
    pub fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.row.push(0),
            Value::Integer(number) => self.push_fixed(1, number.to_le_bytes()),
            Value::Real(number) => self.push_fixed(2, number.to_bits().to_le_bytes()),
            Value::Text(bytes) => self.push_bytes(3, bytes),
            Value::Blob(bytes) => self.push_bytes(4, bytes),
        }
    }

    fn push_fixed(&mut self, tag: u8, bytes: [u8; 8]) {
        let mut cell = [tag; 9];
        cell[1..].copy_from_slice(&bytes);
        self.row.extend_from_slice(&cell);
    }

    fn push_bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.push_fixed(tag, (bytes.len() as u64).to_le_bytes());
        self.row.extend_from_slice(bytes);
    }

    /// The hash of the row so far; the next value begins a new row.
    pub fn finish(&mut self) -> RowHash {
        let hash = Hasher::oneshot_with_seed(self.seed, &self.row);
        self.row.clear();
        RowHash(hash)
    }
}

fn split(hash: u128) -> [u64; 2] {
    let bytes = hash.to_le_bytes();
    let half = |at: usize| {
        let mut part = [0; 8];
        part.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(part)
    };
    [half(0), half(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(table: &str, row: &[Value<'_>]) -> u128 {
        let mut hasher = RowHasher::for_table(table);
        for value in row {
            hasher.push(*value);
        }
        hasher.finish().get()
    }

    #[test]
    fn is_the_same_on_every_machine_and_in_every_version() {
        let row = [
            Value::Integer(614_601_782_152_265_748),
            Value::Text("ж\0x".as_bytes()),
            Value::Null,
            Value::Real(-0.5),
            Value::Blob(&[0, 255]),
        ];
        // Written down once; bundles of years ago are compared by it.
        assert_eq!(
            format!("{:032x}", hash("message_stats", &row)),
            "dcc5be503af4c6c9374c8a4254689973"
        );
        assert_eq!(
            format!("{:032x}", hash("message_stats", &[Value::Text(&[b'a'; 4000])])),
            "efa139ecad1dfc606707be944ab029f2"
        );
    }

    #[test]
    fn values_of_other_types_differ() {
        let ones = [
            Value::Null,
            Value::Integer(1),
            Value::Real(1.0),
            Value::Text(b"1"),
            Value::Blob(b"1"),
            Value::Text(b""),
            Value::Blob(b""),
            Value::Integer(0),
            Value::Real(0.0),
        ];
        for (i, a) in ones.iter().enumerate() {
            for b in &ones[i + 1..] {
                assert_ne!(hash("t", &[*a]), hash("t", &[*b]), "{a:?} {b:?}");
            }
            assert_ne!(hash("t", &[*a]), hash("u", &[*a]), "{a:?} in another table");
        }
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        let one = hash("t", &[Value::Text(b"ab"), Value::Text(b"c")]);
        assert_ne!(one, hash("t", &[Value::Text(b"a"), Value::Text(b"bc")]));
        assert_ne!(one, hash("t", &[Value::Text(b"c"), Value::Text(b"ab")]));
        assert_ne!(hash("t", &[Value::Null]), hash("t", &[Value::Null, Value::Null]));
    }

    #[test]
    fn a_hasher_starts_afresh_after_each_row() {
        let mut hasher = RowHasher::for_table("t");
        hasher.push(Value::Integer(5));
        let first = hasher.finish();
        hasher.push(Value::Integer(5));
        assert_eq!(hasher.finish(), first);
        assert_eq!(RowHash::from_bytes(first.to_bytes()), first);
    }
}
