use super::*;
use crate::time::{Context, TimePattern};
use logloom_record::Text;

/// Gathers values as text.
#[derive(Default)]
struct Gather(Vec<(usize, String)>);

impl Visit for Gather {
    fn text(mut self, i: usize, value: Text<'_>) -> Self {
        self.0.push((i, String::from_utf8(value.bytes().to_vec()).unwrap()));
        self
    }

    fn number(mut self, i: usize, value: i64) -> Self {
        self.0.push((i, value.to_string()));
        self
    }
}

/// A template from literals and, between them, shapes.
fn template(literals: &[&str], shapes: &[Shape]) -> Result<Template, TemplateError> {
    let field = |(at, shape): (usize, &Shape)| FieldSpec { shape: *shape, time: None, cut_bytes: None, at };
    let mut pieces = vec![Piece::Literal(literals[0].into())];
    for (i, literal) in literals[1..].iter().enumerate() {
        pieces.push(Piece::Field(field((i, &shapes[i]))));
        pieces.push(Piece::Literal((*literal).into()));
    }
    Template::compile(pieces)
}

/// The values by reading from the left, else by searching; `None` where neither finds any. An absent value is "".
fn values(template: &Template, line: &str) -> Option<Vec<String>> {
    let line = Text::from(line);
    let context = Context::default();
    let found = template.read(line, &context, &FoundTime::NONE, Gather::default()).ok().or_else(|| {
        let (_, places) = template.search(line, &context)?;
        Some(template.replay(line, &places, Gather::default()))
    })?;
    let mut all = vec![String::new(); template.fields().count()];
    found.0.into_iter().for_each(|(i, value)| all[i] = value);
    Some(all)
}

#[test]
fn values_end_where_the_next_literal_stands() {
    let words = template(&["a=", " b=", " c=", ";"], &[Shape::Any, Shape::Unsigned, Shape::Any]).unwrap();
    for (line, expected) in [
        ("a=1 b=2 c=3;", Some(["1", "2", "3"])),
        ("a=x y b=2 c=;;", Some(["x y", "2", ";"])),
        ("a= b= c=;", Some(["", "", ""])),
        ("a=- b=- c=-;", Some(["", "", ""])),
        // The first place of the literal is not the right one: what follows is no number.
        ("a=x b=y b=2 c=3;", Some(["x b=y", "2", "3"])),
        ("a=x b=2x c=3;", None),
        ("a=x b=2 c=3", None),
        ("a=x b=2", None),
        ("", None),
        ("a=", None),
    ] {
        assert_eq!(values(&words, line), expected.map(|e| e.map(String::from).to_vec()), "{line}");
    }
}

#[test]
fn the_value_that_may_be_unusual_is_the_one_that_is() {
    let quoted = template(&["\"", "\" \"", "\" \"", "\""], &[Shape::AddressList, Shape::Any, Shape::Identifier]).unwrap();
    for (line, expected) in [
        (r#""1.2.3.4" "a "b" c" "id""#, ["1.2.3.4", r#"a "b" c"#, "id"]),
        (r#""1.2.3.4" "a" "b" "id""#, ["1.2.3.4", r#"a" "b"#, "id"]),
        (r#""1.2.3.4" "" "" "id""#, ["1.2.3.4", r#"" ""#, "id"]),
        (r#""" "x" """#, ["", "x", ""]),
        (r#""" """ """#, ["", "\"", ""]),
    ] {
        assert_eq!(values(&quoted, line), Some(expected.map(String::from).to_vec()), "{line}");
    }
}

#[test]
fn what_a_buffer_holds_behind_a_line_is_no_part_of_it() {
    let number = template(&["n=", ""], &[Shape::Unsigned]).unwrap();
    let quoted = template(&["\"", "\""], &[Shape::Word]).unwrap();
    for (template, buffer, len, expected) in
        [(&number, "n=12345678901", 4, Some("12")), (&quoted, "\"ab\"", 3, None), (&quoted, "\"ab\"\"", 4, Some("ab"))]
    {
        let line = Text::of(buffer.as_bytes(), 0..len);
        let found = template.read(line, &Context::default(), &FoundTime::NONE, Gather::default()).ok().map(|found| found.0[0].1.clone());
        assert_eq!(found.as_deref(), expected, "{buffer}");
        assert_eq!(template.search(line, &Context::default()).is_some(), expected.is_some(), "{buffer}");
    }
}

#[test]
fn fields_side_by_side_need_shapes_that_end() {
    let pair = |a, b| template(&["", "", ""], &[a, b]).map_err(|e| e.at);
    assert_eq!(values(&pair(Shape::Unsigned, Shape::Protocol).unwrap(), "200HTTP/2"), Some(vec!["200".into(), "HTTP/2".into()]));
    assert_eq!(values(&pair(Shape::Unsigned, Shape::Protocol).unwrap(), "--"), Some(vec![String::new(), String::new()]));
    assert_eq!(pair(Shape::Unsigned, Shape::Signed).err(), Some(1));
    assert_eq!(pair(Shape::Any, Shape::Unsigned).err(), Some(1));
    assert_eq!(pair(Shape::Word, Shape::Protocol).err(), Some(1));
    let time = |pattern: &str, shape| {
        let field = |shape, time, at| Piece::Field(FieldSpec { shape, time, cut_bytes: None, at });
        Template::compile(vec![field(Shape::Time, TimePattern::compile(pattern).ok().map(TimeShape::from), 0), field(shape, None, 1)])
            .map_err(|e| e.at)
    };
    assert!(time("%Y-%m-%d", Shape::Any).is_ok() && time("%s", Shape::Protocol).is_ok());
    assert_eq!((time("%s", Shape::Unsigned).err(), time("%F %Z", Shape::Any).err()), (Some(1), Some(1)));
}
