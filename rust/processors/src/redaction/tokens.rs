//! Secrets that say by their first letters whose they are.

use super::rules::Rule;

/// Which bytes a token goes on with.
#[derive(Clone, Copy)]
enum Alphabet {
    Alphanumeric,
    /// Capitals and digits.
    Upper,
    /// Letters, digits, `_` and `-`.
    Url,
    /// Letters, digits and `-`.
    Dashed,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dashed => byte.is_ascii_alphanumeric() || byte == b'-',
        }
    }
}

/// A prefix, what follows, and how long that is.
struct Token {
    rule: Rule,
    prefix: &'static str,
    alphabet: Alphabet,
    len_min: usize,
    len_max: usize,
}

const fn token(rule: Rule, prefix: &'static str, alphabet: Alphabet, len_min: usize, len_max: usize) -> Token {
    Token { rule, prefix, alphabet, len_min, len_max }
}

use Alphabet::{Alphanumeric, Dashed, Upper, Url};

/// By prefix, as their issuers document them.
const TOKENS: [Token; 53] = [
    token(Rule::AwsAccessKey, "A3T", Upper, 17, 17),
    token(Rule::AwsAccessKey, "ABIA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "ACCA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "AGPA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "AIDA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "AIPA", Upper, 16, 16),
    token(Rule::GcpKey, "AIza", Url, 35, 35),
    token(Rule::AwsAccessKey, "AKIA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "ANPA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "ANVA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "APKA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "AROA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "ASCA", Upper, 16, 16),
    token(Rule::AwsAccessKey, "ASIA", Upper, 16, 16),
    token(Rule::GcpKey, "GOCSPX-", Url, 28, 28),
    token(Rule::GitlabToken, "GR1348941", Url, 20, 24),
    token(Rule::GitlabToken, "gldt-", Url, 20, 64),
    token(Rule::GitlabToken, "glagent-", Url, 50, 64),
    token(Rule::GitlabToken, "glcbt-", Url, 20, 64),
    token(Rule::GitlabToken, "glffct-", Url, 20, 64),
    token(Rule::GitlabToken, "glft-", Url, 20, 64),
    token(Rule::GitlabToken, "glimt-", Url, 20, 64),
    token(Rule::GitlabToken, "gloas-", Url, 40, 80),
    token(Rule::GitlabToken, "glpat-", Url, 20, 300),
    token(Rule::GitlabToken, "glptt-", Url, 20, 64),
    token(Rule::GitlabToken, "glrt-", Url, 20, 64),
    token(Rule::GitlabToken, "glsoat-", Url, 20, 64),
    token(Rule::GithubToken, "gho_", Alphanumeric, 36, 251),
    token(Rule::GithubToken, "ghp_", Alphanumeric, 36, 251),
    token(Rule::GithubToken, "ghr_", Alphanumeric, 36, 251),
    token(Rule::GithubToken, "ghs_", Alphanumeric, 36, 251),
    token(Rule::GithubToken, "ghu_", Alphanumeric, 36, 251),
    token(Rule::GithubToken, "github_pat_", Url, 82, 255),
    token(Rule::NpmToken, "npm_", Alphanumeric, 36, 36),
    token(Rule::PypiToken, "pypi-AgEIcHlwaS5vcmc", Url, 50, 1000),
    token(Rule::PypiToken, "pypi-AgENdGVzdC5weXBpLm9yZ", Url, 50, 1000),
    token(Rule::StripeKey, "rk_live_", Alphanumeric, 10, 247),
    token(Rule::StripeKey, "rk_prod_", Alphanumeric, 10, 247),
    token(Rule::StripeKey, "rk_test_", Alphanumeric, 10, 247),
    token(Rule::StripeKey, "sk_live_", Alphanumeric, 10, 247),
    token(Rule::StripeKey, "sk_prod_", Alphanumeric, 10, 247),
    token(Rule::StripeKey, "sk_test_", Alphanumeric, 10, 247),
    token(Rule::StripeKey, "whsec_", Alphanumeric, 32, 64),
    token(Rule::SlackToken, "xapp-", Dashed, 40, 300),
    token(Rule::SlackToken, "xoxa-", Dashed, 10, 300),
    token(Rule::SlackToken, "xoxb-", Dashed, 20, 300),
    token(Rule::SlackToken, "xoxc-", Dashed, 20, 300),
    token(Rule::SlackToken, "xoxe-", Dashed, 20, 300),
    token(Rule::SlackToken, "xoxo-", Dashed, 10, 300),
    token(Rule::SlackToken, "xoxp-", Dashed, 20, 300),
    token(Rule::SlackToken, "xoxr-", Dashed, 10, 300),
    token(Rule::SlackToken, "xoxs-", Dashed, 10, 300),
    token(Rule::GcpKey, "ya29.", Url, 20, 2000),
];

static TABLE: [Token; 53] = TOKENS;

/// The first three letters of each.
static HEADS: [[u8; 3]; 53] = {
    let mut heads = [[0; 3]; 53];
    let mut at = 0;
    while at < TOKENS.len() {
        if let Some(head) = TOKENS[at].prefix.as_bytes().first_chunk::<3>() {
            heads[at] = *head;
        }
        at += 1;
    }
    heads
};

/// By the first byte, the second ones of all of these, of JWTs and of private keys: one bit each.
const SECONDS: [u128; 128] = {
    let mut seconds = [0; 128];
    let mut at = 0;
    while at < TOKENS.len() {
        let prefix = TOKENS[at].prefix.as_bytes();
        seconds[prefix[0] as usize & 127] |= 1 << (prefix[1] & 127);
        at += 1;
    }
    seconds[b'e' as usize] |= 1 << b'y';
    seconds[b'B' as usize] |= 1 << b'E';
    seconds
};

/// What the tokens of a rule begin with.
pub(super) fn prefixes(rule: Rule) -> impl Iterator<Item = &'static [u8]> {
    TABLE.iter().filter(move |token| token.rule == rule).map(|token| token.prefix.as_bytes())
}

