//! What is found where a word begins with a letter, or mixes letters and digits: account numbers and national ids with letters.

use super::{
    checksum::{mod97, remainder},
    context::{Context, Words},
    rules::Rule,
};

/// IBANs: country and length ([SWIFT's registry](https://www.swift.com/standards/data-standards/iban)).
const IBANS: [(&[u8; 2], usize); 86] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
];

/// The country that SWIFT lists last.
const KOSOVO: (&[u8; 2], usize) = (b"XK", 20);

/// What people call the United Kingdom's number.
static NINO: Words = Words::new(&["nino", "national insurance", "ni number", "nationalinsurance"]);

/// What begins at `start` with a letter.
pub(super) fn find(text: &[u8], start: usize, context: &Context<'_>, wanted: impl Fn(Rule) -> bool) -> Option<(Rule, usize)> {
    let digit = |at: usize| text.get(start + at).is_some_and(u8::is_ascii_digit);
    if digit(2)
        && digit(3)
        && wanted(Rule::Iban)
        && let Some(end) = iban(text, start)
    {
        return Some((Rule::Iban, end));
    }
    if digit(1) && digit(2) && digit(7) {
        if wanted(Rule::EsNif)
            && let Some(end) = es_nie(text, start)
        {
            return Some((Rule::EsNif, end));
        }
        if wanted(Rule::SgNric)
            && let Some(end) = sg_nric(text, start)
        {
            return Some((Rule::SgNric, end));
        }
    }
    if digit(6)
        && digit(7)
        && wanted(Rule::ItFiscalCode)
        && let Some(end) = it_fiscal_code(text, start)
    {
        return Some((Rule::ItFiscalCode, end));
    }
    if (digit(2) || digit(3))
        && wanted(Rule::UkNino)
        && let Some(end) = uk_nino(text, start)
        && context.names_id(start, end, &NINO)
    {
        return Some((Rule::UkNino, end));
    }
    None
}

/// What begins at `start` with a digit and has a letter.
pub(super) fn find_numbered(text: &[u8], start: usize, wanted: impl Fn(Rule) -> bool) -> Option<(Rule, usize)> {
    if wanted(Rule::EsNif)
        && let Some(end) = es_dni(text, start)
    {
        return Some((Rule::EsNif, end));
    }
    if wanted(Rule::FiHetu)
        && let Some(end) = fi_hetu(text, start)
    {
        return Some((Rule::FiHetu, end));
    }
    None
}

/// Whether a word ends here that does not go on behind a dash, as a UUID does.
fn ends(text: &[u8], end: usize) -> bool {
    let goes_on = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !goes_on(end) && (text.get(end) != Some(&b'-') || !goes_on(end + 1))
}

/// Blanks between groups of four are passed over.
fn iban(text: &[u8], start: usize) -> Option<usize> {
    let country = text.get(start..start + 2)?.to_ascii_uppercase();
    let (_, len) = IBANS.iter().chain([&KOSOVO]).find(|(code, _)| code[..] == country[..])?;
    let mut plain = [0u8; 34];
    let (mut count, mut at) = (0, start);
    while count < *len {
        let byte = *text.get(at)?;
        at += 1;
        if matches!(byte, b' ' | b'-') && count > 0 && count % 4 == 0 {
            continue;
        }
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        *plain.get_mut(count)? = byte;
        count += 1;
    }
    let plain = plain.get(..count)?;
    let is_of_one_case = !plain.iter().any(u8::is_ascii_lowercase) || !plain.iter().any(u8::is_ascii_uppercase);
    (ends(text, at) && is_of_one_case && mod97(plain)).then_some(at)
}

/// The check letter of Spain's DNI and NIE.
const NIF_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn nif_letter(number: &[u8], letter: u8) -> bool {
    let digits: Vec<u8> = number.iter().map(|byte| byte.wrapping_sub(b'0')).collect();
    digits.iter().all(|digit| *digit < 10) && NIF_LETTERS.get(remainder(&digits, 23) as usize) == Some(&letter.to_ascii_uppercase())
}

fn es_dni(text: &[u8], start: usize) -> Option<usize> {
    let count = text.get(start..)?.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    let number = text.get(start..start + count).filter(|_| (7..=8).contains(&count))?;
    let at = start + count + usize::from(text.get(start + count) == Some(&b'-'));
    let letter = *text.get(at)?;
    (nif_letter(number, letter) && ends(text, at + 1)).then_some(at + 1)
}

/// X, Y and Z stand for 0, 1 and 2.
fn es_nie(text: &[u8], start: usize) -> Option<usize> {
    let first = match text.get(start)?.to_ascii_uppercase() {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        _ => return None,
    };
    let digits = text.get(start + 1..start + 8)?;
    let at = start + 8 + usize::from(text.get(start + 8) == Some(&b'-'));
    let letter = *text.get(at)?;
    (nif_letter(&[&[first], digits].concat(), letter) && ends(text, at + 1)).then_some(at + 1)
}

