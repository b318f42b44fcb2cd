#!/usr/bin/env bash
# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs the generators and fails when they change anything: what is committed
# must be what they write. It compares with the files as they are now, so it
# also works on a tree with changes that are not committed yet.
set -euo pipefail
cd "$(dirname "$0")/.."

outputs=(api/v1alpha1 config/crd/bases config/rbac docs/api docs/categories.md)
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT

for path in "${outputs[@]}"; do
	if [ -e "$path" ]; then
		mkdir -p "$before/$(dirname "$path")"
		cp -a "$path" "$before/$path"
	fi
done

MAKEFLAGS= make --no-print-directory generate manifests docs # with no share of a jobserver, which only make itself passes on

changed=0
for path in "${outputs[@]}"; do
	if [ -e "$path" ] || [ -e "$before/$path" ]; then
		diff -ruN "$before/$path" "$path" || changed=1
	fi
done
if [ "$changed" -ne 0 ]; then
	echo "generated files were out of date; they are written anew now: look at them and commit them" >&2
	exit 1
fi
echo "generated files are up to date"
