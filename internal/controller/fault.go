// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// faultPause is when objects are tried again that somebody has to mend something
// for.
const faultPause = 30 * time.Second

// fault is why an object of a Gateway can't be made, for as long as nobody mends
// it.
type fault struct {
	// reason of the Event.
	reason string
	// message names the object and what to do.
	message string
}

// faultOf tells faults from errors that pass by themselves.
func faultOf(err error) (fault, bool) {
	if foreign, ok := errors.AsType[*foreignObjectError](err); ok {
		return fault{"NameTaken", foreign.Error()}, true
	}
	mend := ""
	switch {
	case err == nil:
		return fault{}, false
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		mend = "change the parameters of the Gateway or of its class"
	case apierrors.IsForbidden(err):
		mend = "change the parameters or the policy or quota that forbids it"
	default:
		return fault{}, false
	}
	return fault{"ObjectRefused", fmt.Sprintf("the API server refuses to %v: %s", err, mend)}, true
}

// report notes a fault for the status of the Gateway, the first of several, and
// raises an Event.
func (p *provisioner) report(gateway *gwv1.Gateway, prog *program, f fault) {
	if prog.fault == "" {
		prog.fault = f.message
	}
	p.events.Eventf(gateway, nil, corev1.EventTypeWarning, f.reason, "Provision", "%s", f.message)
}