/// Singapore's NRIC and FIN.
fn sg_nric(text: &[u8], start: usize) -> Option<usize> {
    let word = text.get(start..start + 9)?;
    let (first, digits, letter) = (word.first()?.to_ascii_uppercase(), word.get(1..8)?, word.get(8)?.to_ascii_uppercase());
    if !digits.iter().all(u8::is_ascii_digit) || !ends(text, start + 9) {
        return None;
    }
    let sum: u32 = digits.iter().zip([2, 7, 6, 5, 4, 3, 2]).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let (offset, letters): (u32, &[u8]) = match first {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return None,
    };
    let rest = ((sum + offset) % 11) as usize;
    let place = if first == b'M' { 10 - rest } else { rest };
    (letters.get(place) == Some(&letter)).then_some(start + 9)
}

/// Italy's codice fiscale: six letters, year, month, day, town, check letter.
fn it_fiscal_code(text: &[u8], start: usize) -> Option<usize> {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let word = text.get(start..start + 16)?.to_ascii_uppercase();
    let (body, letter) = (word.get(..15)?, *word.get(15)?);
    let is_shaped = body.iter().enumerate().all(|(at, byte)| match at {
        0..=5 | 11 => byte.is_ascii_uppercase(),
        8 => b"ABCDEHLMPRST".contains(byte),
        // Where two people would have the same code, letters stand for digits.
        _ => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
    });
    if !is_shaped || !ends(text, start + 16) {
        return None;
    }
    let value = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(at, byte)| if at % 2 == 0 { ODD.get(value(*byte)).copied().unwrap_or_default() } else { value(*byte) as u32 })
        .sum();
    (sum % 26 == u32::from(letter.wrapping_sub(b'A'))).then_some(start + 16)
}

/// Two letters, six digits, one letter A to D; in pairs or without blanks.
fn uk_nino(text: &[u8], start: usize) -> Option<usize> {
    let mut word = [0u8; 9];
    let (mut count, mut at) = (0, start);
    while count < 9 {
        let byte = *text.get(at)?;
        at += 1;
        if byte == b' ' && count > 0 && count % 2 == 0 {
            continue;
        }
        *word.get_mut(count)? = byte.to_ascii_uppercase();
        count += 1;
    }
    let [a, b, digits @ .., last] = word;
    let is_prefix = a.is_ascii_uppercase()
        && b.is_ascii_uppercase()
        && !b"DFIQUV".contains(&a)
        && !b"DFIQUVO".contains(&b)
        && ![b"BG", b"GB", b"NK", b"KN", b"TN", b"NT"].contains(&&[a, b]);
    (is_prefix && digits.iter().all(u8::is_ascii_digit) && (b'A'..=b'D').contains(&last) && ends(text, at)).then_some(at)
}

/// Finland's personal identity code: DDMMYY, a sign for the century, three digits, a check character.
fn fi_hetu(text: &[u8], start: usize) -> Option<usize> {
    const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let word = text.get(start..start + 11)?.to_ascii_uppercase();
    let digits: Vec<u8> = word.get(..6)?.iter().chain(word.get(7..10)?).map(|byte| byte.wrapping_sub(b'0')).collect();
    let days = match remainder(digits.get(2..4)?, 100) {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let is_day = (1..=days).contains(&remainder(digits.get(..2)?, 100));
    let is_shaped = digits.iter().all(|digit| *digit < 10) && b"+-ABCDEFUVWXY".contains(word.get(6)?) && is_day;
    let individual = remainder(digits.get(6..)?, 1000);
    let check = CHECKS.get((digits.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(*digit)) % 31) as usize);
    (is_shaped && individual >= 2 && check == word.get(10) && ends(text, start + 11)).then_some(start + 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(find: fn(&[u8], usize) -> Option<usize>, text: &str) -> bool {
        find(text.as_bytes(), 0) == Some(text.len())
    }

    #[test]
    fn numbers_that_their_issuers_publish_as_examples() {
        assert!(whole(iban, "GB82 WEST 1234 5698 7654 32") && whole(iban, "NO9386011117947") && !whole(iban, "GB82WEST12345698765433"));
        assert!(whole(es_dni, "12345678Z") && whole(es_dni, "12345678-z") && !whole(es_dni, "12345678A"));
        assert!(whole(es_nie, "X1234567L") && !whole(es_nie, "X1234567A"));
        assert!(whole(sg_nric, "S1234567D") && !whole(sg_nric, "S1234567A"));
        assert!(whole(it_fiscal_code, "RSSMRA85T10A562S") && !whole(it_fiscal_code, "RSSMRA85T10A562T"));
        assert!(!whole(uk_nino, "QQ123456C") && whole(uk_nino, "AB 12 34 56 C"));
        assert!(whole(fi_hetu, "131052-308T") && !whole(fi_hetu, "131052-308U"));
    }
}