/// What a JWT begins with: `{"` in base64url.
pub(super) const JWT: &[u8] = b"eyJ";
/// And a private key, behind its dashes.
pub(super) const PRIVATE_KEY: &[u8] = b"BEGIN ";

/// Whether a token can begin with these bytes.
#[inline(always)]
pub(super) fn may_begin(first: u8, second: u8) -> bool {
    SECONDS.get(usize::from(first & 127)).is_some_and(|seconds| seconds >> (second & 127) & 1 == 1)
}

/// The token at `start`: whose it is, where it begins (a private key before its first word) and ends.
/// `jwt_from`: before this place there is no JWT, as was found out.
pub(super) fn find(text: &[u8], start: usize, jwt_from: &mut usize, wanted: impl Fn(Rule) -> bool) -> Option<(Rule, usize, usize)> {
    let rest = text.get(start..)?;
    if rest.starts_with(JWT) && wanted(Rule::Jwt) {
        // What is no token here is none further on in the same header: it is walked once, however often it says `eyJ-`.
        if start < *jwt_from {
            return None;
        }
        let found = jwt(rest).map(|len| (Rule::Jwt, start, start + len));
        if found.is_none() {
            *jwt_from = start + rest.iter().take_while(|byte| Alphabet::Url.has(**byte)).count();
        }
        return found;
    }
    if rest.starts_with(PRIVATE_KEY) && wanted(Rule::PrivateKey) {
        return private_key(text, start).map(|(from, end)| (Rule::PrivateKey, from, end));
    }
    let head = rest.first_chunk::<3>()?;
    let token = HEADS.iter().zip(&TABLE).filter(|(known, _)| *known == head).map(|(_, token)| token);
    token.filter(|token| wanted(token.rule)).find_map(|token| {
        let body = rest.strip_prefix(token.prefix.as_bytes())?;
        let len = body.iter().take(token.len_max + 1).take_while(|byte| token.alphabet.has(**byte)).count();
        let body = body.get(..len).filter(|_| (token.len_min..=token.len_max).contains(&len))?;
        (!is_placeholder(body)).then_some((token.rule, start, start + token.prefix.len() + len))
    })
}

/// What documentation writes in a token's place: one letter again and again, or a word in capitals.
fn is_placeholder(body: &[u8]) -> bool {
    let first = body.first();
    body.iter().all(|byte| Some(byte) == first)
        || body.windows(7).any(|part| part == b"EXAMPLE")
        || body.windows(4).any(|part| part == b"xxxx")
}

/// Header and payload are JSON in base64url, so that both begin with `eyJ` (the payload of a JWE does not); a signature may lack.
fn jwt(text: &[u8]) -> Option<usize> {
    let part = |from: usize| text.get(from..).unwrap_or_default().iter().take_while(|byte| Alphabet::Url.has(**byte)).count();
    let header = part(0);
    if header < 10 || text.get(header) != Some(&b'.') {
        return None;
    }
    let mut end = header;
    let mut parts = 1;
    while parts < 5 && text.get(end) == Some(&b'.') {
        let len = part(end + 1);
        if len == 0 && parts < 2 {
            return None;
        }
        end += 1 + len;
        parts += 1;
    }
    let payload = text.get(header + 1..)?;
    (payload.starts_with(b"eyJ") || parts == 5 || payload.len() > 8 && parts == 3).then_some(end)
}

/// From the dashes before `BEGIN … PRIVATE KEY` to those behind its `END`, over lines that may be written `\n`; to the end of the text where that is
/// cut off: what is there of a key is a key.
fn private_key(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let from = start.checked_sub(5).filter(|from| text.get(*from..start) == Some(b"-----"))?;
    let label_end = start + text.get(start..)?.iter().take(64).position(|byte| *byte == b'-')?;
    let label = text.get(start..label_end)?;
    if !label.windows(11).any(|part| part == b"PRIVATE KEY") {
        return None;
    }
    let behind = text.get(label_end..)?;
    let Some(end) = behind.windows(9).position(|part| part == b"-----END ") else { return Some((from, text.len())) };
    let closing = behind.get(end + 9..)?;
    let len =
        closing.iter().take(64).position(|byte| *byte == b'-').map_or(closing.len(), |at| {
            at + closing.get(at..).unwrap_or_default().iter().take(5).take_while(|byte| **byte == b'-').count()
        });
    Some((from, label_end + end + 9 + len))
}

/// Each prefix with the least that may follow.
#[cfg(test)]
pub(super) fn shortest() -> impl Iterator<Item = (Rule, String)> {
    TABLE
        .iter()
        .map(|token| (token.rule, format!("{}{}", token.prefix, "Q7".repeat(token.len_min).get(..token.len_min).unwrap_or_default())))
}
