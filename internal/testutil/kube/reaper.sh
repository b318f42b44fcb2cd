# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Cleans up after a test process: sh -c "$this" reaper < pipe.
# The first line of standard input is the folder of the control plane. It has a
# random name, and every program of the control plane has it in its command
# line. Standard input ends when the test process ends; what then still runs is
# killed, and the folder goes away.
set -u
trap '' INT TERM HUP QUIT

read -r dir || exit 0
case $dir in
*/alumni-kube-*) ;;
*) exit 1 ;;
esac
while read -r _; do :; done

for process in /proc/[0-9]*; do
	if tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qF -- "=$dir/"; then
		kill -KILL "${process#/proc/}" 2>/dev/null
	fi
done
rm -rf "$dir"
