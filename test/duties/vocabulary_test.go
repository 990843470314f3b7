// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package duties

import (
	"bytes"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// vocabulary is what the API has for the conditions of one kind of object.
type vocabulary struct {
	// listed are the reasons that the comment of a condition lists, by "Type=Status".
	// A condition that is deprecated, as one that is reserved, has none.
	listed map[string][]string
	// constants are the reasons that have a constant.
	constants []string
}

// kinds of objects that have conditions: the Go types of their conditions' types and
// reasons, and the conditions that every one of them has.
var kinds = map[string]struct {
	types, reasons string
	always         []string
}{
	"GatewayClass":      {"GatewayClassConditionType", "GatewayClassConditionReason", []string{"Accepted"}},
	"Gateway":           {"GatewayConditionType", "GatewayConditionReason", []string{"Accepted", "Programmed", "ResolvedRefs"}},
	"Gateway listener":  {"ListenerConditionType", "ListenerConditionReason", []string{"Accepted", "Programmed", "ResolvedRefs", "Conflicted"}},
	"ListenerSet":       {"ListenerSetConditionType", "ListenerSetConditionReason", []string{"Accepted", "Programmed"}},
	"ListenerSet entry": {"ListenerEntryConditionType", "ListenerEntryConditionReason", []string{"Accepted", "Programmed", "ResolvedRefs", "Conflicted"}},
	"route":             {"RouteConditionType", "RouteConditionReason", []string{"Accepted", "ResolvedRefs"}},
	"BackendTLSPolicy":  {"PolicyConditionType", "PolicyConditionReason", []string{"Accepted", "ResolvedRefs"}},
}

// own are reasons, by kind and condition, that the API has no word for.
var own = map[string]string{
	"route Accepted=False/HostnameConflict":            "a route of the other kind has the hostname",
	"route ResolvedRefs=False/Invalid":                 "a filter of ours is invalid",
	"route ResolvedRefs=False/InvalidBackendTLSPolicy": "the policy for a backend can't be met",
}

// TestVocabulary holds the conditions in the golden files of the translator to the
// types and reasons that the API has for them: those that the comment of the condition
// lists, or else another that has a constant.
func TestVocabulary(t *testing.T) {
	words := readVocabulary(t)
	used := map[string]bool{}
	for _, s := range goldenStatuses(t) {
		kind, types := kinds[s.kind], []string{}
		for _, c := range s.conditions {
			types = append(types, strings.SplitN(c, "=", 2)[0])
			key, reason, _ := strings.Cut(c, "/")
			listed, known := words[s.kind].listed[key]
			name := s.kind + " " + c
			switch {
			case own[name] != "":
				used[name] = true
			case !known:
				t.Errorf("%s: %s: the API has no reasons for it", s.file, name)
			case !slices.Contains(listed, reason) && !slices.Contains(words[s.kind].constants, reason):
				t.Errorf("%s: %s: the reason is none of %q", s.file, name, listed)
			}
		}
		for _, typ := range kind.always {
			if !slices.Contains(types, typ) {
				t.Errorf("%s: a %s has no condition %s", s.file, s.kind, typ)
			}
		}
	}
	for name := range own {
		if !used[name] {
			t.Errorf("%s is used nowhere", name)
		}
	}
}

// listOf introduces a list of reasons.
var listOf = regexp.MustCompile(`reasons for this condition to be (True|False|Unknown|true|false)`)

func readVocabulary(t *testing.T) map[string]*vocabulary {
	t.Helper()
	words := map[string]*vocabulary{}
	for kind := range kinds {
		words[kind] = &vocabulary{listed: map[string][]string{}}
	}
	eachConstant(t, func(goType, value string, doc *ast.CommentGroup) {
		for kind, k := range kinds {
			switch {
			case goType == k.types && !strings.Contains(doc.Text(), "Deprecated:"):
				words[kind].add(value, doc.Text())
			case goType == k.reasons:
				words[kind].constants = append(words[kind].constants, value)
			}
		}
	})
	return words
}

// add reads the lists of the comment of a condition.
func (v *vocabulary) add(typ, comment string) {
	key := ""
	for _, block := range blocks(comment) {
		if list := listOf.FindStringSubmatch(block); list != nil {
			key = typ + "=" + strings.ToUpper(list[1][:1]) + list[1][1:]
			v.listed[key] = slices.Clip(v.listed[key]) // also if it is empty
			continue
		}
		reason, err := strconv.Unquote(block)
		if err != nil {
			key = ""
		}
		if key != "" {
			v.listed[key] = append(v.listed[key], reason)
		}
	}
}

// goldenStatus are the conditions, "Type=Status/Reason", of one object.
type goldenStatus struct {
	file, kind string
	conditions []string
}

var described = regexp.MustCompile(`^(\w+=\w+/\w+)@\d+: `)

// goldenStatuses reads those below internal/gatewayapi/testdata.
func goldenStatuses(t *testing.T) []goldenStatus {
	t.Helper()
	var all []goldenStatus
	err := filepath.WalkDir(filepath.Join(root, "internal", "gatewayapi", "testdata"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, output, ok := bytes.Cut(data, []byte("\n# Output\n"))
		if !ok {
			return nil
		}
		var golden struct {
			Statuses map[string]any `json:"statuses"`
		}
		if err := yaml.Unmarshal(output, &golden); err != nil {
			return err
		}
		for object, status := range golden.Statuses {
			all = append(all, statusesOf(path, object, status)...)
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("no statuses: %v", err)
	}
	return all
}

// statusesOf reads the status of an object, "Kind namespace/name", in any of the forms
// that golden files have.
func statusesOf(file, object string, status any) []goldenStatus {
	kind, _, _ := strings.Cut(object, " ")
	part := map[string]string{"Gateway": "Gateway listener", "ListenerSet": "ListenerSet entry"}[kind]
	if strings.HasSuffix(kind, "Route") {
		kind = "route"
	}
	if _, ok := kinds[kind]; !ok {
		return nil // a kind of our own
	}
	var all []goldenStatus
	entries, ok := status.([]any)
	if !ok {
		entries = []any{status}
	}
	for _, entry := range entries {
		fields, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		for name, value := range fields {
			switch {
			case name == "conditions":
				all = append(all, goldenStatus{file, kind, conditionsOf(value)})
			case strings.HasPrefix(name, "listener "):
				all = append(all, goldenStatus{file, part, conditionsOf(value.(map[string]any)["conditions"])})
			}
		}
	}
	return all
}

func conditionsOf(list any) []string {
	var conditions []string
	for _, line := range list.([]any) {
		if m := described.FindStringSubmatch(line.(string)); m != nil {
			conditions = append(conditions, m[1])
		}
	}
	return conditions
}
