//! Where in a text something could begin, by the bytes that stand near: 64 of them at a time, one bit each, so that the rules are asked at few
//! places.
//!
//! What is said here of a find holds for each find of its rules; a test asks the rules everywhere and finds no more.

use wide::u8x32;

use super::rules::{Rule, Wanted};

/// How many bytes behind a place may be looked at: a MAC address has its last dash there.
const AHEAD: usize = 16;

/// How many places of a window of 64 bytes are told where the text goes on.
pub(super) const STEP: usize = 64 - AHEAD;

/// What is looked for, and by that which places are of interest.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a fact by itself
pub(super) struct Groups {
    pub(super) wanted: Wanted,
    pub(super) addresses: bool,
    pub(super) urls: bool,
    pub(super) pairs: bool,
    pub(super) phones: bool,
    cards: bool,
    ids: bool,
    ipv4: bool,
    mac: bool,
    lettered: bool,
    words: bool,
    jwt: bool,
    prefixed: bool,
    mails: bool,
}

impl Groups {
    pub(super) fn of(wanted: Wanted) -> Self {
        use Rule::{
            Authorization, AwsAccessKey, AzureKey, BrCpf, CaSin, Cookie, CreditCard, DeTaxId, Email, EsNif, FiHetu, FrNir, GcpKey,
            GithubToken, GitlabToken, Iban, InAadhaar, IpAddress, ItFiscalCode, Jwt, KeyValueSecret, MacAddress, NlBsn, NpmToken, Phone,
            PlPesel, PrivateKey, PypiToken, SgNric, SlackToken, StripeKey, TrNationalId, UkNhs, UkNino, UrlPassword, UsItin, UsSsn, ZaId,
        };
        let jwt = wanted.has(Jwt);
        let prefixed =
            wanted.any(&[AwsAccessKey, GcpKey, GithubToken, GitlabToken, NpmToken, PrivateKey, PypiToken, SlackToken, StripeKey]);
        Self {
            wanted,
            addresses: wanted.any(&[IpAddress, MacAddress]),
            urls: wanted.any(&[UrlPassword, SlackToken]),
            pairs: wanted.any(&[Authorization, AzureKey, Cookie, KeyValueSecret]),
            phones: wanted.has(Phone),
            cards: wanted.has(CreditCard),
            ids: wanted.any(&[UsSsn, UsItin, CaSin, NlBsn, UkNhs, DeTaxId, BrCpf, PlPesel, TrNationalId, InAadhaar, ZaId, FrNir]),
            ipv4: wanted.has(IpAddress),
            mac: wanted.has(MacAddress),
            lettered: wanted.any(&[EsNif, FiHetu]),
            words: wanted.any(&[Iban, EsNif, SgNric, ItFiscalCode, UkNino]),
            jwt,
            prefixed,
            mails: wanted.has(Email),
        }
    }
}

/// The places of a window, by what could begin there; the first byte's bit is the lowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) ipv4: u64,
    pub(super) mac: u64,
    /// Digits that end with a letter or have one.
    pub(super) lettered: u64,
    /// Cards and ids of digits alone.
    pub(super) numbers: u64,
    pub(super) phones: u64,
    /// Account numbers and ids that begin with letters.
    pub(super) words: u64,
    pub(super) tokens: u64,
    pub(super) mails: u64,
    /// Colons of IPv6 and MAC addresses.
    pub(super) addresses: u64,
    pub(super) urls: u64,
    /// What stands behind a key.
    pub(super) pairs: u64,
}

impl Places {
    #[inline(always)]
    pub(super) fn any(&self) -> u64 {
        self.ipv4
            | self.mac
            | self.lettered
            | self.numbers
            | self.phones
            | self.words
            | self.tokens
            | self.mails
            | self.addresses
            | self.urls
            | self.pairs
    }

    /// Of 32 or 64 bytes. `was_word`: a letter or digit stands before them.
    #[inline(always)]
    pub(super) fn of<const HALVES: usize>(window: &[[u8; 32]; HALVES], was_word: bool, groups: &Groups) -> Self {
        let window = Window(window.map(u8x32::new));
        let near = Near::of(&window, was_word, groups);
        let mut places = Self::default();
        // Half of what is logged has none.
        if near.digits != 0 {
            places.with_digits(&near, &window, groups);
        }
        if groups.addresses {
            places.addresses = near.addresses();
        }
        if groups.mac {
            places.mac = near.mac();
        }
        if groups.jwt {
            places.tokens |= near.starts & window.is(b'J') >> 2;
        }
        if groups.prefixed {
            places.tokens |= near.prefixed(&window);
        }
        if groups.mails {
            places.mails = window.is(b'@');
        }
        if groups.urls {
            places.urls = near.colons & near.slashes >> 1 & near.slashes >> 2;
        }
        if groups.pairs {
            // No key ends with a digit.
            places.pairs = (near.colons | window.is(b'=')) & !(near.digits << 1);
        }
        places
    }

