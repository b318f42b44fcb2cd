// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"path/filepath"
	"regexp"
)

// passwordFile is the key of the superuser's password in --admin-dir.
const passwordFile = "password"

// options are the flags of pgboot run.
type options struct {
	data           string
	adminDir       string
	listen         string
	port           int
	socketDir      string
	sharedBuffers  string
	maxConnections int
}

// memorySize is how PostgreSQL writes an amount of memory.
var memorySize = regexp.MustCompile(`^[1-9][0-9]{0,9}(kB|MB|GB)$`)

func parseOptions(args []string) (options, error) {
	o := options{}
	f := flag.NewFlagSet("pgboot run", flag.ContinueOnError)
	f.StringVar(&o.data, "data", "", "`folder` of the cluster; its parent must be writable and on the same volume")
	f.StringVar(&o.adminDir, "admin-dir", "", "`folder` with the file "+passwordFile+": the superuser's password, used when the cluster is made")
	f.StringVar(&o.listen, "listen", "*", "`addresses` to listen on, separated by commas")
	f.IntVar(&o.port, "port", 5432, "`port` to listen on")
	f.StringVar(&o.socketDir, "socket-dir", "", "`folder` for a Unix socket; none when empty")
	f.StringVar(&o.sharedBuffers, "shared-buffers", "64MB", "`memory` that the server shares, about a quarter of its limit")
	f.IntVar(&o.maxConnections, "max-connections", 100, "`number` of sessions at a time")
	if err := f.Parse(args); err != nil {
		return options{}, err
	}
	switch {
	case f.NArg() > 0:
		return options{}, errors.New("run takes flags only")
	case !filepath.IsAbs(o.data) || filepath.Clean(o.data) == "/":
		return options{}, errors.New("--data must be an absolute path below a volume")
	case !filepath.IsAbs(o.adminDir):
		return options{}, errors.New("--admin-dir must be an absolute path")
	case o.socketDir != "" && !filepath.IsAbs(o.socketDir):
		return options{}, errors.New("--socket-dir must be an absolute path")
	case o.port < 1 || o.port > 65535:
		return options{}, errors.New("--port must be from 1 to 65535")
	case !memorySize.MatchString(o.sharedBuffers):
		return options{}, errors.New("--shared-buffers must be a number with kB, MB or GB")
	case o.maxConnections < 10 || o.maxConnections > 10000:
		return options{}, errors.New("--max-connections must be from 10 to 10000")
	}
	o.data = filepath.Clean(o.data)
	return o, nil
}
