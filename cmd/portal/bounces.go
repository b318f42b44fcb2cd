// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/bounce/receiver"
	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// newReceiver makes what takes bounces, or nil where the network has no receiver. A trial has none: no mail leaves it, so
// that none can come back.
func newReceiver(network settings.Network, key []byte, to *register.Register, log *slog.Logger, registry prometheus.Registerer) (*receiver.Receiver, error) {
	if network.Email == nil || network.Email.BounceReceiver == "" || network.Trial() {
		return nil, nil
	}
	sender, err := bounce.NewSender(network.Email.BounceAddress, key)
	if err != nil {
		return nil, err
	}
	links, err := unsubscribe.NewSigner(key)
	if err != nil {
		return nil, err
	}
	return receiver.New(receiver.Config{
		Protocol: network.Email.BounceReceiver, Sender: sender, Links: links, Note: to.Note, Log: log, Registry: registry,
	})
}
