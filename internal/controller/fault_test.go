// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
)

func TestFaultOf(t *testing.T) {
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	apply := func(err error) error { return fmt.Errorf("apply Deployment default/web-kubera: %w", err) }
	for name, tc := range map[string]struct {
		err    error
		reason string
		mend   string
	}{
		"none":            {nil, "", ""},
		"a foreign":       {&foreignObjectError{"Service", "default/web-kubera"}, "NameTaken", "delete or rename it"},
		"invalid":         {apply(apierrors.NewInvalid(schema.GroupKind{Kind: "Deployment"}, "web-kubera", nil)), "ObjectRefused", "change the parameters"},
		"no such field":   {apply(apierrors.NewBadRequest("strict decoding error")), "ObjectRefused", "change the parameters"},
		"over the quota":  {apply(apierrors.NewForbidden(resource, "web-kubera", errors.New("exceeded quota"))), "ObjectRefused", "quota"},
		"too late":        {apply(apierrors.NewConflict(resource, "web-kubera", errors.New("changed"))), "", ""},
		"an outage":       {apply(apierrors.NewServiceUnavailable("away")), "", ""},
		"out of patience": {apply(context.DeadlineExceeded), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := faultOf(tc.err)
			if ok != (tc.reason != "") || f.reason != tc.reason {
				t.Fatalf("got %+v, want reason %q", f, tc.reason)
			}
			if ok && (!strings.Contains(f.message, "default/web-kubera") || !strings.Contains(f.message, tc.mend)) {
				t.Errorf("%q does not name the object and %q", f.message, tc.mend)
			}
		})
	}
}

func TestFirstFaultIsTheStatus(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	p := &provisioner{events: recorder}
	prog := &program{}
	for _, message := range []string{"first", "second"} {
		p.report(testGateway("1"), prog, fault{"ObjectRefused", message})
	}
	if prog.fault != "first" {
		t.Errorf("the status has %q", prog.fault)
	}
	if n := len(recorder.Events); n != 2 {
		t.Errorf("%d Events, want one for each", n)
	}
}
