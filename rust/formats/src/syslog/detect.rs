//! How much a frame looks like syslog.

use super::{
    header::{Header, priority},
    ietf,
};
use crate::{Likely, time::Context};
use logloom_record::Text;

/// A glance at the header: with a priority and a time it can be nothing else; with a time alone it is what syslog's files have where a
/// host and a tag follow.
pub(crate) fn likely(frame: &[u8]) -> Likely {
    let counted = frame.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    let frame = match frame.get(counted..) {
        Some([b' ', message @ ..]) if counted > 0 && priority(message).is_some() => message,
        _ => frame,
    };
    let context = Context { arrival_unix_nano: 1_767_323_045_000_000_000, ..Context::default() };
    let Some((_, len)) = priority(frame) else { return without_priority(frame, &context) };
    let rest = frame.get(len..).unwrap_or_default();
    if ietf::read(Text::from(rest), true, &context).is_some() {
        return Likely(98);
    }
    match Header::read(Text::from(frame), &context) {
        Ok(header) if header.time_unix_nano != 0 => Likely(96),
        Ok(header) if !header.program.is_empty() || header.sequence.is_some() => Likely(80),
        _ => Likely(60),
    }
}

fn without_priority(frame: &[u8], context: &Context) -> Likely {
    // A name of a month, or the ISO time that rsyslog and others write.
    let is_iso = matches!(frame, [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, b'T', ..]);
    if !is_iso && !frame.first().is_some_and(u8::is_ascii_alphabetic) {
        return match Header::read(Text::from(frame), context) {
            Ok(header) if header.version != 0 || header.sequence.is_some() => Likely(85),
            _ => Likely::NO,
        };
    }
    match Header::read(Text::from(frame), context) {
        Ok(header) if !header.process.is_empty() && (!header.host.is_empty() || header.severity().is_some()) => Likely(95),
        Ok(header) if !header.program.is_empty() => Likely(if is_iso { 75 } else { 90 }),
        Ok(header) if is_iso && !header.host.is_empty() && matches!(header.message.bytes(), [b'{', .., b'}']) => Likely(85),
        Ok(_) if is_iso => Likely::NO,
        // `Nov 21 10:40:59 host words`; with a weekday or a fraction it may be anything.
        Ok(header) if header.time_unix_nano != 0 && matches!(frame, [_, _, _, b' ', ..]) && frame.get(15) == Some(&b' ') => Likely(75),
        _ => Likely::NO,
    }
}
