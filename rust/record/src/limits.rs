//! The bounds that hold for every source, in one place.

/// Bounds on what a source may make logloom do. Exceeding one is a [`Reject`](crate::Reject) or a cut that is
/// marked, never a loss: the frame's bytes are kept as the body of the rejected record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest frame (a line, a span, an object), in bytes. A longer line is kept in pieces, each a Reject.
    pub frame_bytes_max: usize,
    /// The deepest nesting of maps and arrays in one value, in levels. A map is three messages of OTLP, and most
    /// Protobuf libraries refuse a whole request that nests more than 100: the default keeps every value, also one
    /// inside a span's links, below that.
    pub depth_max: u32,
    /// The most attributes one record may have; what is over is counted in `dropped_attributes_count`.
    pub attributes_max: u32,
    /// The most bytes of OTLP one Batch may hold. A chunk that needs more is refused as a whole.
    pub batch_bytes_max: u64,
    /// The most resources that are written to side by side; one more seals the oldest.
    pub lanes_max: usize,
}

impl Limits {
    /// The defaults, documented in `docs/limits.md`.
    pub const DEFAULT: Self =
        Self { frame_bytes_max: 1 << 20, depth_max: 28, attributes_max: 1024, batch_bytes_max: 16 << 30, lanes_max: 64 };
    /// The largest block of a Batch, in bytes; also the bound on one record.
    pub const BLOCK_BYTES_MAX: usize = 8 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_tells_the_defaults() {
        let text = include_str!("../../../docs/limits.md");
        let Limits { frame_bytes_max, depth_max, attributes_max, batch_bytes_max, lanes_max } = Limits::DEFAULT;
        for (name, value) in [
            ("frame_bytes_max", frame_bytes_max as u64),
            ("depth_max", depth_max.into()),
            ("attributes_max", attributes_max.into()),
            ("batch_bytes_max", batch_bytes_max),
            ("lanes_max", lanes_max as u64),
        ] {
            assert!(text.contains(&format!("| `{name}` | {value} |")), "{name}");
        }
    }
}
