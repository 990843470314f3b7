// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/infra"
)

// cluster plays the controllers, the scheduler and the kubelets. It acts on a
// tick, as all of them are level-based.
type cluster struct {
	dir    string
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	pods map[types.NamespacedName]*pod
	next int
	// programs are those of the proxies of namespaces that have another than the
	// one that is built here.
	programs map[string]string
	// withheld are the namespaces whose Gateways have no endpoint that is ready.
	withheld map[string]bool
}

func startCluster() *cluster {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.Background())
	// Not of the spec: processes outlive specs.
	dir, err := os.MkdirTemp("", "kubera-envtest-")
	Expect(err).NotTo(HaveOccurred())
	c := &cluster{dir: dir, cancel: cancel, pods: map[types.NamespacedName]*pod{}, programs: map[string]string{}, withheld: map[string]bool{}}
	c.wg.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := c.step(ctx); err != nil && ctx.Err() == nil {
					GinkgoWriter.Printf("cluster: %v\n", err)
				}
			}
		}
	})
	return c
}

func (c *cluster) stop() {
	c.cancel()
	c.wg.Wait()
	for _, p := range c.pods {
		p.kill()
	}
	Expect(os.RemoveAll(c.dir)).To(Succeed())
}

func (c *cluster) step(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.collectGarbage(ctx), c.runPods(ctx), c.assignAddresses(ctx), c.publishEndpoints(ctx))
}

// collectGarbage deletes what belongs to Gateways that are gone.
func (c *cluster) collectGarbage(ctx context.Context) error {
	var gateways gwv1.GatewayList
	if err := k8s.List(ctx, &gateways); err != nil {
		return err
	}
	alive := map[types.UID]bool{}
	for _, g := range gateways.Items {
		alive[g.UID] = true
	}
	var errs []error
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &corev1.SecretList{},
		&discoveryv1.EndpointSliceList{}, &policyv1.PodDisruptionBudgetList{}, &autoscalingv2.HorizontalPodAutoscalerList{}, &networkingv1.NetworkPolicyList{},
	} {
		if err := k8s.List(ctx, list, client.MatchingLabels(infra.ManagedBy())); err != nil {
			return err
		}
		errs = append(errs, meta.EachListItem(list, func(o runtime.Object) error {
			object, ok := o.(client.Object)
			if !ok {
				return fmt.Errorf("%T is no object", o)
			}
			owner := metav1.GetControllerOf(object)
			if owner == nil || alive[owner.UID] {
				return nil
			}
			uid, version := object.GetUID(), object.GetResourceVersion()
			err := k8s.Delete(ctx, object, client.Preconditions{UID: &uid, ResourceVersion: &version})
			if apierrors.IsConflict(err) {
				return nil
			}
			return client.IgnoreNotFound(err)
		}))
	}
	return errors.Join(errs...)
}

// runPods makes the pods of all Deployments run, and no others.
func (c *cluster) runPods(ctx context.Context) error {
	var deployments appsv1.DeploymentList
	if err := k8s.List(ctx, &deployments, client.MatchingLabels(infra.ManagedBy())); err != nil {
		return err
	}
	wanted := map[types.NamespacedName]bool{}
	var errs []error
	for i := range deployments.Items {
		d := &deployments.Items[i]
		replicas := 1
		if d.Spec.Replicas != nil {
			replicas = int(*d.Spec.Replicas)
		}
		for n := range replicas {
			name := types.NamespacedName{Namespace: d.Namespace, Name: fmt.Sprintf("%s-%s-%d", d.Name, d.UID[:8], n)}
			wanted[name] = true
			if c.pods[name] == nil {
				c.next++
				c.pods[name] = newPod(c, name, d)
			}
			errs = append(errs, c.pods[name].step(ctx))
		}
	}
	for name, p := range c.pods {
		if !wanted[name] {
			p.kill()
			err := k8s.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}, client.GracePeriodSeconds(0))
			if client.IgnoreNotFound(err) != nil {
				errs = append(errs, err)
				continue
			}
			delete(c.pods, name)
		}
	}
	return errors.Join(errs...)
}

// assignAddresses makes the first pod's address that of the load balancer.
func (c *cluster) assignAddresses(ctx context.Context) error {
	var services corev1.ServiceList
	if err := k8s.List(ctx, &services, client.MatchingLabels(infra.ManagedBy())); err != nil {
		return err
	}
	for i := range services.Items {
		s := &services.Items[i]
		pods := c.of(s.Namespace, s.Name)
		if s.Spec.Type != corev1.ServiceTypeLoadBalancer || len(pods) == 0 {
			continue
		}
		want := []corev1.LoadBalancerIngress{{IP: pods[0].ip}}
		if len(s.Status.LoadBalancer.Ingress) == 1 && s.Status.LoadBalancer.Ingress[0].IP == want[0].IP {
			continue
		}
		s.Status.LoadBalancer.Ingress = want
		if err := k8s.Status().Update(ctx, s); err != nil && !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

// of lists the pods of a Deployment by their number. c.mu is held.
func (c *cluster) of(namespace, deployment string) []*pod {
	var pods []*pod
	for n := range 16 {
		for _, p := range c.pods {
			if p.name.Namespace == namespace && p.deployment == deployment && p.number() == n {
				pods = append(pods, p)
			}
		}
	}
	return pods
}

// proxies are the pods of a Gateway.
func (c *cluster) proxies(namespace, gateway string) []*pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of(namespace, infra.Name(gateway))
}
