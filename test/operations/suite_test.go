// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/kubera-dev/kubera/internal/controller"
)

// As "make deploy" names them.
const (
	systemNamespace = "kubera-system"
	controllerName  = "kubera-controller-manager"
	className       = "kubera"
)

// The cluster, to an administrator, and the namespace of everything here. Specs run one
// after the other, on one Gateway.
var (
	k8s       client.Client
	clientset kubernetes.Interface
	namespace string
)

// How long the controller and the API server are away.
var outage, apiOutage time.Duration

// specTimeout bounds one spec, beside outages.
const specTimeout = 5 * time.Minute

func TestOperations(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(2 * time.Minute)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	outage, apiOutage = duration(t, "OUTAGE"), duration(t, "API_OUTAGE")
	RunSpecs(t, "Kubera from the second day on")
}

func duration(t *testing.T, name string) time.Duration {
	d, err := time.ParseDuration(cmp.Or(os.Getenv(name), "30s"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

var _ = BeforeSuite(func(ctx context.Context) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	config.Timeout = 20 * time.Second
	// Not by HTTP/2, of which a connection to an API server that was killed lives on
	// until somebody notices.
	config.TLSClientConfig.NextProtos = []string{"http/1.1"}
	connect(config)
	serveAll(ctx)
	startLoads(ctx)
}, NodeTimeout(specTimeout))

// One after the other, as all of it is done to one Gateway, which the last does not leave.
var _ = Describe("Under load", Ordered, ContinueOnFailure, func() {
	Describe("replacing pods", replacing)
	Describe("an autoscaler", scaling)
	Describe("a pod that is killed", killing)
	Describe("rotating", rotating)
	Describe("while it is away", outages)
	Describe("a backup of what people wrote", restoring)
})

func connect(config *rest.Config) {
	GinkgoHelper()
	var err error
	k8s, err = client.New(config, client.Options{Scheme: controller.NewScheme()})
	Expect(err).NotTo(HaveOccurred())
	clientset, err = kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
}

// kubectl runs it as a person would, in the namespace.
func kubectl(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	return run(ctx, cmp.Or(os.Getenv("KUBECTL"), "kubectl"), append([]string{"--namespace", namespace}, arguments...)...)
}

// testCluster runs the command of the test cluster.
func testCluster(ctx context.Context, arguments ...string) {
	GinkgoHelper()
	program := os.Getenv("CLUSTER")
	Expect(program).NotTo(BeEmpty(), "CLUSTER is not set: make test-operations sets it")
	run(ctx, program, arguments...)
}

func run(ctx context.Context, program string, arguments ...string) string {
	GinkgoHelper()
	command := exec.CommandContext(ctx, program, arguments...)
	root, err := filepath.Abs(filepath.Join("..", ".."))
	Expect(err).NotTo(HaveOccurred())
	command.Dir = root
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s %q: %s", program, arguments, out)
	return string(out)
}
