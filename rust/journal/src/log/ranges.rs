//! A set of positions, as ranges.

use std::collections::BTreeMap;

/// The most ranges that are remembered; withdrawals come in runs, so that these are many more positions.
const RANGES_MAX: usize = 65_536;

/// The positions that were withdrawn. Where it must forget, it says "withdrawn" of all that is as old: a sender that sends again what was
/// written costs a duplicate, one that believes what was not loses it.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// First position to last.
    ranges: BTreeMap<u64, u64>,
    /// What is below it counts as in the set.
    kept_from: u64,
}

impl Ranges {
    pub(super) fn insert(&mut self, position: u64) {
        let before = self.ranges.range_mut(..=position).next_back();
        match before {
            Some((_, last)) if *last >= position => return,
            Some((_, last)) if *last + 1 == position => *last = position,
            _ => {
                self.ranges.insert(position, position);
            }
        }
        // Joined to the range behind it, where they touch.
        if let Some(after) = self.ranges.remove(&(position + 1))
            && let Some((_, last)) = self.ranges.range_mut(..=position).next_back()
        {
            *last = after;
        }
        if self.ranges.len() > RANGES_MAX
            && let Some((_, last)) = self.ranges.pop_first()
        {
            self.kept_from = last + 1;
        }
    }

    /// Whether there is one behind this position.
    pub(super) fn has_after(&self, position: u64) -> bool {
        self.kept_from > position.saturating_add(1) || self.ranges.last_key_value().is_some_and(|(_, last)| *last > position)
    }

    pub(super) fn contains(&self, position: u64) -> bool {
        position < self.kept_from || self.ranges.range(..=position).next_back().is_some_and(|(_, last)| *last >= position)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(positions in prop::collection::vec(1u64..200, 0..150)) {
            let (mut ranges, mut model) = (Ranges::default(), BTreeSet::new());
            for position in positions {
                ranges.insert(position);
                model.insert(position);
            }
            for position in 0..210 {
                prop_assert_eq!(ranges.contains(position), model.contains(&position));
                prop_assert_eq!(ranges.has_after(position), model.range(position + 1..).next().is_some());
            }
            let runs = model.iter().filter(|position| !model.contains(&(**position + 1))).count();
            prop_assert_eq!(ranges.ranges.len(), runs, "neighbours are one range");
        }
    }

    #[test]
    fn what_is_forgotten_counts_as_withdrawn() {
        let mut ranges = Ranges::default();
        (1..=RANGES_MAX as u64 + 1).for_each(|n| ranges.insert(n * 2));
        assert!(ranges.contains(2) && ranges.contains(1) && !ranges.contains(3) && ranges.contains(4));
        assert!(ranges.has_after(RANGES_MAX as u64 * 2) && !ranges.has_after(RANGES_MAX as u64 * 2 + 2));
    }
}
