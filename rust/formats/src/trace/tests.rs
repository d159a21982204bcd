//! Traces as the runtimes print them. Each is one record, whatever stands before and after it, and says what was raised.

use super::*;

/// A trace with its type and message.
const TRACES: &[(&str, &str, &str)] = &[
    (
        "Exception in thread \"main\" java.lang.IllegalStateException: cart is gone\n\tat shop.Cart.load(Cart.java:38)\n\tat shop.Main.main(Main.java:14)\nCaused by: java.sql.SQLException: no connection\n\tat shop.Db.open(Db.java:7) ~[shop.jar:1.2]\n\t... 1 more\n\tSuppressed: java.io.IOException: closed\n\t\tat shop.Db.close(Db.java:9)\n\t\t... 3 common frames omitted",
        "java.lang.IllegalStateException",
        "cart is gone",
    ),
    (
        "2026-11-21 10:00:00.123 ERROR [main] shop.Cart - cannot load\njava.lang.NullPointerException\n\tat shop.Cart.load(Cart.java:38)",
        "java.lang.NullPointerException",
        "",
    ),
    (
        "2026-11-21 10:00:00 ERROR cannot load: shop.CartException: it is: gone\n    at shop.Cart.load(Cart.java:38)\n    at shop.Cart$Item.of(Unknown Source)",
        "shop.CartException",
        "it is: gone",
    ),
    (
        "Traceback (most recent call last):\n  File \"/app/cart.py\", line 3, in load\n    return items[key]\n           ~~~~~^^^^^\nKeyError: 'sku'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/app/main.py\", line 9, in <module>\n    load()\nshop.errors.CartError: no such item",
        "shop.errors.CartError",
        "no such item",
    ),
    (
        "2026-11-21 10:00:00,123 ERROR shop cannot load\nTraceback (most recent call last):\n  File \"/app/cart.py\", line 3, in load\n    raise Stop\nStop",
        "Stop",
        "",
    ),
    (
        "  + Exception Group Traceback (most recent call last):\n  |   File \"/app/g.py\", line 2, in <module>\n  |     raise ExceptionGroup(\"two\", [])\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/app/g.py\", line 1, in a\n    | ValueError: 1\n    +---------------- 2 ----------------\n    | TypeError: 2\n    +------------------------------------",
        "ExceptionGroup",
        "two (2 sub-exceptions)",
    ),
    (
        "panic: runtime error: index out of range [3] with length 2 [recovered]\n\tpanic: again\n\ngoroutine 7 [running]:\nmain.load({0xc000012345, 0x2})\n\t/app/main.go:12 +0x1d\ncreated by main.main in goroutine 1\n\t/app/main.go:7 +0x25\n\ngoroutine 1 [semacquire]:\nsync.(*WaitGroup).Wait(0xc0000b4010)\n\t/usr/local/go/src/sync/waitgroup.go:118 +0x48\nexit status 2",
        "panic",
        "runtime error: index out of range [3] with length 2",
    ),
    (
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:5 +0x31",
        "fatal error",
        "all goroutines are asleep - deadlock!",
    ),
    (
        "2026/11/21 10:00:00 http: panic serving 10.0.0.7:51234: boom\ngoroutine 34 [running]:\nnet/http.(*conn).serve.func1()\n\t/usr/local/go/src/net/http/server.go:1898 +0xbe",
        "panic",
        "boom",
    ),
    (
        "TypeError: Cannot read properties of undefined (reading 'sku')\n    at load (/app/cart.js:3:15)\n    at async Promise.all (index 0)\n    at node:internal/main/run_main_module:28:49 {\n  code: 'E_CART',\n  [cause]: Error: gone\n      at x (/app/x.js:1:1)\n}",
        "TypeError",
        "Cannot read properties of undefined (reading 'sku')",
    ),
    (
        "/app/cart.js:3\n    throw new Error('boom');\n    ^\n\nError: boom\n    at Object.<anonymous> (/app/cart.js:3:11)\n    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n\nNode.js v22.14.0",
        "Error",
        "boom",
    ),
    ("Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers\n    at new NodeError (node:internal/errors:405:5)", "Error", "Cannot set headers"),
    (
        "/app/cart.rb:6:in 'Cart#load': it is gone (KeyError)\n\tfrom /app/cart.rb:9:in 'block in <main>'\n\tfrom /app/cart.rb:1:in '<main>'",
        "KeyError",
        "it is gone",
    ),
    ("/app/cart.rb:6:in `load': divided by 0 (ZeroDivisionError)\n\tfrom /app/cart.rb:9:in `<main>'", "ZeroDivisionError", "divided by 0"),
    (
        "Unhandled exception. System.InvalidOperationException: no cart ---> System.Exception: inner\n   at Shop.Db.Open() in /src/Db.cs:line 5\n   --- End of inner exception stack trace ---\n   at Shop.Program.Main(String[] args) in /src/Program.cs:line 9",
        "System.InvalidOperationException",
        "no cart",
    ),
    (
        "System.ArgumentNullException: Value cannot be null. (Parameter 'sku')\n   at Shop.Cart.Load(String sku)\n--- End of stack trace from previous location ---\n   at Shop.Cart.Run()",
        "System.ArgumentNullException",
        "Value cannot be null. (Parameter 'sku')",
    ),
    (
        "PHP Fatal error:  Uncaught RuntimeException: no cart in /app/cart.php:3\nStack trace:\n#0 /app/index.php(9): load()\n#1 {main}\n  thrown in /app/cart.php on line 3",
        "RuntimeException",
        "no cart",
    ),
    (
        "[2026-11-21T10:00:00.123456+00:00] app.ERROR: no cart {\"exception\":\"[object] (Shop\\\\CartException(code: 0): no cart at /app/cart.php:3)\n[stacktrace]\n#0 /app/index.php(9): load()\n#1 {main}\n\"} []",
        "Shop\\\\CartException",
        "no cart",
    ),
    (
        "thread 'main' panicked at src/main.rs:2:5:\nno cart\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "panic",
        "no cart",
    ),
    (
        "thread 'worker-1' panicked at 'no cart', src/main.rs:2:5\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:578:5\n   1: shop::load\nnote: Some details are omitted",
        "panic",
        "no cart",
    ),
    ("Error: cannot load\n\nCaused by:\n    0: no cart\n    1: gone", "Error", "cannot load"),
    (
        "Unhandled exception:\nFormatException: no cart\n#0      load (package:shop/cart.dart:3:5)\n#1      main (file:///app/bin/main.dart:9:3)\n<asynchronous suspension>",
        "FormatException",
        "no cart",
    ),
];

