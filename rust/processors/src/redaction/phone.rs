//! Telephone numbers: with a country code, or where a word says that they are.

use super::context::{Context, Words};

/// Words that come before a number.
static WORDS: Words = Words::new(&[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "call",
    "called",
    "caller",
    "calling",
    "dial",
    "dialed",
    "sms",
    "text me",
    "whatsapp",
    "msisdn",
    "contact",
    "handy",
    "telefon",
    "telefono",
    "teléfono",
    "téléphone",
    "telepono",
    "numéro de tel",
    "cep",
    "gsm",
    "phonenumber",
    "phone_number",
    "number is",
]);

/// The number at `start`, which is at a digit, a `+` or a `(`: where it ends. `is_listed`: another was found before it.
pub(super) fn find(text: &[u8], start: usize, context: &Context<'_>, is_listed: bool) -> Option<usize> {
    let is_international = text.get(start) == Some(&b'+');
    let (mut digits, mut at, mut end, mut gap, mut open) = (0, start, start, 0, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                gap = 0;
                end = at + 1;
            }
            b'+' if at == start => {}
            b'(' if open == 0 => open = 1,
            b')' if open == 1 && digits > 0 => {
                open = 2;
            }
            b' ' | b'-' | b'.' | b'/' if gap < 2 => {
                gap += 1;
            }
            _ => break,
        }
        if digits > 15 {
            return None;
        }
        at += 1;
    }
    // An extension belongs to it.
    let tail = text.get(end..).unwrap_or_default();
    for word in [&b" ext. "[..], b" ext ", b" x", b"x", b" ext."] {
        if let Some(rest) = tail.strip_prefix(word) {
            let len = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
            if (1..=5).contains(&len) {
                end += word.len() + len;
                break;
            }
        }
    }
    let goes_on = text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b':');
    if goes_on || open == 1 || digits < 7 {
        return None;
    }
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b':') && is_glued(text, start))
    {
        return None;
    }
    if is_international {
        return ((8..=15).contains(&digits) && text.get(start + 1).is_some_and(|digit| matches!(digit, b'1'..=b'9' | b'('))).then_some(end);
    }
    let is_number = (7..=15).contains(&digits) && !is_date(text.get(start..end)?);
    // A national number by itself begins with the trunk prefix, or is written in groups as numbers are; one beside another number is one.
    let is_national = text.get(start) == Some(&b'0') && (10..=11).contains(&digits);
    let is_alone = || (is_national || is_grouped(text.get(start..end).unwrap_or_default())) && context.is_all(start, end);
    (is_number && (context.names(start, &WORDS) || is_national && is_listed || is_alone())).then_some(end)
}

/// `532 123 45 67`, as in Turkey and Russia.
fn is_grouped(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).eq([3, 3, 2, 2])
}

/// `id-5551234`, `v1.5551234`: behind a word, not behind a blank.
fn is_glued(text: &[u8], start: usize) -> bool {
    let before = start.checked_sub(2).and_then(|before| text.get(before));
    before.is_some_and(u8::is_ascii_alphanumeric) && text.get(start - 1) != Some(&b':')
}

/// `2024-09-27`, `2024-09-27 10`, `27.09.2024`.
fn is_date(text: &[u8]) -> bool {
    let mut shape = text.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len);
    let year = text.get(..2).is_some_and(|century| matches!(century, b"19" | b"20"));
    let [a, b, c, d] = std::array::from_fn(|_| shape.next());
    year && (a, b, c) == (Some(4), Some(2), Some(2)) || (a, b, c, d) == (Some(2), Some(2), Some(4), None)
}

#[cfg(test)]
mod tests {
    use super::is_grouped;

    #[test]
    fn groups_as_numbers_are_written_in_and_no_others() {
        assert!(["532 123 45 67", "532-123-45-67", "532.123.45.67"].iter().all(|text| is_grouped(text.as_bytes())));
        assert!(["532 123 4567", "5321234567", "532 123 45 6", "53 2123 45 67", ""].iter().all(|text| !is_grouped(text.as_bytes())));
    }
}
