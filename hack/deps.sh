#!/usr/bin/env bash
# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Makes sure that the Debian packages for some work are there: installs what is
# missing when it runs as root, names it otherwise.
#
#   hack/deps.sh [test] [cluster] [images] [browser]
set -euo pipefail

missing=()

# need PACKAGE COMMAND…: the package is missing when the command fails.
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}

program() { command -v "$1"; }

# The oldest PostgreSQL that the store supports is 15.
postgresql() {
	[ -z "${PG_BIN:-}" ] || return 0
	local initdb
	for initdb in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb; do
		if [ -x "$initdb" ] && [ "$("$initdb" --version | grep -oE '[0-9]+' | head -n 1)" -ge 15 ]; then
			return 0
		fi
	done
	return 1
}

cni_plugins() {
	local dir
	for dir in "${CNI_BIN:-}" /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
		[ -x "$dir/bridge" ] && [ -x "$dir/portmap" ] && return 0
	done
	return 1
}

for group in "$@"; do
	case $group in
	test)
		need git program git
		need ca-certificates test -s /etc/ssl/certs/ca-certificates.crt
		need POSTGRESQL postgresql
		;;
	cluster)
		need gcc program gcc
		need libc6-dev test -e /usr/include/stdlib.h
		need pkg-config program pkg-config
		need libseccomp-dev pkg-config --exists libseccomp
		need iproute2 program ip
		need nftables program nft
		need iptables program iptables
		need mount program mount
		need util-linux program nsenter
		need procps program ps
		need containernetworking-plugins cni_plugins
		;;
	images)
		need dpkg program dpkg-deb
		need ca-certificates test -s /etc/ssl/certs/ca-certificates.crt
		;;
	browser)
		need chromium program chromium
		need fonts-noto-cjk test -d /usr/share/fonts/opentype/noto # Japanese is boxes without it
		need npm program npm
		;;
	*)
		echo "hack/deps.sh: there is no group $group" >&2
		exit 2
		;;
	esac
done

# A package may be needed for two reasons.
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | grep . | sort -u)
[ "${#missing[@]}" -gt 0 ] || exit 0

names=("${missing[@]/POSTGRESQL/postgresql-15}")
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	echo "this machine lacks: ${names[*]}" >&2
	echo "install them as root: apt-get install ${names[*]}" >&2
	exit 1
fi

started=$SECONDS
echo "installing ${names[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o DPkg::Lock::Timeout=300 update >&2

if [[ " ${missing[*]} " == *" POSTGRESQL "* ]]; then
	# 15 where there is one, otherwise the oldest that is newer.
	version=$(apt-cache pkgnames postgresql- | grep -oE '^postgresql-[0-9]+$' | cut -d - -f 2 | sort -n | awk '$1 >= 15' | head -n 1)
	[ -n "$version" ] || {
		echo "no PostgreSQL 15 or newer can be installed from the package sources of this machine" >&2
		exit 1
	}
	missing=("${missing[@]/POSTGRESQL/postgresql-$version}")
	# Tests start servers of their own: the package must not start one too.
	no_cluster=/etc/postgresql-common/createcluster.d/alumni-operator-deps.conf
	mkdir -p "$(dirname "$no_cluster")"
	echo 'create_main_cluster = false' >"$no_cluster"
	trap 'rm -f "$no_cluster"' EXIT
fi
apt-get -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}" >/dev/null
echo "installed in $((SECONDS - started)) s" >&2
