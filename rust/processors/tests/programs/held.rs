//! What holds of any program over any records. Shared with the fuzz target.

use logloom_processors::{
    Outcome, Processor,
    transform::{Group, OnError, Transform},
};
use logloom_record::{Batch, Limits, proto::push_field};

/// A program up to the first NUL, its language by the first byte (VRL, or statements of OTTL in lines), over what is behind: OTLP, or else the body
/// of a record. None panics, every record is there afterwards or was dropped by `del(.)`, and the bytes hold what the index says.
pub fn transform(data: &[u8], limits: &Limits) {
    let [language, rest @ ..] = data else { return };
    let (program, records) = rest.iter().position(|byte| *byte == 0).map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 1..]));
    let Ok(program) = std::str::from_utf8(program) else { return };
    let made = if language % 2 == 0 {
        Transform::vrl(program, OnError::Pass).ok()
    } else {
        let group = Group { statements: program.lines().map(String::from).collect(), propagates: language % 4 == 1, ..Group::default() };
        Transform::ottl(&[group], OnError::Pass).ok()
    };
    let Some(transform) = made else { return };
    let batch = Batch::from_otlp(records.to_vec().into(), limits).unwrap_or_else(|_| of_body(records));
    let mut outcome = Outcome::default();
    let made = transform.apply(batch.clone(), &mut outcome);
    assert_eq!(made.len() as u64 + outcome.dropped, batch.len() as u64);
    assert!(outcome.failed <= batch.len() as u64 * program.lines().count().max(1) as u64);
    let again = Batch::from_otlp(made.to_otlp(), &Limits::DEFAULT).unwrap();
    assert_eq!(again.len(), made.len());
}

fn of_body(text: &[u8]) -> Batch {
    let (mut value, mut record, mut scope_logs, mut logs, mut out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    push_field(&mut value, 0x0a, text);
    push_field(&mut record, 0x2a, &value);
    push_field(&mut scope_logs, 0x12, &record);
    push_field(&mut logs, 0x12, &scope_logs);
    push_field(&mut out, 0x0a, &logs);
    Batch::from_otlp(out.into(), &Limits::DEFAULT).unwrap()
}
