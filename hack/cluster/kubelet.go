// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"strconv"

	"sigs.k8s.io/yaml"
)

// maxPods is above the kubelet's own default of 110, so that a test of many
// networks fits on the one node; the pod network has room for 2,000.
const maxPods = 250

func itoa(n int) string { return strconv.Itoa(n) }

func (c *Cluster) kubelet() Component {
	return Component{Name: "kubelet", AfterAPI: true, Args: []string{
		c.program("kubelet"),
		"--config=" + c.path("config", "kubelet.yaml"),
		"--kubeconfig=" + c.path("pki", "kubelet.config"),
		"--hostname-override=" + c.Name,
		"--node-ip=" + c.Layout.NodeIP.String(),
	}}
}

func (c *Cluster) kubeProxy() Component {
	return Component{Name: "kube-proxy", AfterAPI: true, Args: []string{
		c.program("kube-proxy"),
		"--config=" + c.path("config", "kube-proxy.yaml"),
	}}
}

// kubeletConfig is the kubelet's configuration file. It never evicts for want
// of disk and never collects images: the disk is the host's, and an image that
// was loaded by hand can be had from nowhere again.
func (c *Cluster) kubeletConfig() map[string]any {
	return map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false},
			"webhook":   map[string]any{"enabled": true},
			"x509":      map[string]any{"clientCAFile": c.path("pki", "ca.crt")},
		},
		"authorization":               map[string]any{"mode": "Webhook"},
		"tlsCertFile":                 c.path("pki", "kubelet.crt"),
		"tlsPrivateKeyFile":           c.path("pki", "kubelet.key"),
		"address":                     c.Layout.NodeIP.String(),
		"cgroupDriver":                "cgroupfs",
		"cgroupRoot":                  "/" + c.cgroup(),
		"failCgroupV1":                false,
		"failSwapOn":                  false,
		"containerRuntimeEndpoint":    "unix://" + c.containerdSocket(),
		"clusterDomain":               "cluster.local",
		"clusterDNS":                  []string{c.Layout.DNSService.String()},
		"resolvConf":                  c.path("config", "resolv.conf"),
		"podLogsDir":                  podLogsDir,
		"volumePluginDir":             c.path("kubelet", "volume-plugins"),
		"maxPods":                     maxPods,
		"serializeImagePulls":         false,
		"imageGCHighThresholdPercent": 100,
		"evictionHard": map[string]string{
			"memory.available": "100Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%",
			"imagefs.available": "0%", "imagefs.inodesFree": "0%",
		},
	}
}

// kubeProxyConfig is kube-proxy's configuration file. The table of connections
// is sized by the host, so kube-proxy is told to leave it alone.
func (c *Cluster) kubeProxyConfig() map[string]any {
	return map[string]any{
		"apiVersion":       "kubeproxy.config.k8s.io/v1alpha1",
		"kind":             "KubeProxyConfiguration",
		"clientConnection": map[string]any{"kubeconfig": c.path("pki", "kube-proxy.config")},
		"mode":             "nftables",
		"clusterCIDR":      c.Layout.PodNet.String(),
		"hostnameOverride": c.Name,
		"bindAddress":      c.Layout.NodeIP.String(),
		"conntrack":        map[string]any{"maxPerCore": 0, "min": 0},
	}
}

// writeConfigs writes every configuration file of the node.
func (c *Cluster) writeConfigs(cni string) error {
	// an empty resolv.conf: pods have the cluster's DNS and no other
	files := map[string]string{"resolv.conf": "", "containerd.toml": c.containerdConfig(cni, lacksResourceCapability())}
	for name, object := range map[string]any{
		"kubelet.yaml":           c.kubeletConfig(),
		"kube-proxy.yaml":        c.kubeProxyConfig(),
		"cni/10-bridge.conflist": c.cniConfig(),
	} {
		raw, err := yaml.Marshal(object)
		if filepath.Ext(name) == ".conflist" {
			raw, err = yaml.YAMLToJSON(raw)
		}
		if err != nil {
			return fmt.Errorf("encode %s: %w", name, err)
		}
		files[name] = string(raw)
	}
	for name, content := range files {
		if err := writeFile(c.path("config", name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