/// The records that `text` is, line by line.
fn joined(text: &str) -> Vec<String> {
    let (mut records, mut trace, mut blank): (Vec<String>, _, _) = (Vec::new(), Trace::default(), String::new());
    for line in text.split('\n') {
        if line.is_empty() {
            blank.push('\n');
            continue;
        }
        match records.last_mut() {
            Some(open) if trace.continues(open.as_bytes(), line.as_bytes(), !blank.is_empty()) => open.extend([blank.as_str(), "\n", line]),
            _ => {
                trace = Trace::default();
                records.push(line.to_owned());
            }
        }
        blank.clear();
    }
    records
}

#[test]
fn each_trace_is_one_record() {
    for (trace, ..) in TRACES {
        for (before, after) in [("the cart is open", "done"), ("", "2026-11-21 10:00:01 INFO next"), ("Cart loaded\n", "\nCart closed")] {
            let records = joined(&format!("{before}\n{trace}\n{after}"));
            let expected: Vec<_> = [before.trim(), trace, after.trim()].into_iter().filter(|text| !text.is_empty()).collect();
            assert_eq!(records, expected);
        }
    }
}

#[test]
fn a_trace_says_what_was_raised() {
    for (trace, kind, message) in TRACES {
        let found = exception(trace.as_bytes()).unwrap_or_else(|| panic!("no exception in:\n{trace}"));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!((text(found.kind).as_str(), text(found.message).as_str()), (*kind, *message), "in:\n{trace}");
        assert!(trace.ends_with(&text(found.stacktrace)) && trace.lines().last() == text(found.stacktrace).lines().last(), "in:\n{trace}");
    }
}

#[test]
fn other_lines_are_none() {
    for text in [
        "usage: shop [options]\n  --port  at which to listen\n  --help",
        "items:\n  - from: a\n  - to: b",
        "one\ntwo\nThree: four\nCart: five",
        "# heading\n#1 is not 1",
        "10:00 a\nb\n10:01 c",
        "goroutine leak found\n[status] ok\nSo be it\nnote this\nTrue",
    ] {
        assert_eq!(joined(text).len(), text.lines().count(), "{:?}", joined(text));
        assert_eq!(exception(text.as_bytes()), None);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(parts in proptest::collection::vec("[ \t\n:.()#'`|+a-zA-Z0-9]{0,12}|Traceback \\(most recent call last\\):|\n  File \"a\"|panic: |goroutine 1 \\[|Error|\tat a.b|: panic serving |thread 'a' panicked at |\n#0 a|Uncaught |:in `|: \\(|Unhandled exception:|\\[object\\] \\(", 0..12)) {
        let text = parts.concat();
        exception(text.as_bytes());
        let kept: String = joined(&text).concat();
        proptest::prop_assert_eq!(kept.replace('\n', ""), text.replace('\n', ""));
    }
}
