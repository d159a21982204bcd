//! What is found where a word begins with a digit: cards, national ids, telephone numbers, addresses.

use super::{
    checksum::{luhn, mod11_10, remainder, verhoeff, weighted},
    context::{Context, Words},
    rules::Rule,
};

/// The most digits that are looked at.
const DIGITS_MAX: usize = 24;

/// Groups of digits with one separator between each two.
#[derive(Debug)]
pub(super) struct Run {
    digits: [u8; DIGITS_MAX],
    start: usize,
    /// How far behind the start each digit stands: a separator between each two at most.
    places: [u8; DIGITS_MAX],
    count: usize,
    /// Behind the last one.
    pub(super) end: usize,
    /// The text goes on with more digits than are looked at.
    is_longer: bool,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// Digit by digit.
    Bare,
    /// In groups, with these between them.
    Grouped(Separators),
    Otherwise,
}

impl Run {
    /// The run that begins at `start`.
    pub(super) fn at(text: &[u8], start: usize) -> Self {
        let mut run = Self { digits: [0; DIGITS_MAX], start, places: [0; DIGITS_MAX], count: 0, end: start, is_longer: false };
        let mut at = start;
        loop {
            match text.get(at) {
                Some(digit @ b'0'..=b'9') => {
                    let (Some(slot), Some(place)) = (run.digits.get_mut(run.count), run.places.get_mut(run.count)) else {
                        run.is_longer = true;
                        return run;
                    };
                    (*slot, *place) = (digit - b'0', (at - start) as u8);
                    run.count += 1;
                    at += 1;
                    run.end = at;
                }
                Some(b' ' | b'-' | b'.' | b'/' | b':') if text.get(at + 1).is_some_and(u8::is_ascii_digit) => at += 1,
                _ => return run,
            }
        }
    }

    /// How many digits were looked at.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The first `count` digits, where they end at the end of a group, and where that is in the text.
    fn first(&self, count: usize) -> Option<(&[u8], usize)> {
        let last = self.places.get(count.checked_sub(1)?)?;
        let is_whole = count == self.count && !self.is_longer || count < self.count && *self.places.get(count)? > last + 1;
        is_whole.then_some((self.digits.get(..count)?, self.start + usize::from(*last) + 1))
    }

    /// How the first digits stand, if it is in groups of these sizes.
    fn written(&self, text: &[u8], groups: &[usize]) -> Written {
        let (mut at, mut separators, mut is_bare) = (0, Separators::default(), true);
        for (n, size) in groups.iter().enumerate() {
            for i in 0..*size {
                let Some(place) = self.places.get(at + i) else { return Written::Otherwise };
                let Some(last) = (at + i).checked_sub(1).and_then(|last| self.places.get(last)) else { continue };
                let is_apart = place - last > 1;
                if is_apart && i > 0 || is_apart == is_bare && i == 0 && n > 1 {
                    return Written::Otherwise;
                }
                if is_apart {
                    is_bare = false;
                    separators.add(text.get(self.start + usize::from(*place) - 1).copied().unwrap_or_default());
                }
            }
            at += size;
        }
        if is_bare { Written::Bare } else { Written::Grouped(separators) }
    }
}

/// What stands between groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Separators {
    bytes: [u8; 2],
}

impl Separators {
    fn add(&mut self, byte: u8) {
        let [first, second] = &mut self.bytes;
        match *first {
            0 => *first = byte,
            one if one != byte => *second = byte,
            _ => {}
        }
    }

    /// Whether all are among these.
    fn are(self, allowed: &[u8]) -> bool {
        self.bytes.iter().all(|byte| *byte == 0 || allowed.contains(byte))
    }

    /// Whether all are the same.
    fn are_one(self) -> bool {
        self.bytes.last() == Some(&0)
    }
}

