//! The labels of a stream as text: `{job="nginx", host="a\"b"}`, as Prometheus writes them.

use logloom_record::RejectReason;

/// Gives each label to `label`. Its name is of letters, digits, `_`, `.` and `:`; its value stands in quotes, with Go's escapes, or in backquotes
/// without any.
pub(super) fn each(text: &[u8], mut label: impl FnMut(&[u8], &[u8]) -> Result<(), RejectReason>) -> Result<(), RejectReason> {
    let bad = |rest: &[u8], what| Err(RejectReason::value(what, text.len() - rest.len()));
    let trimmed = text.trim_ascii();
    let Some(mut rest) = trimmed.strip_prefix(b"{") else { return bad(text, "labels begin with a brace: {name=\"value\"}") };
    let mut value = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(behind) = rest.strip_prefix(b"}") {
            return if behind.is_empty() { Ok(()) } else { bad(behind, "something stands behind the labels") };
        }
        let len = rest.iter().take_while(|byte| is_name(**byte)).count();
        let (name, behind) = rest.split_at(len);
        let Some(behind) = behind.trim_ascii_start().strip_prefix(b"=").filter(|_| len > 0) else {
            return bad(rest, "expected name=\"value\"");
        };
        value.clear();
        let Some(behind) = quoted(behind.trim_ascii_start(), &mut value) else { return bad(behind, "expected a value in quotes") };
        label(name, &value)?;
        rest = behind.trim_ascii_start();
        rest = match rest.first() {
            Some(b',') => rest.get(1..).unwrap_or_default(),
            Some(b'}') => rest,
            _ => return bad(rest, "expected ',' or '}' behind a label"),
        };
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-' | b'/') || byte >= 0x80
}

/// Reads a value in quotes into `out`; what stands behind it, `None` where it has no end or a wrong escape.
fn quoted<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (quote, mut rest) = text.split_first()?;
    if *quote == b'`' {
        let end = memchr::memchr(b'`', rest)?;
        out.extend_from_slice(rest.get(..end)?);
        return rest.get(end + 1..);
    }
    if *quote != b'"' {
        return None;
    }
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest)?;
        out.extend_from_slice(rest.get(..at)?);
        if rest.get(at) == Some(&b'"') {
            return rest.get(at + 1..);
        }
        let escape = *rest.get(at + 1)?;
        rest = rest.get(at + 2..)?;
        let digits = match escape {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'0'..=b'7' => {
                let octal = u32::from_str_radix(std::str::from_utf8(&[&[escape], rest.get(..2)?].concat()).ok()?, 8).ok()?;
                out.push(u8::try_from(octal).ok()?);
                rest = rest.get(2..)?;
                continue;
            }
            _ => 0,
        };
        if digits > 0 {
            let number = u32::from_str_radix(std::str::from_utf8(rest.get(..digits)?).ok()?, 16).ok()?;
            rest = rest.get(digits..)?;
            if digits == 2 {
                out.push(number as u8);
            } else {
                out.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes());
            }
            continue;
        }
        out.push(match escape {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'"' | b'\'' => escape,
            _ => return None,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(text: &[u8]) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = each(text, |name, value| {
            found.push((text_of(name), text_of(value)));
            Ok(())
        });
        read.is_ok().then_some(found)
    }

    #[test]
    fn labels_as_they_are_written() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("{}", &[]),
            (" { } ", &[]),
            (r#"{a="b"}"#, &[("a", "b")]),
            (r#"{a="b", c.d = "", e="x,y}",}"#, &[("a", "b"), ("c.d", ""), ("e", "x,y}")]),
            (r#"{a="\"\\\n\t\x41\u00e9\U0001f600\101"}"#, &[("a", "\"\\\n\tA\u{e9}\u{1f600}A")]),
            (r"{a=`\n`}", &[("a", r"\n")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(labels(text.as_bytes()), Some(expected), "{text}");
        }
        for bad in
            ["", "{", "}", "{a}", "{a=}", "{a=b}", "{=\"b\"}", r#"{a="b" c="d"}"#, r#"{a="b}"#, r#"{a="\q"}"#, r#"x{a="b"}"#, r#"{a="b"}x"#]
        {
            assert_eq!(labels(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = labels(&text);
            let _ = labels(&[b"{a=\"", text.as_slice()].concat());
        }

        #[test]
        fn what_debug_writes_is_read(value: String) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            prop_assert_eq!(labels(format!("{{a=\"{escaped}\"}}").as_bytes()), Some(vec![("a".to_owned(), value)]));
        }
    }
}