    #[inline(always)]
    fn with_digits<const HALVES: usize>(&mut self, near: &Near, window: &Window<HALVES>, groups: &Groups) {
        if groups.cards {
            self.numbers |= near.cards();
        }
        if groups.ids {
            self.numbers |= near.ids();
        }
        if groups.ipv4 {
            self.ipv4 = near.ipv4();
        }
        if groups.lettered {
            self.lettered = near.lettered(window);
        }
        if groups.words {
            self.words = near.words();
        }
        if groups.phones {
            self.phones = near.phones(window);
        }
    }
}

/// Bytes that are looked at together.
struct Window<const HALVES: usize>([u8x32; HALVES]);

impl<const HALVES: usize> Window<HALVES> {
    #[inline(always)]
    fn those(&self, is: impl Fn(u8x32) -> u8x32) -> u64 {
        self.0.iter().rev().fold(0, |bits, half| bits << 32 | u64::from(is(*half).to_bitmask()))
    }

    #[inline(always)]
    fn is(&self, byte: u8) -> u64 {
        self.those(|half| half.simd_eq(u8x32::splat(byte)))
    }
}

/// From `low` on, `count` of them.
#[inline(always)]
fn within(bytes: u8x32, low: u8, count: u8) -> u8x32 {
    let above = bytes - u8x32::splat(low);
    above.min(u8x32::splat(count - 1)).simd_eq(above)
}

/// Which bytes are what.
#[derive(Clone, Copy)]
struct Near {
    digits: u64,
    letters: u64,
    /// Where words begin: what none of them goes on with.
    starts: u64,
    spaces: u64,
    dashes: u64,
    dots: u64,
    slashes: u64,
    colons: u64,
}

impl Near {
    #[inline(always)]
    fn of<const HALVES: usize>(window: &Window<HALVES>, was_word: bool, groups: &Groups) -> Self {
        let digits = window.those(|half| within(half, b'0', 10));
        let letters = window.those(|half| within(half | u8x32::splat(0x20), b'a', 26));
        let word = digits | letters;
        let any = |is_asked: bool, byte: u8| if is_asked { window.is(byte) } else { 0 };
        Self {
            digits,
            letters,
            starts: word & !(word << 1 | u64::from(was_word)),
            spaces: window.is(b' '),
            dashes: window.is(b'-'),
            dots: window.is(b'.'),
            slashes: any(groups.ids || groups.phones || groups.urls, b'/'),
            colons: any(groups.ids || groups.addresses || groups.urls || groups.pairs, b':'),
        }
    }

    /// Where so many digits stand: 2, 3, 4 or 6 and more.
    #[inline(always)]
    fn of_digits(&self, count: u32) -> u64 {
        let two = self.digits & self.digits >> 1;
        let three = two & self.digits >> 2;
        let six = three & three >> 3;
        match count {
            2 => two,
            3 => three,
            4 => two & two >> 2,
            6 => six,
            7 => six & self.digits >> 6,
            9 => six & three >> 6,
            12 => six & six >> 6,
            _ => self.digits,
        }
    }

    /// Of these separators, each that stands alone between two digits.
    #[inline(always)]
    fn between_digits(&self, separators: u64) -> u64 {
        separators & self.digits << 1 & self.digits >> 1
    }

    /// Twelve digits, or groups of which the first two are of four and six, or of six and more.
    #[inline(always)]
    fn cards(&self) -> u64 {
        let apart = self.between_digits(self.spaces | self.dashes);
        let (four, six) = (self.of_digits(4), self.of_digits(6));
        let grouped = four & apart >> 4 & four >> 5 | six & apart >> 6 & six >> 7;
        self.starts & (self.of_digits(12) | grouped)
    }

    /// Nine digits, or the first groups of the ids: 3-2-, 3-3-, 4-2-3, 4-4, 2-3-, 6-4, 1-2-2-.
    #[inline(always)]
    fn ids(&self) -> u64 {
        let apart = self.between_digits(self.spaces | self.dashes | self.dots | self.slashes | self.colons);
        let (two, three, four) = (self.of_digits(2), self.of_digits(3), self.of_digits(4));
        let by_three = three & apart >> 3 & (two >> 4 & apart >> 6 | three >> 4 & apart >> 7);
        let by_four = four & apart >> 4 & (two >> 5 & apart >> 7 & three >> 8 | four >> 5);
        let by_two = two & apart >> 2 & three >> 3 & apart >> 6;
        let by_six = self.of_digits(6) & apart >> 6 & four >> 7;
        let by_one = self.digits & apart >> 1 & two >> 2 & apart >> 4 & two >> 5 & apart >> 7;
        self.starts & (self.of_digits(9) | by_three | by_four | by_two | by_six | by_one)
    }