/// What the digits at `start` are, if anything: the rule and where it ends. The first rule that is sure has them.
pub(super) fn find(text: &[u8], start: usize, run: &Run, context: &Context<'_>, wanted: impl Fn(Rule) -> bool) -> Option<(Rule, usize)> {
    // A part of a longer word is none of these: 4a7f-…, 10ms.
    let stands_alone = |end: usize| !text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if run.count >= 12 && wanted(Rule::CreditCard) {
        for count in [16, 15, 14, 19, 13, 18, 17, 12] {
            if let Some((digits, end)) = run.first(count)
                && stands_alone(end)
                && is_card(text, run, digits)
            {
                return Some((Rule::CreditCard, end));
            }
        }
    }
    for id in &IDS {
        if run.count < id.digits || !wanted(id.rule) {
            continue;
        }
        let Some((digits, end)) = run.first(id.digits) else { continue };
        if !stands_alone(end) || !(id.check)(digits) {
            continue;
        }
        let is_written = id.groups.iter().any(|groups| match run.written(text, groups) {
            Written::Grouped(separators) => separators.are(id.separators) && (id.is_mixed || separators.are_one()),
            _ => false,
        });
        let is_bare = run.written(text, &[id.digits]) == Written::Bare;
        if is_written && id.groups_tell || (is_written || is_bare) && context.names_id(start, end, &id.words) {
            return Some((id.rule, end));
        }
    }
    None
}

/// A card: a length and a prefix that an issuer has, the groups that cards are printed in, and Luhn's digit.
fn is_card(text: &[u8], run: &Run, digits: &[u8]) -> bool {
    let prefix = |count: usize| digits.get(..count).unwrap_or_default().iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    let (two, three, four, six) = (prefix(2), prefix(3), prefix(4), prefix(6));
    let is_issued = match digits.len() {
        12 => matches!(four, 5018 | 5020 | 5038 | 5600..=5899 | 6304 | 6390 | 6759 | 6761..=6763 | 604),
        13 => digits.first() == Some(&4),
        14 => matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37) || matches!(four, 2131 | 1800) || three == 122,
        16 => {
            digits.first() == Some(&4)
                || matches!(two, 35 | 51..=55 | 62 | 65 | 81 | 82)
                || matches!(four, 2221..=2720 | 6011 | 2200..=2204 | 5018..=5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
                || matches!(three, 644..=649 | 508)
                || matches!(six, 606_282 | 637_095 | 504_834 | 508_500..=508_999)
        }
        17 | 18 => matches!(two, 62) || matches!(four, 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763),
        19 => digits.first() == Some(&4) || matches!(two, 62 | 65) || matches!(four, 6011 | 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763),
        _ => false,
    };
    // Digits that are all the same pass Luhn's check for some, and are nobody's card.
    is_issued
        && luhn(digits)
        && digits.iter().any(|digit| Some(digit) != digits.first())
        && match digits.len() {
            14 => grouped(run, text, &[&[4, 6, 4], &[14]]),
            15 => grouped(run, text, &[&[4, 6, 5], &[15]]),
            16 => grouped(run, text, &[&[4, 4, 4, 4], &[16]]),
            19 => grouped(run, text, &[&[4, 4, 4, 4, 3], &[6, 13], &[19]]),
            count => grouped(run, text, &[&[count]]),
        }
}

fn grouped(run: &Run, text: &[u8], shapes: &[&[usize]]) -> bool {
    shapes.iter().any(|shape| match run.written(text, shape) {
        Written::Bare => true,
        Written::Grouped(separators) => separators.are(b" -") && separators.are_one(),
        Written::Otherwise => false,
    })
}

/// A national id of digits alone.
struct Id {
    rule: Rule,
    digits: usize,
    /// How it is written where it is not digit by digit.
    groups: &'static [&'static [usize]],
    separators: &'static [u8],
    /// Whether these stand beside one another.
    is_mixed: bool,
    /// Whether those groups say enough; else words around it must.
    groups_tell: bool,
    check: fn(&[u8]) -> bool,
    /// Words that name it.
    words: Words,
}

