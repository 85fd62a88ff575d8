//! A small set of numbers with a byte beside each, made once and only read afterwards. Open addressing; no deletion.

/// The byte sits above the key in each entry.
pub(crate) struct Slots {
    entries: Vec<u64>,
}

const KEY_BITS: u32 = 56;
const KEY: u64 = (1 << KEY_BITS) - 1;

impl Slots {
    /// `size` is a power of two, well above the number of entries.
    pub(crate) fn new(size: usize) -> Slots {
        Slots {
            entries: vec![0; size.next_power_of_two()],
        }
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (self.entries.len() - 1)
    }

    /// Sets the byte of `key`, which is not 0, or keeps the larger of the two.
    pub(crate) fn raise(&mut self, key: u64, value: u8) {
        let mask = self.entries.len() - 1;
        let mut at = self.home(key);
        while let Some(entry) = self.entries.get_mut(at) {
            if *entry == 0 || *entry & KEY == key {
                let old = (*entry >> KEY_BITS) as u8;
                *entry = key | (u64::from(value.max(old)) << KEY_BITS);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The byte of `key`.
    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<u8> {
        let mask = self.entries.len() - 1;
        let mut at = self.home(key);
        loop {
            match self.entries.get(at).copied() {
                None | Some(0) => return None,
                Some(entry) if entry & KEY == key => return Some((entry >> KEY_BITS) as u8),
                Some(_) => at = (at + 1) & mask,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_again_and_others_are_not() {
        let mut slots = Slots::new(1024);
        for key in 1..400u64 {
            slots.raise(key * 7919, (key % 200) as u8);
            slots.raise(key * 7919, 1);
        }
        for key in 1..400u64 {
            assert_eq!(slots.get(key * 7919), Some(((key % 200) as u8).max(1)));
            assert_eq!(slots.get(key * 7919 + 1), None);
        }
    }
}
