// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// TestExamplesOfTheGatewayAPI translates every manifest that the Gateway API comes
// with: no crash, a configuration that a proxy takes, and a status for each parent.
func TestExamplesOfTheGatewayAPI(t *testing.T) {
	pkg, err := build.Import("sigs.k8s.io/gateway-api/apis/v1", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	examples := filepath.Join(pkg.Dir, "..", "..", "examples")
	for _, channel := range []string{"standard", "experimental"} {
		err := filepath.WalkDir(filepath.Join(examples, channel), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
				return err
			}
			name, err := filepath.Rel(examples, path)
			if err != nil {
				return err
			}
			t.Run(filepath.ToSlash(name), func(t *testing.T) { translateExample(t, path) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func translateExample(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &snapshot.Snapshot{}
	for _, o := range manifest.Parse(t.Context(), path, data).Objects {
		add(t, s, o.Value)
	}
	adopt(s)
	result := gatewayapi.Translate(s, gatewayapi.Options{ControllerName: controllerName})
	checkStatuses(t, result)
	for _, g := range result.Gateways {
		checkConfig(t, render.Config([]*gatewayapi.Gateway{g}, render.Options{}))
	}
	if len(result.Gateways) != len(s.Gateways) || len(result.Statuses.Gateways) != len(s.Gateways) {
		t.Errorf("%d models and %d statuses for %d Gateways", len(result.Gateways), len(result.Statuses.Gateways), len(s.Gateways))
	}
	checkEntries(t, s, result)
}

// adopt makes the Gateways of a snapshot ours.
func adopt(s *snapshot.Snapshot) {
	known := map[string]bool{}
	for _, class := range s.GatewayClasses {
		class.Spec.ControllerName = controllerName
		known[class.Name] = true
	}
	for _, g := range s.Gateways {
		if name := string(g.Spec.GatewayClassName); !known[name] {
			known[name] = true
			class := &gwv1.GatewayClass{}
			class.Name, class.Spec.ControllerName = name, controllerName
			s.GatewayClasses = append(s.GatewayClasses, class)
		}
	}
}

// checkEntries checks that each route has an entry for each parentRef that names a
// Gateway of the snapshot.
func checkEntries(t *testing.T, s *snapshot.Snapshot, r *gatewayapi.Result) {
	t.Helper()
	gateways := map[string]bool{}
	for _, g := range s.Gateways {
		gateways[g.Namespace+"/"+g.Name] = true
	}
	count := func(namespace string, refs []gwv1.ParentReference) int {
		n := 0
		for _, ref := range refs {
			if ref.Namespace != nil {
				namespace = string(*ref.Namespace)
			}
			if (ref.Kind == nil || *ref.Kind == "Gateway") && gateways[namespace+"/"+string(ref.Name)] {
				n++
			}
		}
		return n
	}
	check := func(object, namespace string, refs []gwv1.ParentReference, status gwv1.RouteStatus) {
		if want, got := count(namespace, refs), len(status.Parents); want > got {
			t.Errorf("%s has %d parents of ours and %d entries", object, want, got)
		}
	}
	for _, o := range s.HTTPRoutes {
		check("HTTPRoute "+o.Name, o.Namespace, o.Spec.ParentRefs, r.Statuses.HTTPRoutes[snapshot.NameOf(o)])
	}
	for _, o := range s.GRPCRoutes {
		check("GRPCRoute "+o.Name, o.Namespace, o.Spec.ParentRefs, r.Statuses.GRPCRoutes[snapshot.NameOf(o)])
	}
	for _, o := range s.TLSRoutes {
		check("TLSRoute "+o.Name, o.Namespace, o.Spec.ParentRefs, r.Statuses.TLSRoutes[snapshot.NameOf(o)])
	}
	for _, o := range s.TCPRoutes {
		check("TCPRoute "+o.Name, o.Namespace, o.Spec.ParentRefs, r.Statuses.TCPRoutes[snapshot.NameOf(o)])
	}
	for _, o := range s.UDPRoutes {
		check("UDPRoute "+o.Name, o.Namespace, o.Spec.ParentRefs, r.Statuses.UDPRoutes[snapshot.NameOf(o)])
	}
	for _, o := range s.ListenerSets {
		if strings.TrimSpace(string(o.Spec.ParentRef.Name)) != "" && gateways[o.Namespace+"/"+string(o.Spec.ParentRef.Name)] {
			if _, ok := r.Statuses.ListenerSets[snapshot.NameOf(o)]; !ok {
				t.Errorf("ListenerSet %s has no status", o.Name)
			}
		}
	}
}
