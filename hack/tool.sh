#!/usr/bin/env bash
# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Prints the path of a tool that hack/tools/NAME/go.mod pins, and builds it first
# when the cache does not hold that version yet.
#
#   "$(hack/tool.sh controller-gen)" paths=./api/... object
set -euo pipefail

name=$1
module="$(cd "$(dirname "$0")" && pwd)/tools/$name"
[ -f "$module/go.mod" ] || {
	echo "there is no tool $name in hack/tools" >&2
	exit 1
}

# The tool's version is that of the module whose path begins the tool's path.
version=$(awk '
	$1 == "tool" { tool = $2 "/" }
	{ path = $1 == "require" ? $2 : $1; number = $1 == "require" ? $3 : $2 }
	number ~ /^v[0-9]/ && index(tool, path "/") == 1 { print number; exit }
' "$module/go.mod")
cache=${ALUMNI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/alumni-operator}/tools
# A folder per version: some tools write their file name into what they generate.
binary=$cache/$name-$version-$(go env GOVERSION)/$name

if [ ! -x "$binary" ]; then
	mkdir -p "$(dirname "$binary")"
	exec 9>"$cache/.lock-$name"
	flock 9 # another make may be building it
	if [ ! -x "$binary" ]; then
		echo "building $name $version (once; then it is cached)" >&2
		started=$SECONDS
		# The Makefile's flags: packages that tools and operator have in common are compiled once.
		CGO_ENABLED=0 GOGC=400 go -C "$module" build -gcflags=all=-dwarf=false -ldflags '-s -w' -o "$binary.new" tool
		mv "$binary.new" "$binary"
		echo "built $name $version in $((SECONDS - started)) s" >&2
	fi
fi
echo "$binary"
