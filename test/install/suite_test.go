// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/controller"
)

// As all ways name them, unless they are told otherwise.
const (
	systemNamespace = "kubera-system"
	controllerName  = "kubera-controller-manager"
	className       = "kubera"
)

// The images that the test cluster has, besides those of the next version.
const (
	version         = "0.1.0"
	nextVersion     = "0.1.1"
	controllerImage = "kubera-controller"
	proxyImage      = "kubera-proxy"
)

// specTimeout bounds one spec.
const specTimeout = 5 * time.Minute

// The cluster, to an administrator.
var (
	k8s   client.Client
	kinds discovery.DiscoveryInterface
	every metadata.Interface
)

func TestInstall(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Installing Kubera")
}

var _ = BeforeSuite(func(ctx context.Context) {
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	// The inventory lists resources that are deprecated, too.
	config.WarningHandler = rest.NoWarnings{}
	k8s, err = client.New(config, client.Options{Scheme: controller.NewScheme()})
	Expect(err).NotTo(HaveOccurred())
	kinds, err = discovery.NewDiscoveryClientForConfig(config)
	Expect(err).NotTo(HaveOccurred())
	every, err = metadata.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())

	err = k8s.Get(ctx, client.ObjectKey{Name: className}, &gwv1.GatewayClass{})
	Expect(apierrors.IsNotFound(err)).To(BeTrue(), "Kubera is in the cluster already: make undeploy, or make cluster-down (%v)", err)
}, NodeTimeout(specTimeout))

// A spec that failed is followed by what the cluster was like.
var _ = ReportAfterEach(func(ctx SpecContext, report SpecReport) {
	if report.Failed() {
		for _, arguments := range [][]string{
			{"get", "all", "--all-namespaces", "--output=wide"},
			{"get", "gatewayclasses,gateways", "--all-namespaces", "--output=yaml"},
			{"logs", "--namespace", systemNamespace, "--selector=control-plane=controller-manager", "--tail=50", "--prefix"},
		} {
			out, err := command(ctx, tool("KUBECTL"), arguments...).CombinedOutput()
			AddReportEntry("kubectl "+arguments[0], fmt.Sprintf("%s(%v)", out, err))
		}
	}
})

// tool is a program whose path make tells in an environment variable.
func tool(variable string) string {
	GinkgoHelper()
	path := os.Getenv(variable)
	Expect(path).NotTo(BeEmpty(), "%s is not set: make test-install sets it", variable)
	return path
}

// command is run in the root of the repository, as a person would run it.
func command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	GinkgoHelper()
	c := exec.CommandContext(ctx, name, arguments...)
	root, err := filepath.Abs(filepath.Join("..", ".."))
	Expect(err).NotTo(HaveOccurred())
	c.Dir = root
	return c
}

// run is a command that has to succeed.
func run(ctx context.Context, name string, arguments ...string) {
	GinkgoHelper()
	By(filepath.Base(name) + " " + strings.Join(arguments, " "))
	out, err := command(ctx, name, arguments...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s %q: %s", name, arguments, out)
}
