// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

func testPod(name string, ready corev1.ConditionStatus, ending bool) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	if ending {
		pod.DeletionTimestamp = new(metav1.Now())
	}
	return pod
}

func TestSumUp(t *testing.T) {
	const version, generation = "v2", 2
	current := fleet.PodReport{Pod: "a", Version: version, Generation: generation}
	// A route changed, the Gateway did not.
	behind := fleet.PodReport{Pod: "a", Version: "v1", Generation: generation, Pending: true}
	outdated := fleet.PodReport{Pod: "a", Version: "v1", Generation: 1}
	refusal := &config.Refusal{Object: "HTTPRoute/default/web", Message: "no"}
	for name, tc := range map[string]struct {
		reports          []fleet.PodReport
		pods             []corev1.Pod
		proxies, applied int
		refusal          string
		waiting          bool
	}{
		"no pods":                           {nil, nil, 0, 0, "", false},
		"one runs it":                       {[]fleet.PodReport{current}, []corev1.Pod{testPod("a", "True", false)}, 1, 1, "", false},
		"one has the generation":            {[]fleet.PodReport{behind}, []corev1.Pod{testPod("a", "True", false)}, 1, 1, "", false},
		"one has not":                       {[]fleet.PodReport{outdated}, []corev1.Pod{testPod("a", "True", false)}, 1, 0, "", false},
		"one is about to":                   {[]fleet.PodReport{{Pod: "a", Pending: true}}, []corev1.Pod{testPod("a", "True", false)}, 1, 0, "", true},
		"one that the fleet does not know":  {nil, []corev1.Pod{testPod("a", "True", false)}, 1, 0, "", false},
		"one that can't be reached":         {[]fleet.PodReport{{Pod: "a", Version: "v1", Failure: "refused"}}, []corev1.Pod{testPod("a", "True", false)}, 1, 0, "", true},
		"one that is not ready":             {[]fleet.PodReport{outdated}, []corev1.Pod{testPod("a", "False", false)}, 0, 0, "", false},
		"one that ends":                     {[]fleet.PodReport{outdated}, []corev1.Pod{testPod("a", "True", true)}, 0, 0, "", false},
		"one that drains":                   {[]fleet.PodReport{{Pod: "a", Draining: true}}, []corev1.Pod{testPod("a", "True", false)}, 0, 0, "", false},
		"one that refused":                  {[]fleet.PodReport{{Pod: "a", Version: "v1", Refusal: refusal}}, []corev1.Pod{testPod("a", "True", false)}, 1, 0, refusal.Error(), false},
		"one that refused what was before":  {[]fleet.PodReport{{Pod: "a", Version: "v1", Refusal: refusal, Pending: true}}, []corev1.Pod{testPod("a", "True", false)}, 1, 0, "", true},
		"one that never started refused it": {[]fleet.PodReport{{Pod: "a", Refusal: refusal}}, []corev1.Pod{testPod("a", "False", false)}, 0, 0, refusal.Error(), false},
	} {
		t.Run(name, func(t *testing.T) {
			state, waiting := sumUp(version, generation, tc.reports, tc.pods)
			if state.Proxies != tc.proxies || state.Applied != tc.applied || state.Refusal != tc.refusal || waiting != tc.waiting {
				t.Errorf("%d of %d, refusal %q, waiting %v; want %d of %d, %q, %v",
					state.Applied, state.Proxies, state.Refusal, waiting, tc.applied, tc.proxies, tc.refusal, tc.waiting)
			}
		})
	}
}

// A Gateway that is gone is forgotten, whichever reconciler hears of it first.
func TestProgrammedForgets(t *testing.T) {
	gateway := testGateway("1")
	name := client.ObjectKeyFromObject(gateway)
	for when, known := range map[string]*program{"without its program": nil, "before its program": {model: &gatewayapi.Gateway{Object: gateway}}} {
		t.Run(when, func(t *testing.T) {
			f := fleet.New(fleet.Options{})
			defer f.Close()
			r := &programmedReconciler{client: indexedClient(t), events: events.NewFakeRecorder(10), programs: newPrograms(), fleet: f, now: time.Now}
			if known != nil {
				r.programs.set(name, known)
			}
			r.announceRefusal(gateway, "no")
			r.announceOutdated(gateway, outdated{message: "less"})
			r.attend(&program{}, gateway, nil, nil)
			if _, err := r.Reconcile(t.Context(), requestFor(name)); err != nil {
				t.Fatal(err)
			}
			for what, m := range map[string]*sync.Map{"a refusal": &r.refusals, "what is left out": &r.outdated, "what was attended to": &r.attention} {
				if _, ok := m.Load(name); ok {
					t.Errorf("%s is remembered", what)
				}
			}
		})
	}
}

// What wants attention at a time is looked at then, without anything happening.
func TestProgrammedLooksAgain(t *testing.T) {
	gateway := testGateway("1")
	name := client.ObjectKeyFromObject(gateway)
	c := indexedClient(t, gateway)
	f := fleet.New(fleet.Options{})
	defer f.Close()
	recorder := events.NewFakeRecorder(10)
	now := epoch
	r := &programmedReconciler{
		client: c, writer: &statusWriter{client: c}, events: recorder, programs: newPrograms(), fleet: f,
		now: func() time.Time { return now },
	}
	r.programs.set(name, &program{
		model:  &gatewayapi.Gateway{Object: gateway},
		served: &gatewayapi.Gateway{Listeners: []*gatewayapi.Listener{{Name: "https", Certificates: []*gatewayapi.Certificate{living("c", 600*day)}}}},
	})
	for _, again := range []time.Duration{600*day - expiryNotice, expiryReminder} {
		result, err := r.Reconcile(t.Context(), requestFor(name))
		if err != nil || result.RequeueAfter != again {
			t.Errorf("again after %v, want %v; error %v", result.RequeueAfter, again, err)
		}
		now = now.Add(again)
	}
	close(recorder.Events)
	var got []string
	for e := range recorder.Events {
		got = append(got, e)
	}
	if len(got) != 1 || !strings.HasPrefix(got[0], "Warning CertificateExpiring") {
		t.Errorf("announced %q", got)
	}
}

func TestRefusalIsAnnouncedOnce(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &programmedReconciler{events: recorder}
	gateway := testGateway("1")
	for _, refusal := range []string{"", "no", "no", "still no", "", "no"} {
		r.announceRefusal(gateway, refusal)
	}
	close(recorder.Events)
	var got []string
	for e := range recorder.Events {
		got = append(got, e[strings.LastIndex(e, ": ")+2:])
	}
	if want := "no,still no,no"; strings.Join(got, ",") != want {
		t.Errorf("announced %v, want %s", got, want)
	}
}
