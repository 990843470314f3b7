// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kubera-dev/kubera/test/cluster/credentials"
)

// patience is how long each step may take. A machine that is busy takes long.
const patience = 2 * time.Minute

type readiness struct {
	client kubernetes.Interface
	step   func(string)
}

func (r *readiness) apiServer(ctx context.Context) error {
	return r.wait(ctx, "kube-apiserver", func(ctx context.Context) error {
		return r.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (r *readiness) socket(ctx context.Context, path string) error {
	return r.wait(ctx, "containerd", func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// node waits until pods can be made and run.
func (r *readiness) node(ctx context.Context) error {
	return r.wait(ctx, "the node", func(ctx context.Context) error {
		node, err := r.client.CoreV1().Nodes().Get(ctx, credentials.NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		isReady := func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady }
		if i := slices.IndexFunc(node.Status.Conditions, isReady); i < 0 || node.Status.Conditions[i].Status != corev1.ConditionTrue {
			return fmt.Errorf("conditions of the node: %v", node.Status.Conditions)
		}
		_, err = r.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// wait tries until there is no error.
func (r *readiness) wait(ctx context.Context, what string, try func(context.Context) error) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			r.step(fmt.Sprintf("%s is ready after %.1f s", what, time.Since(start).Seconds()))
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w", what, time.Since(start).Round(time.Second), err)
		case <-tick.C:
		}
	}
}
