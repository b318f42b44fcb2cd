// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

// testSendAnnotation asks the operator for a test send by any new value.
const testSendAnnotation = "alumni-operator.io/test-send"

// TestSend asks for the texts to be sent to the campaign's testRecipients.
func TestSend(ctx context.Context, kube client.Client, out io.Writer, key client.ObjectKey, now time.Time) error {
	c := &v1alpha1.Campaign{}
	if err := kube.Get(ctx, key, c); err != nil {
		return fmt.Errorf("read Campaign %s: %w", key, err)
	}
	if c.Spec.TestRecipients == nil {
		return errors.New("the campaign names nobody: set spec.testRecipients.secretRef to a Secret with addresses")
	}
	before := client.MergeFrom(c.DeepCopy())
	metav1.SetMetaDataAnnotation(&c.ObjectMeta, testSendAnnotation, now.UTC().Format(time.RFC3339Nano))
	if err := kube.Patch(ctx, c, before); err != nil {
		return fmt.Errorf("annotate Campaign %s: %w", key, err)
	}
	_, err := fmt.Fprintf(out, "Asked for. See how it goes:\n  kubectl -n %s get campaign %s -o jsonpath='{.status.testSend}'\n", key.Namespace, key.Name)
	return err
}
