//! Check digits: what tells a number that somebody was given from one that merely has as many digits.

/// Luhn's, of cards and others ([ISO/IEC 7812-1](https://www.iso.org/standard/70484.html), annex B): the last digit is the check digit.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit);
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The sum of digits times weights, as far as there are both.
pub(super) fn weighted(digits: &[u8], weights: &[u8]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * u32::from(*weight)).sum()
}

/// The remainder of a decimal number.
pub(super) fn remainder(digits: &[u8], modulus: u32) -> u32 {
    digits.iter().fold(0, |rest, digit| (rest * 10 + u32::from(*digit)) % modulus)
}

/// An IBAN's ([ISO 13616](https://www.swift.com/standards/data-standards/iban)): letters count 10 to 35, and the first four come last.
pub(super) fn mod97(iban: &[u8]) -> bool {
    let (head, tail) = iban.split_at(iban.len().min(4));
    let rest = tail.iter().chain(head).fold(0, |rest: u32, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase().wrapping_sub(b'A')) + 10) % 97,
    });
    rest == 1
}

/// ISO 7064's MOD 11,10, of German tax ids.
pub(super) fn mod11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product: u32, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*check)
}

/// Verhoeff's, of India's Aadhaar: a group of ten elements, and a permutation by place.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    /// The dihedral group of order ten: reflections are 5 to 9.
    fn product(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b) % 5 + 5,
            (false, true) => (a + 5 - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted =
        |digit: u8, times: usize| (0..times % 8).fold(digit, |digit, _| PERMUTATION.get(usize::from(digit)).copied().unwrap_or_default());
    digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| product(sum, permuted(*digit, place))) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
    }

    #[test]
    fn numbers_that_their_issuers_publish_as_examples() {
        assert!(luhn(&digits("4111 1111 1111 1111")) && luhn(&digits("378282246310005")));
        assert!(mod97(b"GB82WEST12345698765432") && mod97(b"de89370400440532013000"));
        assert!(mod11_10(&digits("86095742719")) && verhoeff(&digits("2363")));
    }

    proptest! {
        /// Each of these sees every single digit that is wrong.
        #[test]
        fn a_wrong_digit_is_seen(body in proptest::collection::vec(0u8..10, 10), at in 0usize..11, by in 1u8..10) {
            for check in [luhn, mod11_10, verhoeff] {
                let whole = (0..10).map(|last| [&body[..], &[last]].concat()).find(|whole| check(whole));
                let Some(mut whole) = whole else { continue };
                whole[at] = (whole[at] + by) % 10;
                prop_assert!(!check(&whole));
            }
        }
    }
}