/// By rule. Where one number fits several, the first has it.
static IDS: [Id; 12] = [
    Id {
        rule: Rule::UsSsn,
        digits: 9,
        groups: &[&[3, 2, 4]],
        separators: b"- .",
        is_mixed: false,
        groups_tell: true,
        check: us_ssn,
        words: Words::new(&["ssn", "social security", "social_security", "socialsecurity", "ssid"]),
    },
    Id {
        rule: Rule::CaSin,
        digits: 9,
        groups: &[&[3, 3, 3]],
        separators: b"- ",
        is_mixed: false,
        groups_tell: true,
        check: |digits| luhn(digits) && !matches!(digits.first(), Some(0 | 8)) && !is_uniform(digits),
        words: Words::new(&["sin", "social insurance", "nas", "assurance sociale"]),
    },
    Id {
        rule: Rule::NlBsn,
        digits: 9,
        groups: &[&[4, 2, 3]],
        separators: b". -",
        is_mixed: false,
        groups_tell: true,
        check: |digits| {
            let last = digits.last().copied().map_or(0, u32::from);
            let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
            sum >= last && (sum - last).is_multiple_of(11) && !is_uniform(digits)
        },
        words: Words::new(&["bsn", "burgerservicenummer", "sofinummer", "sofi"]),
    },
    Id {
        rule: Rule::UkNhs,
        digits: 10,
        groups: &[&[3, 3, 4]],
        separators: b"- ",
        is_mixed: false,
        // Telephone numbers are written so as well, and one in eleven has the check digit.
        groups_tell: false,
        check: |digits| {
            let check = 11 - weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            check != 10 && Some(check % 11) == digits.last().copied().map(u32::from) && !is_uniform(digits)
        },
        words: Words::new(&["nhs", "national health"]),
    },
    Id {
        rule: Rule::DeTaxId,
        digits: 11,
        groups: &[&[2, 3, 3, 3]],
        separators: b" ",
        is_mixed: false,
        groups_tell: true,
        check: de_tax_id,
        words: Words::new(&["steuer", "idnr", "tax id", "tax_id", "taxid", "tin"]),
    },
    Id {
        rule: Rule::BrCpf,
        digits: 11,
        groups: &[&[3, 3, 3, 2]],
        separators: b".-",
        is_mixed: true,
        groups_tell: true,
        check: br_cpf,
        words: Words::new(&["cpf", "cadastro"]),
    },
    Id {
        rule: Rule::PlPesel,
        digits: 11,
        groups: &[],
        separators: b"",
        is_mixed: false,
        groups_tell: false,
        check: |digits| {
            let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
            let month = digits.get(2..4).map_or(0, |month| remainder(month, 100) % 20);
            let day = digits.get(4..6).map_or(0, |day| remainder(day, 100));
            sum.is_multiple_of(10) && (1..=12).contains(&month) && (1..=31).contains(&day)
        },
        words: Words::new(&["pesel"]),
    },
    Id {
        rule: Rule::TrNationalId,
        digits: 11,
        groups: &[],
        separators: b"",
        is_mixed: false,
        groups_tell: false,
        check: tr_national_id,
        words: Words::new(&["kimlik", "tckn", "tc no", "t.c.", "kişi", "turkish id"]),
    },
    Id {
        rule: Rule::InAadhaar,
        digits: 12,
        groups: &[&[4, 4, 4]],
        separators: b" -:",
        is_mixed: false,
        groups_tell: true,
        check: |digits| verhoeff(digits) && !matches!(digits.first(), Some(0 | 1)) && !digits.iter().eq(digits.iter().rev()),
        words: Words::new(&["aadhaar", "aadhar", "uidai"]),
    },
    Id {
        rule: Rule::ZaId,
        digits: 13,
        groups: &[&[6, 4, 3], &[6, 4, 2, 1]],
        separators: b" -",
        is_mixed: false,
        groups_tell: true,
        check: |digits| {
            let month = digits.get(2..4).map_or(0, |month| remainder(month, 100));
            let day = digits.get(4..6).map_or(0, |day| remainder(day, 100));
            luhn(digits) && (1..=12).contains(&month) && (1..=31).contains(&day) && matches!(digits.get(10), Some(0..=2))
        },
        words: Words::new(&["id number", "id_number", "identity", "rsa id", "south african"]),
    },
    Id {
        rule: Rule::FrNir,
        digits: 15,
        groups: &[&[1, 2, 2, 2, 3, 3, 2], &[13, 2]],
        separators: b" .-",
        is_mixed: false,
        groups_tell: true,
        check: fr_nir,
        words: Words::new(&["nir", "insee", "sécurité sociale", "securite sociale", "numéro de sécu"]),
    },
    Id {
        rule: Rule::UsItin,
        digits: 9,
        groups: &[&[3, 2, 4]],
        separators: b"- ",
        is_mixed: false,
        groups_tell: true,
        check: |digits| {
            digits.first() == Some(&9)
                && digits.get(3..5).is_some_and(|pair| matches!(remainder(pair, 100), 50..=65 | 70..=88 | 90..=92 | 94..=99))
        },
        words: Words::new(&["itin", "individual taxpayer"]),
    },
];

