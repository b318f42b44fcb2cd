# Copyright The Alumni Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs one PostgreSQL server for a test process: sh -c "$this" keeper DIR POSTGRES.
# Reads commands from standard input and answers each with one line:
#   start  runs the server in the background and answers with its process id
#   stop   stops it (clients are disconnected) and answers "stopped"
# Standard input ends when the test process ends, however it ended. The server
# is then stopped and its folder removed, so that nothing stays behind.
set -u
dir=$1
postgres=$2
pid=

# A signal meant for the test process must not leave the server without keeper.
# PostgreSQL sets its own handlers for the signals that are ignored here.
trap '' INT TERM HUP QUIT

halt() {
	if [ -n "$pid" ]; then
		kill -"$1" "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		pid=
	fi
}

while read -r command; do
	case $command in
	start)
		"$postgres" -D "$dir/data" 3>&- </dev/null >>"$dir/server.log" 2>&1 &
		pid=$!
		echo "$pid"
		;;
	stop)
		halt INT
		echo stopped
		;;
	esac
done

halt QUIT
rm -rf "$dir"
