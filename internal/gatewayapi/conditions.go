// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// problem says why something is refused, in the words of a condition.
type problem struct {
	reason  string
	message string
}

func problemf[R ~string](reason R, format string, args ...any) *problem {
	return &problem{reason: string(reason), message: fmt.Sprintf(format, args...)}
}

// prefixed gives the problem with the place where it was found before it.
func (p *problem) prefixed(place string) *problem {
	if p == nil {
		return nil
	}
	return &problem{reason: p.reason, message: place + ": " + p.message}
}

// problems collects what was found, in order.
type problems []*problem

func (ps *problems) add(p *problem) {
	if p != nil {
		*ps = append(*ps, p)
	}
}

// maxMessage bounds a condition's message, which the API limits to 32 KiB.
const maxMessage = 4096

// summary is one problem for all: the reason of the first, the messages of all.
func (ps problems) summary() *problem {
	if len(ps) == 0 {
		return nil
	}
	messages := make([]string, 0, len(ps))
	for _, p := range ps {
		messages = append(messages, p.message)
	}
	return &problem{reason: ps[0].reason, message: strings.Join(messages, "; ")}
}

// conditions builds the conditions of one object. The time of their last
// transition is left to whoever merges them into what the object has.
type conditions struct {
	generation int64
	list       []metav1.Condition
}

func (c *conditions) add(typ string, status metav1.ConditionStatus, reason, message string) {
	c.list = append(c.list, metav1.Condition{
		Type:               typ,
		Status:             status,
		ObservedGeneration: c.generation,
		Reason:             reason,
		Message:            bounded(message),
	})
}

// bounded cuts a message that is too long, at the end of a character.
func bounded(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + " ..."
}

// pending adds the condition Programmed, which the proxies decide.
func (c *conditions) pending() {
	c.add(string(gwv1.GatewayConditionProgrammed), metav1.ConditionUnknown, string(gwv1.GatewayReasonPending), "waiting for the proxies")
}

// hold adds a condition that is True with the reason if p is nil, and False with
// the problem's otherwise.
func (c *conditions) hold(typ, reason, message string, p *problem) {
	if p != nil {
		c.add(typ, metav1.ConditionFalse, p.reason, p.message)
		return
	}
	c.add(typ, metav1.ConditionTrue, reason, message)
}
