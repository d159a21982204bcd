#!/bin/sh
# Resolves pyproject.toml's Python dependencies to exact versions with hashes, for all platforms and Pythons at once.
#   usage: tools/lock.sh PYTHON
# The resolver lives in a throw-away environment; installing from the locks needs pip alone. No index's address is written.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${1:-python3}" -m venv "$scratch"
"$scratch/bin/python" -m pip --disable-pip-version-check install --quiet uv
resolve() {
    "$scratch/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make lock" pyproject.toml "$@"
}
resolve --group build --output-file requirements.lock
resolve --group tests --all-extras --constraints requirements.lock --output-file requirements-dev.lock
