//! Which records can have anything that is looked for: where every rule needs some letters that most texts lack, these are searched for in all
//! records at once, and only those that hold them are walked.

use aho_corasick::{AhoCorasick, MatchKind};
use logloom_record::Batch;
use memchr::{memchr, memchr2, memchr3, memmem::Finder};

use super::{Settings, rules::Rule, tokens};

/// What is searched for.
#[derive(Debug)]
pub(super) struct Prefilter {
    searches: Vec<Search>,
}

/// One search over all bytes.
#[derive(Debug)]
enum Search {
    One(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    Literal(Box<Finder<'static>>),
    Literals(Box<AhoCorasick>),
}

impl Search {
    fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::One(a) => memchr(*a, bytes),
            Self::Two(a, b) => memchr2(*a, *b, bytes),
            Self::Three(a, b, c) => memchr3(*a, *b, *c, bytes),
            Self::Literal(finder) => finder.find(bytes),
            Self::Literals(all) => all.find(bytes).map(|found| found.start()),
        }
    }
}

impl Prefilter {
    /// For these settings; `None` where some of what they ask for can stand in any text, or is not found by what it holds.
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        // An attribute that is not allowed has nothing to be found by.
        if settings.allowed_keys.is_some() {
            return None;
        }
        let mut literals: Vec<Vec<u8>> = Vec::new();
        for (rule, _) in &settings.rules {
            literals.extend(needed(*rule)?.into_iter().map(<[u8]>::to_vec));
        }
        for pattern in settings.custom.iter().map(|custom| &custom.pattern).chain(&settings.blocked_keys) {
            literals.extend_from_slice(pattern.required()?);
        }
        Self::searching(literals)
    }

    fn searching(mut literals: Vec<Vec<u8>>) -> Option<Self> {
        literals.sort();
        literals.dedup();
        // Single bytes are found faster by themselves, as long as they are few.
        let bytes: Vec<u8> = literals.iter().filter_map(|literal| if let [byte] = literal[..] { Some(byte) } else { None }).collect();
        let mut searches: Vec<Search> = bytes
            .chunks(3)
            .filter_map(|few| match *few {
                [a] => Some(Search::One(a)),
                [a, b] => Some(Search::Two(a, b)),
                [a, b, c] => Some(Search::Three(a, b, c)),
                _ => None,
            })
            .collect();
        literals.retain(|literal| literal.len() > 1);
        match &literals[..] {
            [] => {}
            [one] => searches.push(Search::Literal(Box::new(Finder::new(one).into_owned()))),
            // Leftmost, which its fastest search knows.
            all => searches.push(Search::Literals(Box::new(AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(all).ok()?))),
        }
        Some(Self { searches })
    }

    /// Whether something may be in this text.
    pub(super) fn may_have(&self, text: &[u8]) -> bool {
        self.searches.iter().any(|search| search.find(text).is_some())
    }

    /// By position, which records may have something: lengths, ids and times have the same bytes by chance.
    pub(super) fn marks(&self, batch: &Batch) -> Vec<bool> {
        let mut marks = vec![false; batch.len()];
        for search in &self.searches {
            batch.mark_holding(&mut marks, |bytes| search.find(bytes));
        }
        marks
    }
}

/// What stands in each find of a rule, one of them at least; `None` where that is only digits, or letters in any case.
fn needed(rule: Rule) -> Option<Vec<&'static [u8]>> {
    match rule {
        // A password stands before the `@` of a host.
        Rule::Email | Rule::UrlPassword => Some(vec![b"@"]),
        Rule::Jwt => Some(vec![tokens::JWT]),
        Rule::PrivateKey => Some(vec![tokens::PRIVATE_KEY]),
        Rule::AwsAccessKey
        | Rule::GcpKey
        | Rule::GithubToken
        | Rule::GitlabToken
        | Rule::NpmToken
        | Rule::PypiToken
        | Rule::SlackToken
        | Rule::StripeKey => {
            let webhook = (rule == Rule::SlackToken).then_some(super::scan::SLACK_WEBHOOK);
            Some(tokens::prefixes(rule).chain(webhook).collect())
        }
        _ => None,
    }
}
