// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/metrics"
	"github.com/kubera-dev/kubera/internal/pki"
	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/internal/status"
)

// patience is how long the status of a Gateway waits for the proxies' answers to a
// new configuration. They mostly come within it, and the status then goes from
// one good state to the next instead of through a bad one.
const patience = 2 * time.Second

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways/status,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// programmedReconciler tells the fleet which pods a Gateway has, and writes the
// status of the Gateway from its program and the pods' answers.
type programmedReconciler struct {
	client   client.Client
	reader   *cluster.Reader
	writer   *statusWriter
	events   events.EventRecorder
	programs *programs
	fleet    *fleet.Fleet
	metrics  *metrics.Metrics
	now      func() time.Time
	refusals sync.Map // what was last announced, by Gateway
	outdated sync.Map // likewise
	// attention holds an *attention by Gateway, of which one is reconciled at a time.
	attention sync.Map
}

// Reconcile works on what is known already; it translates nothing.
func (r *programmedReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	p := r.programs.get(req.NamespacedName)
	if p == nil {
		r.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	}
	pods, err := r.pods(ctx, p)
	if err != nil {
		return reconcile.Result{}, err
	}
	r.announcePods(p, pods)

	var gateway gwv1.Gateway
	if err := r.client.Get(ctx, req.NamespacedName, &gateway); apierrors.IsNotFound(err) {
		// The program goes, too, but of that there is no event.
		r.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	} else if err != nil {
		return reconcile.Result{}, err
	}
	if gateway.UID != p.model.Object.UID || gateway.Generation != p.model.Object.Generation {
		// A newer program is about to come.
		return reconcile.Result{}, nil
	}
	if err := r.writer.fresh(&gateway); err != nil {
		return reconcile.Result{}, err
	}
	reports := r.fleet.Report(p.model.ID())
	r.metrics.SetProxies(p.model.ID(), measuredProxies(p.version, reports))
	state, waiting := sumUp(p.version, gateway.Generation, reports, pods)
	if rest := p.since.Add(patience).Sub(r.now()); waiting && rest > 0 && p.fault == "" {
		return reconcile.Result{RequeueAfter: rest}, nil
	}
	if state.Addresses, state.AddressProblem, err = r.addresses(ctx, p); err != nil {
		return reconcile.Result{}, err
	}
	if state.Unreached, err = r.unreached(ctx, p); err != nil {
		return reconcile.Result{}, err
	}
	state.Fault = p.fault
	r.announceRefusal(&gateway, state.Refusal)
	older := outdatedProxy(reports, pods)
	if older.closes {
		state.Outdated = older.message
	}
	r.announceOutdated(&gateway, older)

	ours := gatewayapi.Programmed(p.status, gateway.Spec, state)
	r.metrics.SetStatus(p.model.ID(), measuredStatus(ours))
	again := r.attend(p, &gateway, reports, pods)
	err = errors.Join(r.writeStatus(ctx, &gateway, ours, state.Applied), r.writeSets(ctx, p, ours, state))
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: again}, nil
}

// forget drops what was said about a Gateway, so that of another one of the name it is
// said again.
func (r *programmedReconciler) forget(name types.NamespacedName) {
	r.refusals.Delete(name)
	r.outdated.Delete(name)
	r.attention.Delete(name)
}

// writeStatus merges ours into the status of the Gateway.
func (r *programmedReconciler) writeStatus(ctx context.Context, gateway *gwv1.Gateway, ours gwv1.GatewayStatus, proxies int) error {
	merged := status.MergeGateway(gateway.Status, ours, metav1.NewTime(r.now()))
	if status.Equal(merged, gateway.Status) {
		return nil
	}
	changed := gateway.DeepCopy()
	changed.Status = merged
	if err := r.writer.write(ctx, changed, gateway); err != nil {
		return err
	}
	r.announceProgrammed(gateway, merged, proxies)
	return nil
}

