#!/usr/bin/env bash
# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Brings the checksums of one component up to date with its module file, after
# a version in it was changed:  components/update.sh kubernetes
set -euo pipefail
cd "$(dirname "$0")"
name=${1:?name one of: $(ls ./*.mod | xargs -n1 basename -s .mod | xargs)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$name.mod" "$work/go.mod"
cp "$name.sum" "$work/go.sum"
if [ -d "_$name" ]; then cp "_$name"/*.go "$work/"; fi
(cd "$work" && GOWORK=off go mod tidy)
cp "$work/go.mod" "$name.mod"
cp "$work/go.sum" "$name.sum"
echo "$name is up to date; go run . build --only NAME builds it"
