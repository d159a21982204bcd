//! What must hold of an answer, whatever the body.

use bytes::Bytes;
use logloom_formats::{
    bulk::{Request, answer},
    json::{Scanner, Value},
};
use logloom_record::{Batch, Delivery, Done, Text, Unreadable};

/// What the answer to `body` says that was taken, and what was not; holds it against `batch`, which the body became.
pub fn check(body: &Bytes, batch: &Batch, filter_path: &str) -> Result<(usize, usize), String> {
    let unreadable: Vec<_> = batch.rejects().iter().map(|reject| Unreadable { offset: reject.offset, reason: reject.reason }).collect();
    let is_whole =
        batch.len() == 1 && batch.rejects().first().is_some_and(|reject| reject.offset == 0 && reject.len as usize == body.len());
    let delivery = match (is_whole, batch.rejects().first()) {
        (true, Some(reject)) => Delivery::Refuse(reject.reason.what.into()),
        _ => Delivery::Done(Done { accepted: batch.len() as u64, unreadable, entry: 7, ..Done::default() }),
    };
    let request = Request { filter_path, ..Request::default() };
    let answer = answer(body, &delivery, &request);
    std::str::from_utf8(&answer.body).map_err(|why| format!("the answer is no text: {why}"))?;
    let mut json = Scanner::new(Text::from(answer.body.as_slice()), 16);
    let (mut taken, mut refused) = (0, 0);
    let wrong = |what: &dyn std::fmt::Debug| format!("{what:?} in {}", String::from_utf8_lossy(&answer.body));
    let Value::Object = json.value().map_err(|why| wrong(&why))? else { return Err(wrong(&"no object")) };
    while let Some(key) = json.key().map_err(|why| wrong(&why))? {
        let value = json.value().map_err(|why| wrong(&why))?;
        if !key.is(b"items") {
            json.skip(value).map_err(|why| wrong(&why))?;
            continue;
        }
        while json.item().map_err(|why| wrong(&why))? {
            match status(&mut json).map_err(|why| wrong(&why))? {
                200 | 201 => taken += 1,
                400 => refused += 1,
                other => return Err(wrong(&other)),
            }
        }
    }
    json.end().map_err(|why| wrong(&why))?;
    let parsed = batch.len() - batch.rejects().len();
    match answer.status {
        200 if taken != parsed => Err(format!("{taken} are said to be taken, and {parsed} were")),
        400 if parsed != 0 => Err(format!("refused as a whole, but {parsed} were taken")),
        200 | 400 => Ok((taken, refused)),
        other => Err(wrong(&other)),
    }
}

/// The status of the next item: `{"create":{..., "status": 201}}`.
fn status(json: &mut Scanner<'_>) -> Result<i64, logloom_record::RejectReason> {
    let mut status = 0;
    json.value()?;
    while json.key()?.is_some() {
        json.value()?;
        while let Some(key) = json.key()? {
            let value = json.value()?;
            match value {
                Value::Int(value) if key.is(b"status") => status = value,
                _ => json.skip(value)?,
            }
        }
    }
    Ok(status)
}
