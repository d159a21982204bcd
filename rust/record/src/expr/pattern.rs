//! The patterns of a condition, within their bounds.

use regex::bytes::RegexBuilder;

use super::ConditionError;

/// The most memory that one compiled pattern may take, in bytes; and as much again for its cache.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Compiles a pattern that stands at `at`.
pub(super) fn regex(pattern: &str, at: usize) -> Result<regex::bytes::Regex, ConditionError> {
    RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build().map_err(|error| {
        let message = match error {
            regex::Error::CompiledTooBig(_) => {
                format!("this pattern needs over {PATTERN_BYTES_MAX} bytes when compiled: shorten its repetitions")
            }
            // The last line says what is wrong; those before it draw the place.
            other => format!(
                "this pattern cannot be read: {}",
                other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ")
            ),
        };
        ConditionError::new(at, message)
    })
}
