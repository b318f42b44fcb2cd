// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// kinds are the operator's kinds with the conditions that Ready sums up.
var kinds = map[string]struct {
	make       func(metav1.ObjectMeta) conditions.Object
	components []string
}{
	"AlumniNetwork": {func(m metav1.ObjectMeta) conditions.Object { return &v1alpha1.AlumniNetwork{ObjectMeta: m} }, v1alpha1.NetworkConditions()},
	"Campaign":      {func(m metav1.ObjectMeta) conditions.Object { return &v1alpha1.Campaign{ObjectMeta: m} }, v1alpha1.CampaignConditions()},
	"RetentionPolicy": {func(m metav1.ObjectMeta) conditions.Object { return &v1alpha1.RetentionPolicy{ObjectMeta: m} },
		v1alpha1.RetentionConditions()},
}

// states are what the controllers make of an object, as they make it.
var states = map[string]struct {
	make func(conditions.Object, []string)
	want status.Status
	argo string
}{
	"not looked at yet": {func(o conditions.Object, _ []string) { o.SetObservedGeneration(-1) }, status.InProgressStatus, "Progressing"},
	"begun":             {conditions.Begin, status.InProgressStatus, "Progressing"},
	"ready":             {ready, status.CurrentStatus, "Healthy"},
	"suspended": {func(o conditions.Object, components []string) {
		ready(o, components)
		conditions.False(o, components[0], v1alpha1.ReasonSuspended, "It rests")
		conditions.Summarise(o, components)
	}, status.CurrentStatus, "Suspended"},
	"waiting": {func(o conditions.Object, components []string) {
		fail(o, components, outcome.Wait(outcome.Poll, v1alpha1.ReasonNetworkNotReady, "it waits"))
	}, status.InProgressStatus, "Progressing"},
	"failing": {func(o conditions.Object, components []string) { fail(o, components, errors.New("it failed")) }, status.InProgressStatus, "Progressing"},
	"stalled": {func(o conditions.Object, components []string) {
		fail(o, components, outcome.Stop(v1alpha1.ReasonStoreMissing, "somebody must look"))
	}, status.FailedStatus, "Degraded"},
	"ready, and changed since": {func(o conditions.Object, components []string) {
		ready(o, components)
		o.SetGeneration(o.GetGeneration() + 1)
	}, status.InProgressStatus, "Progressing"},
	"stalled, and changed since": {func(o conditions.Object, components []string) {
		fail(o, components, outcome.Stop(v1alpha1.ReasonStoreMissing, "somebody must look"))
		o.SetGeneration(o.GetGeneration() + 1)
	}, status.InProgressStatus, "Progressing"},
}

func ready(o conditions.Object, components []string) {
	for _, c := range components {
		conditions.True(o, c, v1alpha1.ReasonReady, "as declared")
	}
	conditions.Summarise(o, components)
}

func fail(o conditions.Object, components []string, err error) {
	ready(o, components)
	conditions.Fail(o, components[0], err)
	conditions.Summarise(o, components, err)
}

func TestArgoFluxAndKstatusReadEveryStateAlike(t *testing.T) {
	g := NewWithT(t)
	scripts, expressions := argoScripts(g), fluxExpressions(g)
	g.Expect(scripts).To(HaveLen(len(kinds)))
	g.Expect(expressions).To(HaveLen(len(kinds)))
	for kind, k := range kinds {
		for name, s := range states {
			t.Run(kind+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				object := k.make(metav1.ObjectMeta{Namespace: "hoshino", Name: "alumni", Generation: 3})
				s.make(object, k.components)
				content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
				g.Expect(err).NotTo(HaveOccurred())

				computed, err := status.Compute(&unstructured.Unstructured{Object: content})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(computed.Status).To(Equal(s.want), "kstatus")
				g.Expect(flux(g, expressions[kind], content)).To(Equal(s.want), "Flux")
				health, message := argo(g, scripts[kind], content)
				g.Expect(health).To(Equal(s.argo), "Argo CD")
				g.Expect(message).NotTo(BeEmpty())
			})
		}
	}
}

func load(g Gomega, into any, path ...string) {
	content, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "config"}, path...)...))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml.UnmarshalStrict(content, into)).To(Succeed())
}

// argoScripts are the health checks by kind.
func argoScripts(g Gomega) map[string]string {
	file := struct{ Data map[string]string }{}
	load(g, &file, "argocd", "health.yaml")
	scripts := map[string]string{}
	for key, script := range file.Data {
		const prefix = "resource.customizations.health.alumni-operator.io_"
		g.Expect(key).To(HavePrefix(prefix))
		scripts[key[len(prefix):]] = script
	}
	return scripts
}

// argo runs a script as Argo CD does: the object is the global obj, and the answer a table.
func argo(g Gomega, script string, object map[string]any) (health, message string) {
	state := lua.NewState()
	defer state.Close()
	state.SetGlobal("obj", luaValue(state, object))
	g.Expect(state.DoString(script)).To(Succeed())
	answer, ok := state.Get(-1).(*lua.LTable)
	g.Expect(ok).To(BeTrue(), "a health check returns a table")
	return lua.LVAsString(answer.RawGetString("status")), lua.LVAsString(answer.RawGetString("message"))
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, item := range v {
			table.RawSetString(key, luaValue(state, item))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, item := range v {
			table.Append(luaValue(state, item))
		}
		return table
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	default:
		return lua.LNil
	}
}

// expression is one entry of a Kustomization's healthCheckExprs.
type expression struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Failed     string `json:"failed"`
	Current    string `json:"current"`
}

// fluxExpressions are the health checks by kind.
func fluxExpressions(g Gomega) map[string]expression {
	file := struct {
		Spec struct {
			Wait             bool         `json:"wait"`
			HealthCheckExprs []expression `json:"healthCheckExprs"`
		} `json:"spec"`
	}{}
	load(g, &file, "flux", "health.yaml")
	expressions := map[string]expression{}
	for _, e := range file.Spec.HealthCheckExprs {
		g.Expect(e.APIVersion).To(Equal(v1alpha1.GroupVersion.String()))
		expressions[e.Kind] = e
	}
	return expressions
}

// flux asks in the order in which Flux does: failed, then current, and in progress when neither holds.
func flux(g Gomega, e expression, object map[string]any) status.Status {
	switch {
	case holds(g, e.Failed, object):
		return status.FailedStatus
	case holds(g, e.Current, object):
		return status.CurrentStatus
	default:
		return status.InProgressStatus
	}
}

func holds(g Gomega, text string, object map[string]any) bool {
	env, err := cel.NewEnv(cel.OptionalTypes(), cel.Variable("status", cel.DynType), cel.Variable("metadata", cel.DynType))
	g.Expect(err).NotTo(HaveOccurred())
	compiled, issues := env.Compile(text)
	g.Expect(issues.Err()).NotTo(HaveOccurred())
	program, err := env.Program(compiled)
	g.Expect(err).NotTo(HaveOccurred())
	answer, _, err := program.Eval(map[string]any{"status": object["status"], "metadata": object["metadata"]})
	g.Expect(err).NotTo(HaveOccurred())
	yes, ok := answer.Value().(bool)
	g.Expect(ok).To(BeTrue())
	return yes
}
