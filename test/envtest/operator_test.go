// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	discoveryv1 "k8s.io/api/discovery/v1"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kubera-dev/kubera/internal/controller"
	"github.com/kubera-dev/kubera/internal/fleet"
)

// operator is the operator in this process.
type operator struct {
	cancel context.CancelFunc
	done   chan error
}

// settle is how long the phases of a rotation last: long enough for a proxy to start and
// get a push in each, also on a busy machine.
const settle = 8 * time.Second

// startOperator starts what cmd/controller does, with shorter waits.
func startOperator() *operator {
	GinkgoHelper()
	options := controller.CacheOptions()
	options.DefaultTransform = reachable(options.DefaultTransform)
	mgr, err := ctrl.NewManager(asOperator.config, manager.Options{
		Scheme: controller.NewScheme(), Cache: options, Metrics: metricsserver.Options{BindAddress: "0"},
		GracefulShutdownTimeout: new(25 * time.Second),
	})
	Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	err = controller.Setup(ctx, mgr, controller.Options{
		Namespace: systemNamespace, GatewayClass: className, ProxyImage: "kubera-proxy:test", Settle: settle, NetworkPolicies: true,
		Fleet: fleet.Options{CheckInterval: 500 * time.Millisecond, MaxBackoff: time.Second, Timeout: 10 * time.Second},
	})
	Expect(err).NotTo(HaveOccurred())
	o := &operator{cancel: cancel, done: make(chan error, 1)}
	go func() { o.done <- mgr.Start(ctx) }()
	return o
}

func (o *operator) stop() {
	GinkgoHelper()
	o.cancel()
	Eventually(o.done).Should(Receive(BeNil()))
	o.done <- nil // may be stopped twice
}

// The API server takes no EndpointSlice with a loopback address, and tests listen
// on nothing else. Slices hold addresses of a documentation range instead, which
// the operator's cache sees as those of the loopback range.
const (
	stored  = "203.0.113."
	visible = "127.0.0."
)

func reachable(then toolscache.TransformFunc) toolscache.TransformFunc {
	return func(o any) (any, error) {
		if slice, ok := o.(*discoveryv1.EndpointSlice); ok {
			for i := range slice.Endpoints {
				for j, address := range slice.Endpoints[i].Addresses {
					slice.Endpoints[i].Addresses[j] = strings.Replace(address, stored, visible, 1)
				}
			}
		}
		return then(o)
	}
}

// startProcess starts the operator as a process of its own, with arguments that win over
// those that all have.
func startProcess(arguments ...string) *exec.Cmd {
	GinkgoHelper()
	return startProgram(binaries.controller, arguments...)
}

func startProgram(path string, arguments ...string) *exec.Cmd {
	GinkgoHelper()
	arguments = append([]string{
		"--namespace=" + systemNamespace, "--proxy-image=kubera-proxy:test",
		"--leader-elect", "--health-probe-bind-address=0", "--kubeconfig=" + asOperator.kubeconfig,
	}, arguments...)
	cmd := exec.Command(path, arguments...)
	cmd.Stdout, cmd.Stderr = GinkgoWriter, GinkgoWriter
	Expect(cmd.Start()).To(Succeed())
	return cmd
}

// answers gives "STATUS BODY" of a probe of a process, "" where nobody listens.
func answers(ctx context.Context, address, path string) func() string {
	return func() string {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		Expect(err).NotTo(HaveOccurred())
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			return ""
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		Expect(err).NotTo(HaveOccurred())
		return strconv.Itoa(response.StatusCode) + " " + strings.TrimSpace(string(body))
	}
}
