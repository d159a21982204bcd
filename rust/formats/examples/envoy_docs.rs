//! Prints `docs/envoy.md`; `make formats` runs it.
#![allow(clippy::print_stdout)]

fn main() {
    print!("{}", logloom_formats::envoy::docs::markdown());
}
