// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

func TestThePluginReachesTheClusterAsKubectlDoes(t *testing.T) {
	g, env := NewWithT(t), kube.Start(t)
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := NewCommand()
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args, "--kubeconfig", env.KubeconfigFile))
		err := c.ExecuteContext(t.Context())
		return out.String(), err
	}
	_, err := call("campaign", "preview", "letter", "-n", "hoshino")
	g.Expect(err).To(MatchError(ContainSubstring(`read Campaign hoshino/letter: campaigns.alumni-operator.io "letter" not found`)))
	_, err = call("campaign", "test-send", "letter")
	g.Expect(err).To(MatchError(ContainSubstring("read Campaign default/letter")))
	_, err = call("campaign", "preview")
	g.Expect(err).To(MatchError(ContainSubstring("accepts 1 arg")))
	help, err := call("campaign", "--help")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(help).To(And(ContainSubstring("kubectl alumni campaign"), ContainSubstring("preview")))
}

func TestAProofIsCheckedWithoutACluster(t *testing.T) {
	g := NewWithT(t)
	c := NewCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs([]string{"verify", "certificate", filepath.Join(t.TempDir(), "none"), "--kubeconfig", filepath.Join(t.TempDir(), "none")})
	g.Expect(c.ExecuteContext(t.Context())).To(MatchError(ContainSubstring("read the certificate")))
}
