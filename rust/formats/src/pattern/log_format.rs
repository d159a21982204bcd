//! `LogFormat`, as Apache has it: `%h`, `%>s`, `%{Referer}i`, `%400,501{User-agent}i`, `%{%d/%b/%Y}t`.

use super::{Dialect, Part};
use crate::template::TemplateError;

/// A compiler of `LogFormat` strings.
pub(crate) struct LogFormat {
    pub(crate) dialect: &'static Dialect,
}

/// One directive, taken apart.
struct Directive<'t> {
    /// `>` or `<`: the last request of those that were redirected inside, or the first.
    which: &'t str,
    argument: Option<&'t str>,
    letter: &'t str,
    len: usize,
}

/// A time that is being put together, as users write one in several directives.
#[derive(Default)]
struct Time {
    strftime: String,
    at: usize,
    /// What stood behind it, which may yet belong to it.
    behind: String,
}

impl LogFormat {
    /// The parts of a format.
    pub(crate) fn parts(&self, text: &str) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        let mut time: Option<Time> = None;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some((literal, len)) = literal(rest) {
                match &mut time {
                    Some(time) => time.behind.push_str(literal),
                    None => parts.push(Part::Literal(literal.into())),
                }
                at += len;
                continue;
            }
            let found = directive(rest).ok_or_else(|| TemplateError { message: "a '%' needs a directive behind it".into(), at })?;
            if found.letter == "t" {
                let shown = strftime(found.argument);
                let joined = time.get_or_insert_with(|| Time { at, ..Time::default() });
                joined.strftime.push_str(&joined.behind.replace('%', "%%"));
                joined.behind.clear();
                joined.strftime.push_str(&shown);
                at += found.len;
                continue;
            }
            if let Some(time) = time.take() {
                finish(&time, &mut parts)?;
            }
            // A path and its query stand side by side; the query's mark parts them.
            let query = text.get(at + found.len..).is_some_and(|rest| found.letter == "U" && rest.starts_with("%q"));
            let key = match found.argument {
                _ if query => "Uq".to_owned(),
                Some(argument) if found.letter == "i" => format!("{{{}}}i", argument.to_ascii_lowercase()),
                Some(argument) => format!("{{{argument}}}{}", found.letter),
                None => format!("{}{}", if found.letter == "s" { found.which } else { "" }, found.letter),
            };
            parts.push(self.dialect.part(&key, at)?);
            at += found.len + if query { 2 } else { 0 };
        }
        if let Some(time) = time.take() {
            finish(&time, &mut parts)?;
        }
        Ok(parts)
    }
}

fn finish(time: &Time, parts: &mut Vec<Part>) -> Result<(), TemplateError> {
    let at = time.at;
    let bracketed = time.strftime.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let (before, strftime, after) = match bracketed {
        Some(inner) => ("[", inner, "]"),
        None => ("", time.strftime.as_str(), ""),
    };
    let field = match strftime {
        "epoch" => "time:epoch".to_owned(),
        strftime => format!("time:{strftime}"),
    };
    let mut field = super::field::parse(&field, 0).map_err(|e| TemplateError { message: e.message, at })?;
    if let Part::Field(spec, _) = &mut field {
        spec.at = at;
    }
    parts.extend((!before.is_empty()).then(|| Part::Literal(before.into())));
    parts.push(field);
    let behind = format!("{after}{}", time.behind);
    parts.extend((!behind.is_empty()).then_some(Part::Literal(behind)));
    Ok(())
}

/// What a time's argument writes, as a strftime pattern.
fn strftime(argument: Option<&str>) -> String {
    let argument = argument.unwrap_or_default();
    match argument.strip_prefix("begin:").or_else(|| argument.strip_prefix("end:")).unwrap_or(argument) {
        "" | "begin" | "end" => "[%d/%b/%Y:%H:%M:%S %z]",
        "sec" | "msec" | "usec" => "epoch",
        "msec_frac" => "%3f",
        "usec_frac" => "%6f",
        other => other,
    }
    .to_owned()
}

/// The text that a format begins with, as it stands in the line, and its length in the format.
fn literal(rest: &str) -> Option<(&str, usize)> {
    if rest.starts_with("%%") {
        return Some(("%", 2));
    }
    if let Some(escaped) = rest.strip_prefix('\\') {
        return Some(match escaped.chars().next() {
            Some('n') => ("\n", 2),
            Some('t') => ("\t", 2),
            Some('r') => ("\r", 2),
            Some(other) => (escaped.get(..other.len_utf8()).unwrap_or_default(), 1 + other.len_utf8()),
            None => ("\\", 1),
        });
    }
    let len = rest.find(['%', '\\']).unwrap_or(rest.len());
    (len > 0).then(|| (rest.get(..len).unwrap_or_default(), len))
}

fn directive(rest: &str) -> Option<Directive<'_>> {
    let mut behind = rest.strip_prefix('%')?;
    let mut which = "";
    let mut argument = None;
    loop {
        let first = behind.chars().next()?;
        match first {
            '!' | ',' | '0'..='9' => behind = behind.get(1..)?,
            '<' | '>' => {
                which = behind.get(..1)?;
                behind = behind.get(1..)?;
            }
            '{' => {
                let (inner, after) = behind.get(1..)?.split_once('}')?;
                argument = Some(inner);
                behind = after;
            }
            _ => {
                let len = if first == '^' { 3 } else { first.len_utf8() };
                let letter = behind.get(..len)?;
                return Some(Directive { which, argument, letter, len: rest.len() - behind.len() + len });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Options, formats::apache, options::OptionValue};

    fn compile(format_string: &str) -> Result<(), String> {
        let options = Options([("format_string".to_owned(), OptionValue::Str(format_string.into()))].into());
        (apache::SPEC.compile)(&options).map(|_| ()).map_err(|e| format!("{e:?}"))
    }

    #[test]
    fn the_manual_s_formats_compile() {
        for format in [
            r#"%h %l %u %t \"%r\" %>s %b"#,
            r#"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""#,
            "%{Referer}i -> %U",
            "%{%Y-%m-%d %T}t.%{msec_frac}t %{%z}t %a %{c}a %A %m %U%q %H %I %O %D %T %{ms}T %k %X %P %{tid}P",
            "%{sec}t %!200,304,302{Referer}i %{cache-status}e %{SSL_PROTOCOL}x %{VARNAME}^ti 100%%",
        ] {
            compile(format).unwrap_or_else(|why| panic!("{format}: {why}"));
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert!(compile("%h %").unwrap_err().contains("needs a directive"));
        assert!(compile("%h %Y").unwrap_err().contains("unknown 'Y'"));
        assert!(compile("%h\\n%u").unwrap_err().contains("is one line"));
        assert!(compile("%h %u\n").is_ok());
        assert!(compile("%h%u").unwrap_err().contains("nothing stands between"));
    }

    proptest! {
        #[test]
        fn no_format_is_too_strange(format in "([%{}<>!,0-9a-zA-Z^ \u{e9}-]|%[a-zA-Z]|%[{][a-z:%]{0,5}[}][a-z^]){0,20}") {
            let _ = compile(&format);
        }
    }
}