fn is_uniform(digits: &[u8]) -> bool {
    digits.iter().all(|digit| Some(digit) == digits.first())
}

/// No check digit, but numbers that are never given ([SSA](https://www.ssa.gov/employer/randomization.html)).
fn us_ssn(digits: &[u8]) -> bool {
    let [a, b, c] = [0..3, 3..5, 5..9].map(|part| remainder(digits.get(part).unwrap_or_default(), 10_000));
    let is_advertised = matches!((a, b, c), (78, 5, 1120) | (219, 9, 9999) | (123, 45, 6789) | (987, 65, 4320..=4329));
    a != 0 && a != 666 && a < 900 && b != 0 && c != 0 && !is_advertised && !is_uniform(digits)
}

/// One digit of the first ten stands twice or three times, the others once at most
/// ([BZSt](https://www.bzst.de/DE/Privatpersonen/SteuerlicheIdentifikationsnummer/steuerlicheidentifikationsnummer_node.html)).
fn de_tax_id(digits: &[u8]) -> bool {
    let mut counts = [0u8; 10];
    for digit in digits.get(..10).unwrap_or_default() {
        if let Some(count) = counts.get_mut(usize::from(*digit)) {
            *count += 1;
        }
    }
    let many = counts.iter().filter(|count| **count > 1).count();
    let most = counts.iter().max().copied().unwrap_or_default();
    mod11_10(digits) && digits.first() != Some(&0) && most <= 3 && many <= 1
}

fn br_cpf(digits: &[u8]) -> bool {
    let check = |count: usize| {
        let weights: Vec<u8> = (2..=count as u8 + 1).rev().collect();
        let rest = weighted(digits.get(..count).unwrap_or_default(), &weights) * 10 % 11;
        Some(rest % 10) == digits.get(count).copied().map(u32::from)
    };
    check(9) && check(10) && !is_uniform(digits)
}

#[allow(clippy::many_single_char_names)] // places of one number
fn tr_national_id(digits: &[u8]) -> bool {
    let [a, b, c, d, e, f, g, h, i, tenth, eleventh] = *digits else { return false };
    let odd = i32::from(a + c + e + g + i);
    let even = i32::from(b + d + f + h);
    a != 0 && (odd * 7 - even).rem_euclid(10) == i32::from(tenth) && (odd + even + i32::from(tenth)) % 10 == i32::from(eleventh)
}

/// The key is 97 less the remainder of the first thirteen digits.
fn fr_nir(digits: &[u8]) -> bool {
    let (Some(body), Some(key), Some(month)) = (digits.get(..13), digits.get(13..), digits.get(3..5)) else { return false };
    let is_month = matches!(remainder(month, 100), 1..=12 | 20..=42 | 50..=99);
    matches!(digits.first(), Some(1 | 2)) && is_month && 97 - remainder(body, 97) == remainder(key, 100)
}
