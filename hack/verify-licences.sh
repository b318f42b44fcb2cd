#!/usr/bin/env bash
# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Looks at the licence of every module that the operator is built or tested
# with: none may be under a GPL, and NOTICE names those under the MPL.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
count=0
while read -r module dir; do
	count=$((count + 1))
	mapfile -t files < <(find "$dir" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' \))
	if [ "${#files[@]}" -eq 0 ]; then
		echo "$module has no licence file" >&2
		status=1
	elif grep -qiE 'GNU (AFFERO |LESSER )?GENERAL PUBLIC LICENSE' "${files[@]}" && ! grep -qiE 'Mozilla Public' "${files[@]}"; then
		echo "$module is under a GPL" >&2
		status=1
	elif grep -qi 'Mozilla Public License' "${files[@]}" && ! grep -qF "$module " NOTICE; then
		echo "$module is under the MPL: name it in NOTICE" >&2
		status=1
	fi
done < <(go list -deps -test -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./... | sort -u)

echo "looked at the licences of $count modules"
exit "$status"
