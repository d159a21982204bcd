//! One pass over a text: where something could begin, and the rules that are asked there.

use super::{
    addresses::{self, Colons},
    context::Context,
    numbers::{self, Run},
    pairs, phone,
    places::{Groups, Places, STEP},
    rules::Rule,
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

/// Adds what the wanted rules find in a text, the value of `key`, in order.
pub(super) fn scan(text: &[u8], key: &[u8], groups: &Groups, hits: &mut Vec<Hit>) {
    let mut scan = Scan::new(text, key, groups);
    match text.len() {
        0 => {}
        1..=32 => scan.short::<1>(hits),
        33..=64 => scan.short::<2>(hits),
        _ => scan.long(hits),
    }
}

struct Scan<'a> {
    text: &'a [u8],
    context: Context<'a>,
    groups: &'a Groups,
    /// What is before was found already.
    from: usize,
    /// A telephone number was found before.
    is_listed: bool,
    /// Colons before this were looked at.
    colons_from: usize,
    /// Before this there is no JWT.
    jwt_from: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a [u8], key: &'a [u8], groups: &'a Groups) -> Self {
        Self { text, context: Context::new(text, key), groups, from: 0, is_listed: false, colons_from: 0, jwt_from: 0 }
    }

    /// Of 32 or 64 bytes at most.
    fn short<const HALVES: usize>(&mut self, hits: &mut Vec<Hit>) {
        let mut padded = [[0; 32]; HALVES];
        if let Some(start) = padded.as_flattened_mut().get_mut(..self.text.len()) {
            start.copy_from_slice(self.text);
        }
        self.visit(0, u64::MAX, &Places::of(&padded, false, self.groups), hits);
    }

    /// Of 64 bytes at least: by windows that overlap, for a place is told by what stands behind it. The last one ends with the text.
    fn long(&mut self, hits: &mut Vec<Hit>) {
        let text = self.text;
        let Some(last) = text.len().checked_sub(64) else { return };
        let mut done = 0;
        loop {
            let start = done.min(last);
            let Some(window) = text.get(start..).and_then(|rest| rest.as_chunks::<32>().0.first_chunk::<2>()) else { return };
            let was_word = start.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_alphanumeric);
            let places = Places::of(window, was_word, self.groups);
            if start == last {
                return self.visit(start, u64::MAX << (done - start), &places, hits);
            }
            self.visit(start, u64::MAX >> (64 - STEP), &places, hits);
            done = start + STEP;
        }
    }

    /// Asks the rules at those of the places that are `told`.
    #[inline(always)]
    fn visit(&mut self, start: usize, told: u64, places: &Places, hits: &mut Vec<Hit>) {
        let mut rest = places.any() & told;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            rest ^= bit;
            self.look(start + bit.trailing_zeros() as usize, bit, places, hits);
        }
    }

    fn look(&mut self, at: usize, bit: u64, places: &Places, hits: &mut Vec<Hit>) {
        if at >= self.from
            && let Some(hit) = self.ask(at, bit, places)
        {
            self.from = hit.end;
            self.is_listed |= hit.rule == Rule::Phone;
            hits.push(hit);
        }
    }

    /// `bit`: the place among `places`.
    #[inline]
    fn ask(&mut self, at: usize, bit: u64, places: &Places) -> Option<Hit> {
        let byte = *self.text.get(at)?;
        match byte {
            b'0'..=b'9' => self.digit(at, bit, places),
            b'@' => addresses::email(self.text, at, self.from).map(|(start, end)| Hit { start, end, rule: Rule::Email }),
            b':' => self.colon(at, bit, places),
            b'=' => self.pair(at),
            b'+' | b'(' => phone::find(self.text, at, &self.context, self.is_listed).map(|end| Hit { start: at, end, rule: Rule::Phone }),
            _ => self.letter(at, byte, bit, places),
        }
    }

    fn letter(&mut self, at: usize, byte: u8, bit: u64, places: &Places) -> Option<Hit> {
        let wanted = self.groups.wanted;
        if places.tokens & bit != 0
            && self.text.get(at + 1).is_some_and(|second| tokens::may_begin(byte, *second))
            && let Some((rule, start, end)) = tokens::find(self.text, at, &mut self.jwt_from, |rule| wanted.has(rule))
        {
            return Some(Hit { start, end, rule });
        }
        if places.mac & bit != 0
            && let Some(hit) = self.mac(at)
        {
            return Some(hit);
        }
        if places.words & bit == 0 {
            return None;
        }
        words::find(self.text, at, &self.context, |rule| wanted.has(rule)).map(|(rule, end)| Hit { start: at, end, rule })
    }

    fn mac(&self, at: usize) -> Option<Hit> {
        addresses::mac(self.text, at).map(|end| Hit { start: at, end, rule: Rule::MacAddress })
    }

    fn digit(&mut self, at: usize, bit: u64, places: &Places) -> Option<Hit> {
        let wanted = self.groups.wanted;
        // The least that anything has: `1.2.3.4`, `::1` (which is the colon's).
        if !self
            .text
            .get(at + 1)
            .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' ' | b'-' | b'a'..=b'f' | b'A'..=b'F'))
        {
            return None;
        }
        if places.ipv4 & bit != 0
            && let Some(end) = addresses::ipv4(self.text, at)
        {
            return Some(Hit { start: at, end, rule: Rule::IpAddress });
        }
        if places.mac & bit != 0
            && let Some(hit) = self.mac(at)
        {
            return Some(hit);
        }
        if places.lettered & bit != 0
            && let Some((rule, end)) = words::find_numbered(self.text, at, |rule| wanted.has(rule))
        {
            return Some(Hit { start: at, end, rule });
        }
        if (places.numbers | places.phones) & bit == 0 || self.is_glued(at) {
            return None;
        }
        if places.numbers & bit != 0
            && let Some((rule, end)) = numbers::find(self.text, at, &Run::at(self.text, at), &self.context, |rule| wanted.has(rule))
        {
            return Some(Hit { start: at, end, rule });
        }
        let end = if places.phones & bit != 0 { phone::find(self.text, at, &self.context, self.is_listed)? } else { return None };
        // Few digits are only the code of a country.
        let is_number = Run::at(self.text, at).len() >= 7 || self.text.get(at + 1..at + 3) == Some(b" (");
        is_number.then_some(Hit { start: at, end, rule: Rule::Phone })
    }

    /// Whether the digits go on what was before: `…-a716-446655440000`, `0.4111…`.
    fn is_glued(&self, at: usize) -> bool {
        let before = self.text.get(at.saturating_sub(12)..at).unwrap_or_default();
        let Some((b'-' | b'.' | b'_', before)) = before.split_last() else { return false };
        before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).any(u8::is_ascii_digit)
    }

    fn colon(&mut self, at: usize, bit: u64, places: &Places) -> Option<Hit> {
        if self.text.get(at + 1..at + 3) == Some(b"//") {
            return if places.urls & bit == 0 { None } else { self.url(at) };
        }
        let is_hex = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':');
        if places.addresses & bit != 0 && at >= self.colons_from && is_hex(self.text.get(at + 1)) {
            let (found, next) = addresses::colons(self.text, at, self.from);
            self.colons_from = next;
            if let Some((what, start, end)) = found {
                let rule = if what == Colons::Mac { Rule::MacAddress } else { Rule::IpAddress };
                if self.groups.wanted.has(rule) {
                    return Some(Hit { start, end, rule });
                }
            }
        }
        if places.pairs & bit == 0 { None } else { self.pair(at) }
    }

    fn url(&self, at: usize) -> Option<Hit> {
        let wanted = self.groups.wanted;
        let rest = self.text.get(at..)?;
        if wanted.has(Rule::SlackToken) && rest.starts_with(SLACK_WEBHOOK) {
            let start = at + SLACK_WEBHOOK.len();
            let len = self.text.get(start..)?.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'/').count();
            return (len > 20).then_some(Hit { start, end: start + len, rule: Rule::SlackToken });
        }
        if !wanted.has(Rule::UrlPassword) {
            return None;
        }
        addresses::url_password(self.text, at).map(|(start, end)| Hit { start, end, rule: Rule::UrlPassword })
    }

    fn pair(&self, at: usize) -> Option<Hit> {
        let wanted = self.groups.wanted;
        pairs::find(self.text, at, self.from, |rule| wanted.has(rule)).map(|(rule, start, end)| Hit { start, end, rule })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::redaction::rules::Wanted;

    /// The rules asked at every place, as words begin, and not only where the places say that something could.
    fn everywhere(text: &[u8], key: &[u8], groups: &Groups) -> Vec<Hit> {
        let (mut scan, mut hits, places) = (Scan::new(text, key, groups), Vec::new(), Places::everywhere(groups));
        let mut was_word = false;
        for (at, byte) in text.iter().enumerate() {
            let is_word = byte.is_ascii_alphanumeric();
            let is_asked = match byte {
                b'@' => places.mails != 0,
                b':' => places.urls | places.addresses | places.pairs != 0,
                b'=' => places.pairs != 0,
                b'+' | b'(' => places.phones != 0,
                _ => is_word && !was_word,
            };
            if is_asked {
                scan.look(at, 1, &places, &mut hits);
            }
            was_word = is_word;
        }
        hits
    }

    fn found(text: &[u8], key: &[u8], groups: &Groups) -> Vec<Hit> {
        let mut hits = Vec::new();
        scan(text, key, groups, &mut hits);
        hits
    }

    /// What each rule finds, in each way that it is written.
    const EXAMPLES: &[(Rule, &[&str])] = &[
        (Rule::Authorization, &["Authorization: Bearer abc.def", "\"authorization\":\"Basic dXNlcjpwYXNz\","]),
        (Rule::AwsAccessKey, &["AKIAIOSFODNN7ABCDEFG", "A3TX0123456789ABCDEF", "ASIAIOSFODNN7ABCDEFG"]),
        (Rule::AzureKey, &["AccountKey=abc+/==;x", "?sig=abcd"]),
        (Rule::BrCpf, &["529.982.247-25", "cpf 52998224725"]),
        (Rule::CaSin, &["130 692 544", "130-692-544", "sin 130692544"]),
        (Rule::Cookie, &["Set-Cookie: a=b; c=d", "cookie=a"]),
        (
            Rule::CreditCard,
            &[
                "4111 1111 1111 1111",
                "4111111111111111",
                "3782-822463-10005",
                "378282246310005",
                "3056 930902 5904",
                "6304000000000000",
                "4222222222222",
            ],
        ),
        (Rule::DeTaxId, &["86 095 742 719", "steuer 86095742719"]),
        (Rule::Email, &["a@b.cd", "bob.smith@example.com", "\u{e9}@\u{e9}.\u{e9}\u{e9}"]),
        (Rule::EsNif, &["12345678Z", "12345678-z", "X1234567L", "1234567L"]),
        (Rule::FiHetu, &["131052-308T", "131052A308T", "131052+308T"]),
        (Rule::FrNir, &["2 55 08 67 116 045 50", "2550867116045 50", "nir 255086711604550"]),
        (Rule::GcpKey, &["AIzaSyA-1234567890abcdefghijklmnopqrstu", "ya29.a0AfH6SMBx-0123456789", "GOCSPX-0123456789abcdefghijklmnopqr"]),
        (Rule::GithubToken, &["ghp_0123456789abcdefghijklmnopqrstuvwxyz"]),
        (Rule::GitlabToken, &["glpat-0123456789abcdefghij", "GR1348941abcdefghijklmnopqrst", "glsoat-0123456789abcdefghij"]),
        (Rule::Iban, &["GB82 WEST 1234 5698 7654 32", "NO9386011117947", "de89370400440532013000"]),
        (Rule::InAadhaar, &["2341 2341 2346", "2341:2341:2346", "aadhaar 234123412346"]),
        (
            Rule::IpAddress,
            &[
                "1.2.3.4",
                "192.168.100.200",
                "192.168.1.1.1",
                "::1",
                "2001:db8::1",
                "2001:0db8:0000:0000:0000:ff00:0042:8329",
                "1:2:3:4:5:6:7:8",
                "1:2:3:4:5:6:1.2.3.4",
            ],
        ),
        (Rule::ItFiscalCode, &["RSSMRA85T10A562S"]),
        (Rule::Jwt, &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"]),
        (Rule::KeyValueSecret, &["password=hunter2", "\"api_key\": \"a b\"", "db_pwd: s3", "client-secret => 'q'", "PASS=1"]),
        (Rule::MacAddress, &["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "aa1a.2b3c.4d5e", "aa-1A-2B-3C-4D-5E"]),
        (Rule::NlBsn, &["1112.22.333", "bsn 111222333"]),
        (Rule::NpmToken, &["npm_0123456789abcdefghijklmnopqrstuvwxyz"]),
        (
            Rule::Phone,
            &[
                "+49 30 12345678",
                "+(49) 3012345678",
                "tel (555) 123-4567",
                "call ( 555) 1234567",
                "phone 1 (555) 123-4567",
                "mobile 5551234",
            ],
        ),
        (Rule::PlPesel, &["pesel 44051401359"]),
        (Rule::PrivateKey, &["-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"]),
        (Rule::PypiToken, &["pypi-AgEIcHlwaS5vcmc0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij"]),
        (Rule::SgNric, &["S1234567D"]),
        (Rule::SlackToken, &["xoxb-012345678901-abcdefghij", "https://hooks.slack.com/services/T00000000/B00000000/abc"]),
        (Rule::StripeKey, &["sk_live_0123456789ab", "whsec_0123456789abcdefghijklmnopqrstuv"]),
        (Rule::TrNationalId, &["tckn 10000000146"]),
        (Rule::UkNhs, &["nhs 943-476-5919", "nhs 9434765919"]),
        (Rule::UkNino, &["nino AB123456C", "nino AB 12 34 56 C"]),
        (Rule::UrlPassword, &["redis://:pw@h", "https://u:p@h/"]),
        (Rule::UsItin, &["912-70-1234"]),
        (Rule::UsSsn, &["123-45-6780", "123 45 6780", "123.45.6780", "ssn 123456780"]),
        (Rule::ZaId, &["800101 5009 08 7", "800101 5009 087", "identity 8001015009087"]),
    ];

    /// Wherever it stands in the windows that are looked at, and however long the text.
    #[test]
    fn each_rule_finds_its_examples() {
        assert_eq!(EXAMPLES.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), Rule::ALL);
        let examples = EXAMPLES.iter().flat_map(|(rule, examples)| examples.iter().map(|example| (*rule, (*example).to_owned())));
        let mut wrong = Vec::new();
        for (rule, example) in examples.chain(tokens::shortest()) {
            let groups = Groups::of(Wanted::of([rule]));
            for before in 0..130 {
                for behind in ["", " ", " and so on, for more bytes than are looked at together, whatever they may say of it ..."] {
                    let text = format!("{}{example}{behind}", " ".repeat(before));
                    let hits = found(text.as_bytes(), b"", &groups);
                    if !matches!(hits[..], [hit] if hit.rule == rule && hit.start >= before) {
                        wrong.push((rule, example.clone(), before, hits));
                    }
                }
            }
        }
        wrong.dedup_by(|(_, one, ..), (_, other, ..)| one == other);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn groups() -> impl Strategy<Value = Groups> {
        prop_oneof![
            2 => Just(Rule::ALL.to_vec()),
            1 => proptest::sample::subsequence(Rule::ALL, 1..6),
            1 => Just(vec![Rule::CreditCard, Rule::Email, Rule::IpAddress, Rule::Jwt, Rule::KeyValueSecret]),
        ]
        .prop_map(|rules| Groups::of(Wanted::of(rules)))
    }

    /// Examples, parts of them, numbers in groups, what stands between words.
    fn piece() -> impl Strategy<Value = String> {
        let examples: Vec<&str> = EXAMPLES.iter().flat_map(|(_, examples)| examples.iter().copied()).collect();
        prop_oneof![
            4 => select(examples.clone()).prop_map(str::to_owned),
            2 => (select(examples), 0usize..40, 0usize..40).prop_map(|(example, from, to)| {
                let characters: Vec<char> = example.chars().collect();
                characters.iter().skip(from % characters.len()).take(to).collect()
            }),
            2 => "[0-9]{1,16}",
            1 => "([0-9]{1,4}[-. :/]){1,6}",
            1 => "[0-9a-f:]{1,20}",
            2 => "[A-Za-z]{1,10}",
            3 => "[-_ .:=/+(@\"'#]{1,2}",
            1 => "\\PC{1,3}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6000))]

        /// No place is passed over at which a rule would have found something.
        #[test]
        fn places_hide_nothing(
            groups in groups(),
            pieces in vec(piece(), 0..12),
            key in select(&["", "note", "phone", "customerSsn"][..]),
            changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let mut text = pieces.concat().into_bytes();
            for (at, byte) in changes.iter().filter(|_| !pieces.concat().is_empty()) {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            prop_assert_eq!(found(&text, key.as_bytes(), &groups), everywhere(&text, key.as_bytes(), &groups));
        }
    }
}
