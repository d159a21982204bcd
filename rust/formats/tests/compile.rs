//! A format is compiled once for all that ask for it with the same options.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use logloom_formats::{Format, OptionValue, Options, compile};

fn csv(columns: &str) -> Arc<dyn Format> {
    let options = Options([("columns".to_owned(), OptionValue::Str(columns.to_owned()))].into());
    compile("csv", &options).unwrap()
}

#[test]
fn the_same_options_give_the_same_format_and_others_another() {
    let first = csv("time,message");
    assert!(Arc::ptr_eq(&first, &csv("time,message")));
    assert!(!Arc::ptr_eq(&first, &csv("time,level,message")));
    assert!(Arc::ptr_eq(&compile("json", &Options::default()).unwrap(), &compile("json", &Options::default()).unwrap()));
}

#[test]
fn what_is_kept_is_bounded() {
    let formats: Vec<_> = (0..100).map(|n| csv(&format!("a{n},message"))).collect();
    let kept = formats.iter().filter(|format| Arc::strong_count(format) > 1).count();
    assert!(kept <= 32, "{kept}");
}
