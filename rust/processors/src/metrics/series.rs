//! The numbers of one instrument: bounded, whatever the records say.

use std::collections::HashMap;

/// The attribute of the series that takes what is over the bound.
pub const OVERFLOW: &str = "otel.metric.overflow";

/// One series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The values of the instrument's attributes, in their order; `None` where the records had none.
    pub labels: Vec<Option<String>>,
    /// Whether it is the series of all that is over the bound.
    pub is_overflow: bool,
    /// How many values were counted.
    pub count: u64,
    /// What they add up to.
    pub sum: f64,
    /// How many fell into each bucket; empty for a counter.
    pub buckets: Vec<u64>,
}

impl Series {
    fn add(&mut self, value: f64, bounds: &[f64]) {
        self.count += 1;
        self.sum += value;
        let at = bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket += 1;
        }
    }
}

/// All series of an instrument.
#[derive(Debug, Default)]
pub(super) struct All {
    by_key: HashMap<Box<[u8]>, usize>,
    series: Vec<Series>,
    overflow: Option<Series>,
}

/// The longest value of a label, in bytes; what is longer is cut at a character.
const LABEL_BYTES_MAX: usize = 256;

/// Appends a label to a key.
pub(super) fn push_label(key: &mut Vec<u8>, label: Option<&[u8]>) {
    let label = label.map(|label| label.get(..LABEL_BYTES_MAX).unwrap_or(label));
    key.extend_from_slice(&label.map_or(u32::MAX, |label| label.len() as u32).to_le_bytes());
    key.extend_from_slice(label.unwrap_or_default());
}

/// The labels of a key.
fn labels(mut key: &[u8]) -> Vec<Option<String>> {
    let mut found = Vec::new();
    while let Some((len, rest)) = key.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len);
        let whole = (len != u32::MAX).then(|| rest.get(..len as usize).unwrap_or(rest));
        key = rest.get(whole.map_or(0, <[u8]>::len)..).unwrap_or_default();
        found.push(whole.map(|whole| {
            // A cut may stand inside a character; what is no UTF-8 otherwise is shown as such.
            let text = match std::str::from_utf8(whole) {
                Err(error) if whole.len() == LABEL_BYTES_MAX && error.error_len().is_none() => {
                    whole.get(..error.valid_up_to()).unwrap_or(whole)
                }
                _ => whole,
            };
            String::from_utf8_lossy(text).into_owned()
        }));
    }
    found
}

impl All {
    /// Counts a value under the labels of a key; past `most` series under the one for what is over.
    pub(super) fn add(&mut self, key: &[u8], value: f64, bounds: Option<&[f64]>, most: usize) {
        let buckets = || vec![0; bounds.map_or(0, |bounds| bounds.len() + 1)];
        let series = match self.by_key.get(key) {
            Some(at) => self.series.get_mut(*at),
            None if self.series.len() < most => {
                self.by_key.insert(key.into(), self.series.len());
                self.series.push(Series { labels: labels(key), buckets: buckets(), ..Series::default() });
                self.series.last_mut()
            }
            None => Some(self.overflow.get_or_insert_with(|| Series { is_overflow: true, buckets: buckets(), ..Series::default() })),
        };
        if let Some(series) = series {
            series.add(value, bounds.unwrap_or_default());
        }
    }

    /// A copy of all.
    pub(super) fn read(&self) -> Vec<Series> {
        self.series.iter().chain(&self.overflow).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_on_a_bound_is_in_its_bucket_and_what_is_over_has_a_series_of_its_own() {
        let (mut all, bounds) = (All::default(), [1.0, 2.0]);
        for (label, value) in [("a", 0.5), ("a", 1.0), ("a", 1.5), ("b", 9.0), ("c", 1.0), ("d", 2.0), ("a", f64::from(2))] {
            let mut key = Vec::new();
            push_label(&mut key, Some(label.as_bytes()));
            push_label(&mut key, None);
            all.add(&key, value, Some(&bounds), 2);
        }
        let read = all.read();
        assert_eq!(read.iter().map(|series| series.buckets.clone()).collect::<Vec<_>>(), [vec![2, 2, 0], vec![0, 0, 1], vec![1, 1, 0]]);
        assert_eq!(
            read.iter().map(|series| series.labels.clone()).collect::<Vec<_>>(),
            [vec![Some("a".to_owned()), None], vec![Some("b".to_owned()), None], vec![]]
        );
        assert_eq!(
            read.iter().map(|series| (series.is_overflow, series.count, series.sum)).collect::<Vec<_>>(),
            [(false, 4, 5.0), (false, 1, 9.0), (true, 2, 3.0)]
        );
    }

    proptest! {
        #[test]
        fn labels_come_back(given in proptest::collection::vec(proptest::option::of(".{0,80}"), 0..5)) {
            let mut key = Vec::new();
            for label in &given {
                push_label(&mut key, label.as_ref().map(String::as_bytes));
            }
            let found = labels(&key);
            prop_assert_eq!(found.len(), given.len());
            for (found, given) in found.iter().zip(&given) {
                prop_assert_eq!(found.is_some(), given.is_some());
                prop_assert!(given.as_ref().is_none_or(|given| given.starts_with(found.as_deref().unwrap_or_default())));
                prop_assert!(given.as_ref().is_none_or(|given| given.len() > LABEL_BYTES_MAX || found.as_ref() == Some(given)));
            }
        }

        #[test]
        fn no_bytes_are_too_odd(label: Vec<u8>) {
            let mut key = Vec::new();
            push_label(&mut key, Some(&label.repeat(40)));
            prop_assert_eq!(labels(&key).len(), 1);
        }
    }
}
