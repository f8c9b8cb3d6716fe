//! Which pages have been taken already.

/// One bit for each page of the database, and how many are set.
#[derive(Debug)]
pub(super) struct PageMap {
    words: Vec<u64>,
    pages: u32,
    taken: u64,
}

impl PageMap {
    /// None of `1..=pages` is taken.
    pub(super) fn new(pages: u32) -> Self {
        Self {
            words: vec![0; (pages as usize).div_ceil(64)],
            pages,
            taken: 0,
        }
    }

    /// Takes a page, if it is of the database and still free.
    pub(super) fn take(&mut self, pgno: u32) -> bool {
        if pgno == 0 || pgno > self.pages {
            return false;
        }
        let (at, bit) = ((pgno - 1) as usize / 64, 1 << ((pgno - 1) % 64));
        let Some(word) = self.words.get_mut(at) else {
            return false;
        };
        let free = *word & bit == 0;
        *word |= bit;
        self.taken += u64::from(free);
        free
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_once() {
        let mut map = PageMap::new(65);
        assert!(map.take(1) && map.take(64) && map.take(65));
        assert!(!map.take(65) && !map.take(0) && !map.take(66));
        assert_eq!(map.taken(), 3);
    }
}
