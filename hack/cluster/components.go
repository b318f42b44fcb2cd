// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// Component is one long-running program of a cluster.
type Component struct {
	Name string   // also the name of its log file
	Args []string // program and arguments
	// AfterAPI holds a component back until the API server answers, which
	// spares it the waiting times of its own first retries.
	AfterAPI bool
}

// components lists every program that the supervisor keeps running.
func (c *Cluster) components() []Component {
	return []Component{
		c.etcd(),
		c.containerd(),
		c.apiServer(),
		c.controllerManager(),
		c.scheduler(),
		c.kubelet(),
		c.kubeProxy(),
		c.provisioner(),
	}
}

func (c *Cluster) program(name string) string { return c.path("bin", name) }

// etcd listens inside the cluster's network namespace only. It does not wait
// for the disk: the cluster is made anew after a power cut, never recovered.
func (c *Cluster) etcd() Component {
	return Component{Name: "etcd", Args: []string{
		c.program("etcd"),
		"--name=" + c.Name,
		"--data-dir=" + c.path("etcd"),
		"--listen-client-urls=http://127.0.0.1:2379",
		"--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=" + c.Name + "=http://127.0.0.1:2380",
		"--unsafe-no-fsync=true",
		"--quota-backend-bytes=4294967296",
		"--log-level=warn",
	}}
}

func (c *Cluster) apiServer() Component {
	pki := func(file string) string { return c.path("pki", file) }
	return Component{Name: "kube-apiserver", Args: []string{
		c.program("kube-apiserver"),
		"--etcd-servers=http://127.0.0.1:2379",
		"--advertise-address=" + c.Layout.NodeIP.String(),
		"--bind-address=0.0.0.0",
		"--secure-port=6443",
		"--service-cluster-ip-range=" + c.Layout.ServiceNet.String(),
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--client-ca-file=" + pki("ca.crt"),
		"--tls-cert-file=" + pki("apiserver.crt"),
		"--tls-private-key-file=" + pki("apiserver.key"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		// the node's name is in no DNS
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("sa.key"),
		"--service-account-signing-key-file=" + pki("sa.key"),
	}}
}

func (c *Cluster) controllerManager() Component {
	config := c.path("pki", "kube-controller-manager.config")
	return Component{Name: "kube-controller-manager", AfterAPI: true, Args: []string{
		c.program("kube-controller-manager"),
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.path("pki", "sa.key"),
		"--root-ca-file=" + c.path("pki", "ca.crt"),
		"--cluster-signing-cert-file=" + c.path("pki", "ca.crt"),
		"--cluster-signing-key-file=" + c.path("pki", "ca.key"),
		"--allocate-node-cidrs=true",
		"--cluster-cidr=" + c.Layout.PodNet.String(),
		"--node-cidr-mask-size=" + itoa(c.Layout.PodNet.Bits()),
		"--service-cluster-ip-range=" + c.Layout.ServiceNet.String(),
	}}
}

func (c *Cluster) scheduler() Component {
	config := c.path("pki", "kube-scheduler.config")
	return Component{Name: "kube-scheduler", AfterAPI: true, Args: []string{
		c.program("kube-scheduler"),
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
	}}
}

// provisioner is this program itself, making the folders behind the claims of
// StorageClass "standard".
func (c *Cluster) provisioner() Component {
	return Component{Name: "provisioner", AfterAPI: true, Args: []string{
		c.program(selfName), "provision", "--name=" + c.Name,
	}}
}
