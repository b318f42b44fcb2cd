// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	storageClass    = "standard"
	provisionerName = "alumni-operator.io/cluster-folders"
	provisionerUser = "alumni-cluster:provisioner"

	// the names by which Kubernetes marks who made a volume, and for which node
	// the scheduler wants one
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	selectedNode  = "volume.kubernetes.io/selected-node"

	// lookAgain bounds how long a volume waits after a failed attempt
	lookAgain = 2 * time.Second
)

// provisioner makes a folder of the node for each claim of the storage class,
// and removes it with the volume.
type provisioner struct {
	dir    string // holds one folder per volume
	client kubernetes.Interface
	claims corelisters.PersistentVolumeClaimLister
	vols   corelisters.PersistentVolumeLister
	wake   chan struct{}
	log    *slog.Logger
}

// provision runs the provisioner until the context ends.
func provision(ctx context.Context, name string) error {
	c, err := loadCluster(name)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.path("pki", "provisioner.config"))
	if err != nil {
		return fmt.Errorf("read the provisioner's kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect the provisioner: %w", err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	p := &provisioner{
		dir: c.path("volumes"), client: client, wake: make(chan struct{}, 1),
		claims: factory.Core().V1().PersistentVolumeClaims().Lister(),
		vols:   factory.Core().V1().PersistentVolumes().Lister(),
		log:    slog.New(slog.NewTextHandler(os.Stdout, nil)),
	}
	for _, informer := range []cache.SharedIndexInformer{
		factory.Core().V1().PersistentVolumeClaims().Informer(),
		factory.Core().V1().PersistentVolumes().Informer(),
	} {
		if _, err := informer.AddEventHandler(p.handler()); err != nil {
			return fmt.Errorf("watch volumes: %w", err)
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	p.loop(ctx)
	return nil
}

// handler wakes the loop on every change: what to do follows from what is
// there, never from the change itself.
func (p *provisioner) handler() cache.ResourceEventHandlerFuncs {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { p.poke() },
		UpdateFunc: func(_, _ any) { p.poke() },
		DeleteFunc: func(any) { p.poke() },
	}
}

func (p *provisioner) poke() {
	select {
	case p.wake <- struct{}{}:
	default: // the loop will look anyway
	}
}

func (p *provisioner) loop(ctx context.Context) {
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-again:
		}
		again = nil
		if err := p.settle(ctx); err != nil {
			p.log.Error("Settling volumes", "error", err)
			again = time.After(lookAgain)
		}
	}
}

// settle makes what is wanted and removes what is not, once.
func (p *provisioner) settle(ctx context.Context) error {
	claims, err := p.claims.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	vols, err := p.vols.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("list volumes: %w", err)
	}
	var errs []error
	for _, claim := range claims {
		if wantsVolume(claim) {
			errs = append(errs, p.create(ctx, claim))
		}
	}
	for _, vol := range vols {
		if isSpent(vol) {
			errs = append(errs, p.remove(ctx, vol))
		}
	}
	errs = append(errs, p.sweep(ctx, vols))
	return errors.Join(errs...)
}

// wantsVolume says whether a claim waits for this provisioner: it is of our
// class, has no volume, and the scheduler has chosen the node for its pod.
func wantsVolume(claim *corev1.PersistentVolumeClaim) bool {
	return claim.Spec.StorageClassName != nil && *claim.Spec.StorageClassName == storageClass &&
		claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil &&
		claim.Annotations[selectedNode] != ""
}

// isSpent says whether a volume's claim is gone and its data goes with it.
func isSpent(vol *corev1.PersistentVolume) bool {
	return vol.Annotations[provisionedBy] == provisionerName &&
		vol.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete &&
		vol.Status.Phase == corev1.VolumeReleased && vol.DeletionTimestamp == nil
}

// volumeName is the same for a claim at every attempt, so that a claim never
// gets two volumes.
func volumeName(claim *corev1.PersistentVolumeClaim) string { return "pvc-" + string(claim.UID) }

func (p *provisioner) create(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	vol := buildVolume(claim, p.dir)
	folder := vol.Spec.Local.Path
	// nobody on the host but root gets past the folder of all volumes
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of %s: %w", vol.Name, err)
	}
	// pods run under any user id; the mode is set apart from the umask
	if err := os.Chmod(folder, 0o777); err != nil {
		return fmt.Errorf("open the folder of %s: %w", vol.Name, err)
	}
	_, err := p.client.CoreV1().PersistentVolumes().Create(ctx, vol, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil // the binding is on its way
	}
	if err != nil {
		return fmt.Errorf("create volume %s: %w", vol.Name, err)
	}
	p.log.Info("Created", "volume", vol.Name, "claim", claim.Namespace+"/"+claim.Name)
	return nil
}

// buildVolume describes the volume of a claim. It is of the kind «local», not
// «hostPath», so that a pod's fsGroup works on it as on a real disk.
func buildVolume(claim *corev1.PersistentVolumeClaim, dir string) *corev1.PersistentVolume {
	name := volumeName(claim)
	mode := corev1.PersistentVolumeFilesystem
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisionerName}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    &mode,
			StorageClassName:              storageClass,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				Local: &corev1.LocalVolumeSource{Path: filepath.Join(dir, name)},
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn,
					Values: []string{claim.Annotations[selectedNode]},
				}}}},
			}},
		},
	}
}

// remove deletes the volume object; the sweep removes its folder after that.
func (p *provisioner) remove(ctx context.Context, vol *corev1.PersistentVolume) error {
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &vol.UID}}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, vol.Name, options)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete volume %s: %w", vol.Name, err)
	}
	p.log.Info("Deleted", "volume", vol.Name)
	return nil
}

// sweep removes the folders whose volume is gone, whoever deleted it. The API
// server is asked for each, because the list may be older than the folder.
func (p *provisioner) sweep(ctx context.Context, vols []*corev1.PersistentVolume) error {
	known := map[string]bool{}
	for _, vol := range vols {
		known[vol.Name] = true
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list volume folders: %w", err)
	}
	for _, e := range entries {
		if known[e.Name()] || !strings.HasPrefix(e.Name(), "pvc-") {
			continue
		}
		_, err := p.client.CoreV1().PersistentVolumes().Get(ctx, e.Name(), metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(p.dir, e.Name())); err != nil {
			return fmt.Errorf("remove the folder of %s: %w", e.Name(), err)
		}
		p.log.Info("Removed the folder", "volume", e.Name())
	}
	return nil
}
