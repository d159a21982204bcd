//! One pass over a text: where something could begin, and the rules that are asked there.

use wide::u8x32;

use super::{
    addresses::{self, Colons},
    context::Context,
    numbers::{self, Run},
    pairs, phone,
    rules::{Rule, Wanted},
    tokens, words,
};

/// Something that a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rule: Rule,
}

/// Slack's incoming webhooks: whoever knows the path may post.
pub(super) const SLACK_WEBHOOK: &[u8] = b"://hooks.slack.com/";

/// Bytes that are looked at together.
const STEP: usize = 32;

/// Adds what the wanted rules find in a text, the value of `key`, in order.
pub(super) fn scan(text: &[u8], key: &[u8], wanted: Wanted, hits: &mut Vec<Hit>) {
    let mut scan = Scan {
        text,
        context: Context::new(text, key),
        wanted,
        groups: Groups::of(wanted),
        from: 0,
        is_listed: false,
        colons_from: 0,
        jwt_from: 0,
    };
    let mut at = 0;
    let mut was_word = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let mut padded = [0; STEP];
        let block = rest.first_chunk::<STEP>().unwrap_or_else(|| {
            padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            &padded
        });
        let (mut marks, last) = scan.marks(block, was_word);
        was_word = last;
        while marks != 0 {
            let place = at + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            if place >= scan.from
                && let Some(hit) = scan.ask(place)
            {
                scan.from = hit.end;
                scan.is_listed |= hit.rule == Rule::Phone;
                hits.push(hit);
            }
        }
        at += STEP;
    }
}

/// Which kinds of places are of interest.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // each is a fact by itself
struct Groups {
    digits: bool,
    ids: bool,
    letters: bool,
    tokens: bool,
    at: bool,
    colons: bool,
    pairs: bool,
    phone: bool,
}

impl Groups {
    fn of(wanted: Wanted) -> Self {
        use Rule::{
            Authorization, AwsAccessKey, AzureKey, BrCpf, CaSin, Cookie, CreditCard, DeTaxId, Email, EsNif, FiHetu, FrNir, GcpKey,
            GithubToken, GitlabToken, Iban, InAadhaar, IpAddress, ItFiscalCode, Jwt, KeyValueSecret, MacAddress, NlBsn, NpmToken, Phone,
            PlPesel, PrivateKey, PypiToken, SgNric, SlackToken, StripeKey, TrNationalId, UkNhs, UkNino, UrlPassword, UsItin, UsSsn, ZaId,
        };
        let ids =
            wanted.any(&[CreditCard, UsSsn, UsItin, CaSin, NlBsn, UkNhs, DeTaxId, BrCpf, PlPesel, TrNationalId, InAadhaar, ZaId, FrNir]);
        let letters = wanted.any(&[Iban, EsNif, SgNric, ItFiscalCode, UkNino, MacAddress]);
        let phone = wanted.has(Phone);
        Self {
            digits: ids || phone || wanted.any(&[IpAddress, EsNif, FiHetu, MacAddress]),
            ids,
            letters,
            tokens: wanted.any(&[
                AwsAccessKey,
                GcpKey,
                GithubToken,
                GitlabToken,
                Jwt,
                NpmToken,
                PrivateKey,
                PypiToken,
                SlackToken,
                StripeKey,
            ]),
            at: wanted.has(Email),
            colons: wanted.any(&[IpAddress, MacAddress, UrlPassword, SlackToken]),
            pairs: wanted.any(&[Authorization, AzureKey, Cookie, KeyValueSecret]),
            phone,
        }
    }
}

struct Scan<'a> {
    text: &'a [u8],
    context: Context<'a>,
    wanted: Wanted,
    groups: Groups,
    /// What is before was found already.
    from: usize,
    /// A telephone number was found before.
    is_listed: bool,
    /// Colons before this were looked at.
    colons_from: usize,
    /// Before this there is no JWT.
    jwt_from: usize,
}

