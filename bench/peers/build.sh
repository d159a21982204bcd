#!/bin/sh
# Builds the OpenTelemetry Collector of otelcol.yaml from Go's modules, checksums verified; prints where it is.
#   build.sh FOLDER     keeps what it builds there, and builds it once
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
manifest=$(cd "$(dirname "$0")" && pwd)/otelcol.yaml
sum=$(cksum <"$manifest" | cut -d' ' -f1)
binary=$folder/otelcol-$sum
if [ ! -x "$binary" ]; then
    command -v go >/dev/null || { echo "this needs Go: https://go.dev/dl" >&2; exit 1; }
    version=$(sed -n 's/^  version: //p' "$manifest")
    GOBIN=$folder go install "go.opentelemetry.io/collector/cmd/builder@v$version" >&2
    mkdir -p "$folder/source"
    cp "$manifest" "$folder/source/otelcol.yaml"
    (cd "$folder/source" && "$folder/builder" --config otelcol.yaml --skip-get-modules --skip-compilation --skip-strict-versioning >&2)
    (cd "$folder/source/out" && CGO_ENABLED=0 GOFLAGS=-mod=mod go build -trimpath -ldflags='-s -w' -o "$binary" . >&2)
fi
echo "$binary"
