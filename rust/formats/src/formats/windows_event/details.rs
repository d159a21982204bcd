//! The messages of the security channel: a sentence, then a list of fields in sections.

/// What a message says.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    /// Its first paragraph, without the colon at its end.
    pub(super) summary: &'a str,
    /// The fields, each with its section (empty for none).
    pub(super) fields: Vec<Detail<'a>>,
    /// The sentences that explain it.
    pub(super) context: Vec<&'a str>,
}

/// One field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Detail<'a> {
    pub(super) section: &'a str,
    pub(super) name: &'a str,
    /// One value, or the lines of a list.
    pub(super) values: Vec<&'a str>,
    depth: usize,
}

/// The most fields that are told apart.
const FIELDS_MAX: usize = 256;

impl<'a> Message<'a> {
    /// Reads a message. A line is a field where its first colon ends it or has a blank behind it; its tabs say how deep it stands. A line
    /// deeper than a field belongs to that field's list.
    pub(super) fn read(text: &'a str) -> Self {
        let text = text.trim();
        let first = text.find("\n\n").or_else(|| text.find("\r\n\r\n")).unwrap_or(text.len());
        let (summary, rest) = text.split_at_checked(first).unwrap_or((text, ""));
        let mut message = Self { summary: summary.trim().trim_end_matches(':'), ..Self::default() };
        let mut section = "";
        // What stands below a sentence belongs to it, not to the field before it.
        let mut below_sentence = false;
        for line in rest.lines().take(FIELDS_MAX * 4) {
            let depth = line.len() - line.trim_start_matches(['\t', ' ']).len();
            let content = line.trim();
            if content.is_empty() || (below_sentence && depth > 0 && field(content).is_none()) {
                continue;
            }
            if let Some(last) = message.fields.last_mut()
                && depth > last.depth
            {
                // What followed a name without a value is a section; its fields are deeper than it by one.
                let is_section = last.depth == 0 && last.values.is_empty();
                if !is_section || field(content).is_none() {
                    if !is_section {
                        last.values.push(content);
                    }
                    continue;
                }
                section = last.name;
                message.fields.pop();
            }
            match field(content) {
                Some((name, value)) if message.fields.len() < FIELDS_MAX => {
                    if depth == 0 {
                        section = "";
                    }
                    let values = if value.is_empty() { Vec::new() } else { vec![value] };
                    message.fields.push(Detail { section, name, values, depth });
                    below_sentence = false;
                }
                None if depth == 0 => {
                    message.context.push(content);
                    below_sentence = true;
                }
                _ => {}
            }
        }
        message
    }
}

/// The name and value of a line; `None` where it is a sentence.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let separates = value.is_empty() || value.starts_with(['\t', ' ']);
    (separates && !name.is_empty() && name.len() <= 64 && !name.contains(". ")).then(|| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields<'a>(message: &'a Message<'a>) -> Vec<(&'a str, &'a str, Vec<&'a str>)> {
        message.fields.iter().map(|detail| (detail.section, detail.name, detail.values.clone())).collect()
    }

    #[test]
    fn sections_lists_and_sentences() {
        let message = Message::read(
            "A door was opened:\r\n\r\nChange Type:\t\tOpened\r\n\r\nSubject:\r\n\tSecurity ID:\t\tHOUSE\\door\r\n\tNo Colon\t\t-\r\n\tEmpty:\t\t\r\n\r\nRoom:\r\n\tParts:\t\r\n\t\tName = hall\r\n\t\tSize = 3\r\n\r\nKeys:\t\tfront\r\n\t\t\tback\r\n\r\nThis is said each time. It is normal: so.\r\n\t- A list of no fields\r\n",
        );
        assert_eq!(message.summary, "A door was opened");
        assert_eq!(
            fields(&message),
            [
                ("", "Change Type", vec!["Opened"]),
                ("Subject", "Security ID", vec!["HOUSE\\door"]),
                ("Subject", "Empty", vec![]),
                ("Room", "Parts", vec!["Name = hall", "Size = 3"]),
                ("", "Keys", vec!["front", "back"]),
            ]
        );
        assert_eq!(message.context, ["This is said each time. It is normal: so."]);
        assert_eq!(Message::read("The service has started.\n").summary, "The service has started.");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-c:\t\n\r .]{0,80}") {
            let message = Message::read(&text);
            prop_assert!(message.fields.len() <= FIELDS_MAX);
        }
    }
}
