#!/usr/bin/env bash
# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs a command under a title and tells how long it took.
#
#   hack/step.sh "Unit tests" go test ./...
set -uo pipefail

title=$1
shift
started=$SECONDS
printf '\n==> %s\n' "$title" >&2
"$@"
status=$?
elapsed=$((SECONDS - started))
if [ "$status" -eq 0 ]; then
	printf '<== %s: done after %d s\n' "$title" "$elapsed" >&2
else
	printf '<== %s: FAILED after %d s (exit code %d)\n' "$title" "$elapsed" "$status" >&2
fi
exit "$status"
