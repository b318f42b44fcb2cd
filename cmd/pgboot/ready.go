// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// readyCommand asks the server as a client does. An open port alone says nothing: a server that recovers from
// a crash has one too.
func readyCommand(args []string) error {
	f := flag.NewFlagSet("pgboot ready", flag.ContinueOnError)
	host := f.String("host", "127.0.0.1", "`address` of the server")
	port := f.Int("port", 5432, "`port` of the server")
	timeout := f.Duration("timeout", 2*time.Second, "how long to wait for an answer")
	if err := f.Parse(args); err != nil {
		return err
	}
	return ready(net.JoinHostPort(*host, strconv.Itoa(*port)), *timeout)
}

const (
	protocol3    = 3 << 16
	messageAuth  = 'R'
	messageError = 'E'
	// longestAnswer bounds what is read of an answer.
	longestAnswer = 8 << 10
	// stateFull: too many sessions. The server works.
	stateFull = "53300"
)

// ready opens a session up to the server's question for a password and leaves. The server logs nothing of it.
func ready(address string, timeout time.Duration) error {
	conn, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("set a time limit: %w", err)
	}
	if _, err := conn.Write(startupMessage("postgres")); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	size := binary.BigEndian.Uint32(head[1:])
	if (head[0] != messageAuth && head[0] != messageError) || size < 4 || size > longestAnswer {
		return errors.New("the answer is not PostgreSQL's")
	}
	// Read to the end: hanging up with bytes unread resets the connection, which the server logs.
	body := make([]byte, size-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if state := sqlState(body); head[0] == messageError && state != stateFull {
		return fmt.Errorf("the server refuses sessions (SQLSTATE %s)", state)
	}
	return nil
}

// startupMessage is the first message of the protocol: length, version, and pairs that end in zero bytes.
func startupMessage(user string) []byte {
	body := binary.BigEndian.AppendUint32(nil, protocol3)
	for _, text := range []string{"user", user, "database", user, "application_name", "pgboot-ready", ""} {
		body = append(append(body, text...), 0)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

// sqlState finds the code in an error message: fields of one letter and a text.
func sqlState(body []byte) string {
	for _, field := range bytes.Split(body, []byte{0}) {
		if len(field) == 6 && field[0] == 'C' {
			return string(field[1:])
		}
	}
	return "unknown"
}
