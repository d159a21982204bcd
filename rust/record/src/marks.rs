//! Some of the records of a Batch: a bit for each.

use std::ops::Range;

/// Which records of a Batch are meant, by their place in its index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The first record is the lowest bit of the first one; bits behind the last record are 0.
    words: Vec<u64>,
    records: usize,
}

const BITS: usize = u64::BITS as usize;

impl Marks {
    /// None of so many records.
    pub fn none(records: usize) -> Self {
        Self { words: vec![0; records.div_ceil(BITS)], records }
    }

    /// All of so many records.
    pub fn all(records: usize) -> Self {
        let mut words = vec![u64::MAX; records.div_ceil(BITS)];
        if let Some(last) = words.last_mut()
            && !records.is_multiple_of(BITS)
        {
            *last = (1 << (records % BITS)) - 1;
        }
        Self { words, records }
    }

    /// Of these, each that `is_marked` says yes to: it is told the numbers of 64 records that follow one another, or of what is left of them.
    pub(crate) fn by_word(&self, mut is_marked: impl FnMut(Range<usize>) -> u64) -> Self {
        let word = |(at, asked): (usize, &u64)| {
            let first = at * BITS;
            if *asked == 0 { 0 } else { asked & is_marked(first..self.records.min(first + BITS)) }
        };
        Self { words: self.words.iter().enumerate().map(word).collect(), records: self.records }
    }

    /// Of these, each for which it holds; it is asked of each once, in order.
    #[must_use]
    #[inline]
    pub fn filter(&self, mut holds: impl FnMut(usize) -> bool) -> Self {
        let mut words = self.words.clone();
        for (at, word) in words.iter_mut().enumerate() {
            let mut asked = *word;
            while asked != 0 {
                let bit = asked.trailing_zeros() as usize;
                asked &= asked - 1;
                *word ^= u64::from(!holds(at * BITS + bit)) << bit;
            }
        }
        Self { words, records: self.records }
    }

    /// Of how many records there are, marked or not.
    pub fn records(&self) -> usize {
        self.records
    }

    /// How many are marked.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none is.
    pub fn is_none(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether each is.
    pub fn is_all(&self) -> bool {
        self.count() == self.records
    }

    /// Whether this one is; false where there is no such record.
    #[inline]
    pub fn contains(&self, record: usize) -> bool {
        self.words.get(record / BITS).is_some_and(|word| word >> (record % BITS) & 1 == 1)
    }

    /// Marks what `other` marks no more.
    pub fn remove(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Marks this one no more.
    pub fn remove_one(&mut self, record: usize) {
        if let Some(word) = self.words.get_mut(record / BITS) {
            *word &= !(1 << (record % BITS));
        }
    }

    /// What is marked, in order, as ranges of records that follow one another.
    pub fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = self.next_from(at, 0)?;
            let end = self.next_from(start, u64::MAX).unwrap_or(self.records);
            at = end;
            Some(start..end)
        })
    }

    /// The first record from `at` on that is marked, or with `flip` of all ones the first that is not.
    fn next_from(&self, at: usize, flip: u64) -> Option<usize> {
        let mut number = at / BITS;
        let mut word = (self.words.get(number)? ^ flip) & u64::MAX << (at % BITS);
        while word == 0 {
            number += 1;
            word = self.words.get(number)? ^ flip;
        }
        Some(number * BITS + word.trailing_zeros() as usize).filter(|found| *found < self.records)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(bits: &[bool]) -> Marks {
        Marks::all(bits.len()).filter(|at| bits[at])
    }

    fn is(marks: &Marks, bits: &[bool]) -> bool {
        (0..bits.len() + 70).map(|at| marks.contains(at)).eq(bits.iter().copied().chain([false; 70]))
    }

    proptest! {
        #[test]
        fn marks_are_what_bits_are(bits in prop::collection::vec(any::<bool>(), 0..200), dense in prop::collection::vec(0u8..9, 0..200)) {
            let marks = of(&bits);
            prop_assert!(is(&marks, &bits));
            prop_assert_eq!((marks.records(), marks.count()), (bits.len(), bits.iter().filter(|bit| **bit).count()));
            prop_assert_eq!((marks.is_none(), marks.is_all()), (!bits.contains(&true), !bits.contains(&false)));
            prop_assert_eq!(marks.by_word(|range| if range.start == 0 { 0 } else { u64::MAX }), of(&bits).filter(|at| at >= 64));
            let other: Vec<bool> = dense.iter().map(|of_nine| *of_nine > 0).chain(std::iter::repeat(true)).take(bits.len()).collect();
            let mut rest = marks.clone();
            rest.remove(&of(&other));
            prop_assert!(is(&rest, &bits.iter().zip(&other).map(|(one, other)| *one && !*other).collect::<Vec<_>>()));
            for (marks, bits) in [(marks, bits), (of(&other), other)] {
                let runs: Vec<Range<usize>> = marks.runs().collect();
                prop_assert!(runs.iter().all(|run| !run.is_empty()));
                prop_assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start), "they are as long as can be: {:?}", runs);
                prop_assert!(is(&marks, &(0..bits.len()).map(|at| runs.iter().any(|run| run.contains(&at))).collect::<Vec<_>>()));
            }
        }
    }

    #[test]
    fn one_is_taken_out() {
        let mut marks = Marks::all(65);
        marks.remove_one(64);
        marks.remove_one(3);
        marks.remove_one(1000);
        assert_eq!(marks.runs().collect::<Vec<_>>(), [0..3, 4..64]);
        assert_eq!(Marks::none(65).runs().count() + Marks::none(0).runs().count() + Marks::all(0).runs().count(), 0);
    }
}
