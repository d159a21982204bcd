//! Browsers that send from pages of other sites: which may, and how they are told.
//!
//! A browser asks first (OPTIONS, without credentials), and shows a page the answer only where that names the page's site.
//!
//! Specification: <https://fetch.spec.whatwg.org/#http-cors-protocol>

use http::{HeaderMap, HeaderValue, Method as Verb, header};

use super::{Answer, answer::empty};

/// The headers that are allowed where none are named, as in the Collector.
const SIMPLE: [&str; 3] = ["accept", "content-type", "x-requested-with"];

/// Which pages may send from a browser.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    /// Their sites; `*` stands for any letters.
    pub origins: Vec<String>,
    /// Headers that they may send besides the usual; `*` for all.
    pub headers: Vec<String>,
    /// How long a browser may go by one answer, in seconds.
    pub age_max_s: u64,
}

impl Cors {
    /// Tells a page of `origin` what it may.
    pub(super) fn tell(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) -> bool {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin.filter(|origin| origin.to_str().is_ok_and(|origin| self.allows(origin))) else { return false };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        true
    }

    /// What a browser asks before it sends. Who sends is not known yet, and nothing is taken.
    pub(super) fn preflight(&self, asks: &HeaderMap, allowed: &[&Verb]) -> Answer {
        let mut answer = empty(204);
        let headers = answer.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        let asked = asks.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let method = asks.get(header::ACCESS_CONTROL_REQUEST_METHOD).map(HeaderValue::as_bytes).unwrap_or_default();
        let is_method = allowed.iter().any(|verb| verb.as_str().as_bytes() == method);
        let has_headers = asked.is_none_or(|asked| asked.to_str().is_ok_and(|asked| self.allows_headers(asked)));
        if !is_method || !has_headers || !self.tell(asks.get(header::ORIGIN), headers) {
            return answer;
        }
        let methods: Vec<&str> = allowed.iter().map(|verb| verb.as_str()).collect();
        if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        if self.age_max_s > 0 {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(self.age_max_s));
        }
        answer
    }

    fn allows(&self, origin: &str) -> bool {
        !origin.is_empty() && self.origins.iter().any(|allowed| fits(&origin.to_lowercase(), &allowed.to_lowercase()))
    }

    fn allows_headers(&self, asked: &str) -> bool {
        let knows = |name: &str| SIMPLE.contains(&name) || self.headers.iter().any(|allowed| allowed.to_lowercase() == name);
        let mut names = asked.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
        self.headers.iter().any(|allowed| allowed == "*") || names.all(|name| knows(&name))
    }
}

/// Whether the text is as `pattern`, in which `*` stands for any letters.
fn fits(text: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut left) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_is_any_letters_and_nothing_else_means_anything() {
        for (text, pattern, is) in [
            ("https://app.example", "https://app.example", true),
            ("https://a.shop.example", "https://*.shop.example", true),
            ("https://shop.example", "https://*.shop.example", false),
            ("anything", "*", true),
            ("abcabc", "a*b*c", true),
            ("ab", "a*b*b", false),
            ("a.c", "a?c", false),
            ("aXbX", "a*X", true),
        ] {
            assert_eq!(fits(text, pattern), is, "{text} {pattern}");
        }
    }
}