impl Scan<'_> {
    /// The places in a block that are of interest, and whether its last byte is in a word.
    #[inline(always)]
    fn marks(&self, block: &[u8; STEP], was_word: u32) -> (u32, u32) {
        let bytes = u8x32::new(*block);
        let is = |byte: u8| bytes.simd_eq(u8x32::splat(byte));
        // `max(b, low) == b` is `b >= low`; `wide` has no unsigned comparison of bytes.
        let within =
            |bytes: u8x32, low: u8, high: u8| bytes.max(u8x32::splat(low)).simd_eq(bytes) & bytes.min(u8x32::splat(high)).simd_eq(bytes);
        let digits = within(bytes, b'0', b'9').to_bitmask();
        let letters = within(bytes | u8x32::splat(0x20), b'a', b'z').to_bitmask();
        let word = digits | letters;
        let starts = word & !(word << 1 | was_word);
        let Groups { digits: any_digits, letters: any_letters, tokens, at, colons, pairs, phone, .. } = self.groups;
        let mut marks = 0;
        if any_digits {
            marks |= starts & digits;
        }
        if any_letters || tokens {
            marks |= starts & letters;
        }
        if at {
            marks |= is(b'@').to_bitmask();
        }
        if colons || pairs {
            marks |= is(b':').to_bitmask();
        }
        if pairs {
            marks |= is(b'=').to_bitmask();
        }
        if phone {
            marks |= (is(b'+') | is(b'(')).to_bitmask();
        }
        (marks, word >> 31)
    }

    #[inline]
    fn ask(&mut self, at: usize) -> Option<Hit> {
        let byte = *self.text.get(at)?;
        match byte {
            b'0'..=b'9' => self.digit(at),
            b'@' => addresses::email(self.text, at, self.from).map(|(start, end)| Hit { start, end, rule: Rule::Email }),
            b':' => self.colon(at),
            b'=' => self.pair(at),
            b'+' | b'(' => phone::find(self.text, at, &self.context, self.is_listed).map(|end| Hit { start: at, end, rule: Rule::Phone }),
            _ => self.letter(at, byte),
        }
    }

    fn letter(&mut self, at: usize, byte: u8) -> Option<Hit> {
        let wanted = self.wanted;
        if self.groups.tokens
            && self.text.get(at + 1).is_some_and(|second| tokens::may_begin(byte, *second))
            && let Some((rule, start, end)) = tokens::find(self.text, at, &mut self.jwt_from, |rule| wanted.has(rule))
        {
            return Some(Hit { start, end, rule });
        }
        if !self.groups.letters {
            return None;
        }
        if let Some(hit) = self.mac(at) {
            return Some(hit);
        }
        // All others have a digit near; most words have none.
        let near = self.text.get(at + 1..)?.iter().take(7).any(u8::is_ascii_digit);
        if !near {
            return None;
        }
        words::find(self.text, at, &self.context, |rule| wanted.has(rule)).map(|(rule, end)| Hit { start: at, end, rule })
    }

    fn mac(&self, at: usize) -> Option<Hit> {
        let may_be = self.text.get(at + 2) == Some(&b'-') || self.text.get(at + 4) == Some(&b'.');
        let end = if may_be && self.wanted.has(Rule::MacAddress) { addresses::mac(self.text, at)? } else { return None };
        Some(Hit { start: at, end, rule: Rule::MacAddress })
    }

    fn digit(&mut self, at: usize) -> Option<Hit> {
        let wanted = self.wanted;
        // The least that anything has: `1.2.3.4`, `::1` (which is the colon's).
        if !self
            .text
            .get(at + 1)
            .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' ' | b'-' | b'a'..=b'f' | b'A'..=b'F'))
        {
            return None;
        }
        if wanted.has(Rule::IpAddress)
            && self.text.get(at + 1..).is_some_and(|rest| rest.iter().take(3).any(|byte| *byte == b'.'))
            && let Some(end) = addresses::ipv4(self.text, at)
        {
            return Some(Hit { start: at, end, rule: Rule::IpAddress });
        }
        if let Some(hit) = self.mac(at) {
            return Some(hit);
        }
        let run = Run::at(self.text, at);
        let next = self.text.get(run.end);
        // A letter at the end, or a sign after six digits.
        let may_be_lettered =
            next.is_some_and(u8::is_ascii_alphabetic) || matches!(next, Some(b'-' | b'+')) || self.text.get(at + 6) == Some(&b'-');
        if may_be_lettered && let Some((rule, end)) = words::find_numbered(self.text, at, |rule| wanted.has(rule)) {
            return Some(Hit { start: at, end, rule });
        }
        let may_be_phone = self.groups.phone && self.text.get(at + 1..at + 3) == Some(b" (");
        if run.len() < 7 && !may_be_phone || self.is_glued(at) {
            return None;
        }
        if self.groups.ids
            && let Some((rule, end)) = numbers::find(self.text, at, &run, &self.context, |rule| wanted.has(rule))
        {
            return Some(Hit { start: at, end, rule });
        }
        let end = if self.groups.phone { phone::find(self.text, at, &self.context, self.is_listed)? } else { return None };
        Some(Hit { start: at, end, rule: Rule::Phone })
    }

    /// Whether the digits go on what was before: `…-a716-446655440000`, `0.4111…`.
    fn is_glued(&self, at: usize) -> bool {
        let before = self.text.get(at.saturating_sub(12)..at).unwrap_or_default();
        let Some((b'-' | b'.' | b'_', before)) = before.split_last() else { return false };
        before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).any(u8::is_ascii_digit)
    }

    fn colon(&mut self, at: usize) -> Option<Hit> {
        if self.groups.colons && at >= self.colons_from {
            if self.text.get(at + 1..at + 3) == Some(b"//") {
                return self.url(at);
            }
            let is_hex = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':');
            if is_hex(self.text.get(at + 1)) {
                let (found, next) = addresses::colons(self.text, at, self.from);
                self.colons_from = next;
                if let Some((what, start, end)) = found {
                    let rule = if what == Colons::Mac { Rule::MacAddress } else { Rule::IpAddress };
                    if self.wanted.has(rule) {
                        return Some(Hit { start, end, rule });
                    }
                }
            }
        }
        self.pair(at)
    }

    fn url(&self, at: usize) -> Option<Hit> {
        if self.wanted.has(Rule::SlackToken) && self.text.get(at..at + SLACK_WEBHOOK.len()) == Some(SLACK_WEBHOOK) {
            let start = at + SLACK_WEBHOOK.len();
            let len = self.text.get(start..)?.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'/').count();
            return (len > 20).then_some(Hit { start, end: start + len, rule: Rule::SlackToken });
        }
        if !self.wanted.has(Rule::UrlPassword) {
            return None;
        }
        addresses::url_password(self.text, at).map(|(start, end)| Hit { start, end, rule: Rule::UrlPassword })
    }

    fn pair(&self, at: usize) -> Option<Hit> {
        if !self.groups.pairs {
            return None;
        }
        let wanted = self.wanted;
        pairs::find(self.text, at, self.from, |rule| wanted.has(rule)).map(|(rule, start, end)| Hit { start, end, rule })
    }
}
