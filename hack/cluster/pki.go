// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// certLifetime bounds every certificate of a cluster. A test cluster that lives
// longer has to be made anew.
const certLifetime = 365 * 24 * time.Hour

// authority signs the certificates of one cluster. Its key stays in the state
// folder, which only root can read.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// identityOf is who a certificate speaks for, and where it may be served.
type identityOf struct {
	name   string
	groups []string
	dns    []string
	ips    []net.IP
}

// writePKI makes the authority, the service account key and every certificate
// and kubeconfig that the components and the user need.
func (c *Cluster) writePKI() error {
	ca, err := c.newAuthority()
	if err != nil {
		return err
	}
	for file, who := range c.certificates() {
		if err := ca.issueTo(c.path("pki", file), who); err != nil {
			return err
		}
	}
	for file, who := range c.clients() {
		if err := ca.writeKubeconfig(c, file, who); err != nil {
			return err
		}
	}
	_, keyPEM, err := newKey()
	if err != nil {
		return err
	}
	return writeFile(c.path("pki", "sa.key"), string(keyPEM), 0o600)
}

// certificates lists the key pairs that components read from files.
func (c *Cluster) certificates() map[string]identityOf {
	node := net.IP(c.Layout.NodeIP.AsSlice())
	return map[string]identityOf{
		"apiserver": {
			name: "kube-apiserver",
			dns: []string{
				"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
				"kubernetes.default.svc.cluster.local",
			},
			ips: []net.IP{node, net.IP(c.Layout.APIService.AsSlice()), net.IPv4(127, 0, 0, 1)},
		},
		"apiserver-kubelet": {name: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		"kubelet":           {name: "kubelet", dns: []string{c.Name}, ips: []net.IP{node}},
	}
}

// clients lists the kubeconfig files: path below the state folder, and who.
func (c *Cluster) clients() map[string]identityOf {
	return map[string]identityOf{
		"kubeconfig":                         {name: "admin", groups: []string{"system:masters"}},
		"pki/kube-controller-manager.config": {name: "system:kube-controller-manager"},
		"pki/kube-scheduler.config":          {name: "system:kube-scheduler"},
		"pki/kube-proxy.config":              {name: "system:kube-proxy"},
		"pki/kubelet.config":                 {name: "system:node:" + c.Name, groups: []string{"system:nodes"}},
		"pki/provisioner.config":             {name: provisionerUser},
	}
}

func (c *Cluster) newAuthority() (*authority, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(identityOf{name: "alumni-cluster-" + c.Name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = nil
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the cluster's authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back the cluster's authority: %w", err)
	}
	ca := &authority{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	if err := os.MkdirAll(c.path("pki"), 0o700); err != nil {
		return nil, fmt.Errorf("make the key folder: %w", err)
	}
	if err := writeFile(c.path("pki", "ca.crt"), string(ca.pem), 0o644); err != nil {
		return nil, err
	}
	return ca, writeFile(c.path("pki", "ca.key"), string(keyPEM), 0o600)
}

// issueTo writes BASE.crt and BASE.key.
func (a *authority) issueTo(base string, who identityOf) error {
	certPEM, keyPEM, err := a.issue(who)
	if err != nil {
		return err
	}
	if err := writeFile(base+".crt", string(certPEM), 0o644); err != nil {
		return err
	}
	return writeFile(base+".key", string(keyPEM), 0o600)
}

func (a *authority) issue(who identityOf) (certPEM, keyPEM []byte, err error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	template, err := newTemplate(who)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign the certificate of %s: %w", who.name, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM, nil
}

// writeKubeconfig writes a self-contained kubeconfig for one client.
func (a *authority) writeKubeconfig(c *Cluster, file string, who identityOf) error {
	certPEM, keyPEM, err := a.issue(who)
	if err != nil {
		return err
	}
	name := "alumni-" + c.Name
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{
		Server: c.Layout.APIServer(), CertificateAuthorityData: a.pem,
	}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: certPEM, ClientKeyData: keyPEM,
	}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	raw, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encode the kubeconfig of %s: %w", who.name, err)
	}
	return writeFile(c.path(file), string(raw), 0o600)
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func newTemplate(who identityOf) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: who.name, Organization: who.groups},
		DNSNames:              who.dns,
		IPAddresses:           who.ips,
		NotBefore:             now.Add(-time.Hour), // the clock may be set back a little
		NotAfter:              now.Add(certLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, nil
}
