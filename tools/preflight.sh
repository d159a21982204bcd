#!/bin/sh
# Prints in one line what a machine lacks to build logloom, before anything is built. Silent when nothing is missing.
#   usage: tools/preflight.sh PYTHON     PYTHON: the interpreter the Makefile chose, empty when it found none
set -u
cd "$(dirname "$0")/.." || exit 1

lacking() {
    printf 'logloom needs %s\n' "$1"
    exit 1
}

# older HAVE WANT: is version HAVE below WANT? Compares the first two numbers.
older() {
    have_major=${1%%.*} have_rest=${1#*.} want_major=${2%%.*} want_rest=${2#*.}
    have_minor=${have_rest%%[!0-9]*} want_minor=${want_rest%%[!0-9]*}
    [ "$have_major" -lt "$want_major" ] || { [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -lt "$want_minor" ]; }
}

python=${1:-}
if [ -z "$python" ]; then
    found=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null)
    lacking "Python 3.11 or newer${found:+ (python3 here is $found)}: install python3.11 and python3.11-venv (Debian, Ubuntu), python3.11 (Fedora) or python@3.11 (Homebrew), or name one: make PYTHON=/path/to/python3"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    lacking "Python's venv module, which $python lacks: install python3-venv (Debian, Ubuntu)"

rust=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
cargo=$(cargo --version 2>/dev/null | cut -d' ' -f2)
[ -n "$cargo" ] || lacking "cargo, of Rust $rust or newer: install Rust with rustup (rustup.rs)"
older "$cargo" "$rust" && lacking "Rust $rust or newer, and cargo here is $cargo: run 'rustup update stable'"

command -v cc >/dev/null 2>&1 ||
    lacking "a C compiler (cc): install build-essential (Debian, Ubuntu), gcc (Fedora) or run xcode-select --install (macOS)"
printf '#include <stdio.h>\nint main(void) { return 0; }\n' | cc -x c -o /dev/null - >/dev/null 2>&1 ||
    lacking "a C compiler that can build a program, which cc here cannot: install build-essential (Debian, Ubuntu) or gcc and glibc-devel (Fedora)"
