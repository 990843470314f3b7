// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kubera-dev/kubera/test/cluster/credentials"
)

func node(ready corev1.ConditionStatus) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: credentials.NodeName},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}},
	}
}

// The node is waited for, and then the account that pods run as.
func TestNodeReady(t *testing.T) {
	client := fake.NewClientset()
	steps := make(chan string, 1)
	r := &readiness{client: client, step: func(s string) { steps <- s }}
	done := make(chan error, 1)
	go func() { done <- r.node(t.Context()) }()
	for _, change := range []func() error{
		func() error {
			_, err := client.CoreV1().Nodes().Create(t.Context(), node(corev1.ConditionFalse), metav1.CreateOptions{})
			return err
		},
		func() error {
			_, err := client.CoreV1().Nodes().Update(t.Context(), node(corev1.ConditionTrue), metav1.UpdateOptions{})
			return err
		},
		func() error {
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
			_, err := client.CoreV1().ServiceAccounts("default").Create(t.Context(), account, metav1.CreateOptions{})
			return err
		},
	} {
		select {
		case err := <-done:
			t.Fatalf("ready too early: %v", err)
		default:
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if step := <-steps; !strings.HasPrefix(step, "the node is ready after") {
		t.Errorf("step %q", step)
	}
}

func TestSocketReady(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	r := &readiness{step: func(string) {}}
	done := make(chan error, 1)
	go func() { done <- r.socket(t.Context(), path) }()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// When patience ends, the error is what was wrong last.
func TestNotReady(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	broken := errors.New("it is broken")
	err := (&readiness{}).wait(ctx, "something", func(context.Context) error { return broken })
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "something is not ready after") {
		t.Errorf("error %v", err)
	}
}