// writeSets writes the statuses of the Gateway's ListenerSets.
func (r *programmedReconciler) writeSets(ctx context.Context, p *program, gateway gwv1.GatewayStatus, state gatewayapi.PushState) error {
	var sets []*gwv1.ListenerSet
	for name := range p.sets {
		set := &gwv1.ListenerSet{}
		switch err := r.client.Get(ctx, name, set); {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("get ListenerSet %s: %w", name, err)
		}
		// One that went to another Gateway since is for that to report on.
		if parent, ok := snapshot.GatewayOfSet(set); ok && parent == p.model.Name() {
			sets = append(sets, set)
		}
	}
	now := metav1.NewTime(r.now())
	return writeEach(ctx, r.writer, sets, statusOf[*gwv1.ListenerSet, gwv1.ListenerSetStatus]{
		merge: func(set *gwv1.ListenerSet, present gwv1.ListenerSetStatus) gwv1.ListenerSetStatus {
			ours := gatewayapi.ProgrammedListenerSet(p.sets[snapshot.NameOf(set)], gateway, state)
			return status.MergeListenerSet(present, ours, now)
		},
		of: statusOfSet,
		written: func(set *gwv1.ListenerSet, before, now gwv1.ListenerSetStatus) {
			announceFallen(r.events, change{object: set, before: before.Conditions, now: now.Conditions})
		},
	})
}

// pods lists the pods of a Gateway's proxies that have not ended.
func (r *programmedReconciler) pods(ctx context.Context, p *program) ([]corev1.Pod, error) {
	if p.label == "" {
		return nil, nil
	}
	var list corev1.PodList
	err := r.client.List(ctx, &list, client.InNamespace(p.model.Object.Namespace),
		client.MatchingLabels{gwv1.GatewayNameLabelKey: p.label}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list the pods of Gateway %s: %w", p.model.Name(), err)
	}
	running := make([]corev1.Pod, 0, len(list.Items))
	for _, pod := range list.Items {
		if pod.Status.PodIP != "" && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
			running = append(running, pod)
		}
	}
	return running, nil
}

func (r *programmedReconciler) announcePods(p *program, pods []corev1.Pod) {
	members := make([]fleet.Pod, 0, len(pods))
	for i := range pods {
		members = append(members, fleet.Pod{
			Name:    pods[i].Name,
			Address: net.JoinHostPort(pods[i].Status.PodIP, strconv.Itoa(config.ControlPort)),
		})
	}
	object := p.model.Object
	// Not after the Gateway was forgotten, which holds the same lock.
	defer r.programs.lock(p.model.Name())()
	if r.programs.get(p.model.Name()) != nil {
		r.fleet.SetPods(p.model.ID(), pki.ServerName(object.Namespace, object.Name), members)
	}
}

// sumUp puts together the answers of the pods that are to serve a Gateway: those
// that are ready and not about to end. It also says whether some may still answer.
// A pod counts that runs the version, or an earlier one made of the generation.
func sumUp(version string, generation int64, reports []fleet.PodReport, pods []corev1.Pod) (state gatewayapi.PushState, waiting bool) {
	byPod := map[string]fleet.PodReport{}
	for _, report := range reports {
		byPod[report.Pod] = report
		if report.Refusal != nil && !report.Pending {
			state.Refusal = report.Refusal.Error()
		}
	}
	for i := range pods {
		report := byPod[pods[i].Name]
		if !serves(&pods[i], report) {
			continue
		}
		state.Proxies++
		if version != "" && report.Version == version || report.Generation >= generation {
			state.Applied++
			continue
		}
		waiting = waiting || report.Pending || report.Failure != ""
	}
	return state, waiting
}

// serves says whether a pod is to serve its Gateway now.
func serves(pod *corev1.Pod, report fleet.PodReport) bool {
	return pod.DeletionTimestamp == nil && !report.Draining && isReady(pod)
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// announceRefusal raises an Event, once for each thing that proxies say.
func (r *programmedReconciler) announceRefusal(gateway *gwv1.Gateway, refusal string) {
	key := client.ObjectKeyFromObject(gateway)
	if refusal == "" {
		r.refusals.Delete(key)
		return
	}
	if before, _ := r.refusals.Swap(key, refusal); before != refusal {
		r.events.Eventf(gateway, nil, corev1.EventTypeWarning, "ConfigurationRefused", "Push",
			"A proxy refused the configuration and keeps the last one: %s", refusal)
	}
}
