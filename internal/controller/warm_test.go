// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// added is a manager that keeps what is added to it.
type added struct {
	manager.Manager
	runnables []manager.Runnable
}

func (a *added) Add(r manager.Runnable) error {
	a.runnables = append(a.runnables, r)
	return nil
}

// fakeController warms up with an error, or none.
type fakeController struct{ err error }

func (f fakeController) Start(context.Context) error  { return nil }
func (f fakeController) NeedLeaderElection() bool     { return true }
func (f fakeController) Warmup(context.Context) error { return f.err }

func TestWarming(t *testing.T) {
	for _, tc := range []struct {
		name        string
		controllers []manager.Runnable
		want        bool
	}{
		{"nothing to read", []manager.Runnable{EveryReplica(func(context.Context) error { return nil })}, true},
		{"all is read", []manager.Runnable{fakeController{}, fakeController{}}, true},
		{"one could not read", []manager.Runnable{fakeController{}, fakeController{err: errors.New("refused")}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &added{}
				w := newWarming(m)
				for _, c := range tc.controllers {
					if err := w.Add(c); err != nil {
						t.Fatal(err)
					}
				}
				told := 0
				if err := w.tell(func() { told++ }); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				end, ok := m.runnables[len(m.runnables)-1].(EveryReplica)
				if !ok || end.NeedLeaderElection() {
					t.Fatal("only the leader would tell")
				}
				done := make(chan error, 1)
				go func() { done <- end(ctx) }()
				synctest.Wait()
				for _, r := range m.runnables {
					if c, ok := r.(warmable); ok {
						if !c.NeedLeaderElection() {
							t.Error("it would act without leading")
						}
						if told != 0 {
							t.Error("it told before all was read")
						}
						_ = c.Warmup(ctx) // the manager ends by an error
						synctest.Wait()
					}
				}
				if (told == 1) != tc.want {
					t.Errorf("it told %d times", told)
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestWarmingEndsUntold(t *testing.T) {
	m := &added{}
	w := newWarming(m)
	if err := w.Add(fakeController{}); err != nil {
		t.Fatal(err)
	}
	if err := w.tell(func() { t.Error("told, though nothing was read") }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// As the manager cancels it: what was read then may not be whole.
	if c, ok := m.runnables[0].(warmable); !ok || c.Warmup(ctx) != nil {
		t.Error("no Warmup")
	}
	if err := m.runnables[1].Start(ctx); err != nil {
		t.Error(err)
	}
}

// TestControllersReadBeforeTheyLead: a controller of controller-runtime is warm at once, and
// has read nothing, unless it is told otherwise.
func TestControllersReadBeforeTheyLead(t *testing.T) {
	o := named(1)
	o.Reconciler = reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil })
	c, err := controller.NewUnmanaged("test", o)
	if err != nil {
		t.Fatal(err)
	}
	read := false
	err = c.Watch(source.Func(func(context.Context, workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		read = true
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	w, ok := c.(warmable)
	if !ok {
		t.Fatalf("a %T can't be warmed", c)
	}
	if err := w.Warmup(t.Context()); err != nil || !read {
		t.Errorf("it has read: %v, error %v", read, err)
	}
	if !w.NeedLeaderElection() {
		t.Error("it would act without leading")
	}
}