    /// Three dots, each with one to three digits before it, and one behind.
    #[inline(always)]
    fn ipv4(&self) -> u64 {
        let within_three = |dots: u64| dots >> 2 | dots >> 3 | dots >> 4;
        let last = self.between_digits(self.dots);
        let first = last & within_three(last & within_three(last));
        self.starts & self.digits & (first >> 1 | first >> 2 | first >> 3)
    }

    /// Two colons that touch, or three with four digits between each two at most: a time of day has two.
    #[inline(always)]
    fn addresses(&self) -> u64 {
        let within_four = |colons: u64| colons >> 1 | colons >> 2 | colons >> 3 | colons >> 4 | colons >> 5;
        let colons = self.colons;
        colons & (colons >> 1 | within_four(colons & within_four(colons)))
    }

    /// Dashes at every third place, or dots at every fifth.
    #[inline(always)]
    fn mac(&self) -> u64 {
        let (dashes, dots) = (self.dashes, self.dots);
        self.starts & (dashes >> 2 & dashes >> 5 & dashes >> 8 & dashes >> 11 & dashes >> 14 | dots >> 4 & dots >> 9)
    }

    /// Seven or eight digits and a letter, perhaps behind a dash; or six, a sign or letter, and three more.
    #[inline(always)]
    fn lettered<const HALVES: usize>(&self, window: &Window<HALVES>) -> u64 {
        let signs = self.letters | self.dashes;
        let nif = self.of_digits(7) & (signs >> 7 | signs >> 8);
        let hetu = self.of_digits(6) & (signs | window.is(b'+')) >> 6 & self.of_digits(3) >> 7;
        self.starts & (nif | hetu)
    }

    /// Two letters and two digits (IBAN); a letter and seven digits (NIE, NRIC); six letters and two digits (codice fiscale); two letters and
    /// digits in pairs (NINO).
    #[inline(always)]
    fn words(&self) -> u64 {
        let (digits, letters, spaces) = (self.digits, self.letters, self.spaces);
        let (two, pair) = (self.of_digits(2), letters & letters >> 1);
        let iban = pair & two >> 2 & (digits | letters | spaces | self.dashes) >> 4;
        let numbered = letters & self.of_digits(7) >> 1;
        let fiscal = pair & pair >> 2 & pair >> 4 & two >> 6;
        let goes_on = two & (digits | spaces) >> 2;
        let nino = pair & (goes_on >> 2 | spaces >> 2 & goes_on >> 3);
        self.starts & (iban | numbered | fiscal | nino)
    }

    /// Digits enough with no colon between them, or one and a bracket; a `+` and a digit; a bracket and a digit behind it.
    #[inline(always)]
    fn phones<const HALVES: usize>(&self, window: &Window<HALVES>) -> u64 {
        let digits = self.digits;
        let separators = self.spaces | self.dashes | self.dots | self.slashes;
        let brackets = window.is(b'(');
        let run = digits | self.between_digits(separators);
        let (two, four) = (run & run >> 1, run & run >> 1 & run >> 2 & run >> 3);
        let seven = four & two >> 4 & run >> 6;
        let numbers = self.starts & digits & (seven | self.spaces >> 1 & brackets >> 2);
        let near = digits >> 1 | separators >> 1 & (digits >> 2 | separators >> 2 & digits >> 3);
        numbers | window.is(b'+') & (digits | brackets) >> 1 | brackets & near
    }

    /// Capitals from A to G; two to seven letters or digits and a `-`, `_` or `.`.
    #[inline(always)]
    fn prefixed<const HALVES: usize>(&self, window: &Window<HALVES>) -> u64 {
        let word = self.digits | self.letters;
        let ends = window.is(b'_') | self.dashes | self.dots;
        let (mut of_word, mut short) = (self.starts & self.letters, 0);
        let capitals = of_word & window.those(|half| within(half, b'A', 7));
        for len in 2..=7 {
            of_word &= word >> (len - 1);
            short |= of_word & ends >> len;
        }
        capitals | short
    }
}

#[cfg(test)]
impl Places {
    /// All places, for whatever is looked for.
    pub(super) fn everywhere(groups: &Groups) -> Self {
        let all = |is_asked: bool| if is_asked { u64::MAX } else { 0 };
        Self {
            ipv4: all(groups.ipv4),
            mac: all(groups.mac),
            lettered: all(groups.lettered),
            numbers: all(groups.cards || groups.ids),
            phones: all(groups.phones),
            words: all(groups.words),
            tokens: all(groups.jwt || groups.prefixed),
            mails: all(groups.mails),
            addresses: all(groups.addresses),
            urls: all(groups.urls),
            pairs: all(groups.pairs),
        }
    }
}
