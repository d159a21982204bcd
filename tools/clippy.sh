#!/bin/sh
# Clippy over the workspace, warnings as errors, in the environment that maturin builds in: pyo3's build script runs anew
# whenever that changes, and all above it with it, so without this `make check` and `make build` would undo each other.
#   usage: tools/clippy.sh PYTHON     PYTHON: the venv's, which the core was built for
set -eu
cd "$(dirname "$0")/.."
PYO3_PYTHON=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
PYO3_ENVIRONMENT_SIGNATURE=$("$1" -c 'import sys; v = sys.version_info; b = 64 if sys.maxsize > 2**32 else 32
print(f"{sys.implementation.name}-{v.major}.{v.minor}-{b}bit")')
PYO3_BUILD_EXTENSION_MODULE=1
export PYO3_PYTHON PYO3_ENVIRONMENT_SIGNATURE PYO3_BUILD_EXTENSION_MODULE
for config in "${CARGO_TARGET_DIR:-target}"/maturin/pyo3-config-*.txt; do
    [ -f "$config" ] && export PYO3_CONFIG_FILE="$(cd "$(dirname "$config")" && pwd)/$(basename "$config")"
done
exec cargo clippy --release --locked --workspace --all-targets -- --deny warnings
