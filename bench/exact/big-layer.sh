#!/usr/bin/env bash
# Time and memory of diff and load on a layer of 2 GB that umoci packed: with its digest kept, and without. Needs 8 GB of disk in $TMPDIR.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
ddiff() { /usr/bin/time -f "$1: %e s, %U s of CPU, %M kB" "$here/node_modules/.bin/node" "$here/src/main.ts" "${@:2}" -q; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work XDG_CACHE_HOME=$work/cache
cd "$work"
mkdir tree
"$here/node_modules/.bin/node" --input-type=module -e "
  import { writeFileSync } from 'node:fs';
  import { sampleBytes } from '$here/src/codec/exact/testing/sample.ts';
  const bytes = sampleBytes(100_000_000, 5);
  for (let i = 0; i < 20; i++) {
    for (let at = i; at < bytes.length; at += 4096) bytes[at] = bytes[at] + 1;
    writeFileSync('tree/' + i, bytes);
  }"
umoci init --layout work
umoci new --image work:none
for version in 1 2; do
  echo "$version" > tree/version
  umoci insert --image work:none --tag "v$version" tree /tree
done
rm -r tree
umoci init --layout server
skopeo copy -q oci:work:v1 oci:server:v1
ddiff "diff --exact=never" diff --exact=never oci:work:v1 oci:work:v2 -o never.ddiff
ddiff "diff" diff --require-exact oci:work:v1 oci:work:v2 -o exact.ddiff
ddiff "load, another digest" load never.ddiff --to oci:other:v2 --base oci:server:v1
rm -r other
ddiff "load, the same digest" load --require-exact exact.ddiff --to oci:server:v2
for place in work server; do skopeo inspect --format '{{.Digest}}' "oci:$place:v2"; done
