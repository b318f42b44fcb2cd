// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// CheckSecret looks whether the Secret of a LINE account holds what it must: the token that sends messages and the secret that
// events are signed with. The error names the key and how to mend it, and never its value.
func CheckSecret(data map[string][]byte) error {
	if token := clean(data[settings.LINETokenFile]); !isToken(token) {
		return fmt.Errorf("%s must be the channel access token of the account, one word of ASCII characters", settings.LINETokenFile)
	}
	return checkChannelSecret(clean(data[settings.LINESecretFile]))
}

// ReadChannelSecret reads the secret that events are signed with from a mounted folder. The error never holds its value.
func ReadChannelSecret(dir string) (channel.Secret, error) {
	value, err := os.ReadFile(filepath.Join(dir, settings.LINESecretFile))
	if err != nil {
		return channel.Secret{}, fmt.Errorf("read the channel secret: %w", err)
	}
	secret := clean(value)
	if err := checkChannelSecret(secret); err != nil {
		return channel.Secret{}, err
	}
	return channel.NewSecret(secret), nil
}

// ReadToken reads the channel access token from a folder with the keys of an account. Whether it is one New tells.
func ReadToken(dir string) (channel.Secret, error) {
	value, err := os.ReadFile(filepath.Join(dir, settings.LINETokenFile))
	if err != nil {
		return channel.Secret{}, fmt.Errorf("read the channel access token: %w", err)
	}
	return channel.NewSecret(clean(value)), nil
}

func checkChannelSecret(secret string) error {
	if len(secret) != 32 || strings.Trim(secret, "0123456789abcdef") != "" {
		return fmt.Errorf("%s must be the channel secret of the account, 32 hexadecimal digits", settings.LINESecretFile)
	}
	return nil
}

func clean(value []byte) string { return strings.TrimRight(string(value), "\r\n") }

func isToken(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}
