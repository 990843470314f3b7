// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

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
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/internal/controller"
)

// As "make deploy" names them.
const (
	systemNamespace = "kubera-system"
	controllerName  = "kubera-controller-manager"
)

// specTimeout bounds one spec.
const specTimeout = 5 * time.Minute

// The cluster, to an administrator.
var (
	k8s  client.Client
	logs kubernetes.Interface
)

func TestE2E(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Kubera in a cluster")
}

var _ = BeforeSuite(func() {
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	k8s, err = client.New(config, client.Options{Scheme: controller.NewScheme()})
	Expect(err).NotTo(HaveOccurred())
	logs, err = kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
})

// What the controller said is what one wants to know of a spec that failed.
var _ = ReportAfterEach(func(ctx SpecContext, report SpecReport) {
	if report.Failed() {
		for _, pod := range controllerPods(ctx) {
			AddReportEntry("log of "+pod.Name, podLog(ctx, pod.Name, report.StartTime))
		}
	}
})

// kubectl runs it as a person would, in a namespace.
func kubectl(ctx context.Context, namespace string, arguments ...string) {
	GinkgoHelper()
	arguments = append([]string{"--namespace", namespace}, arguments...)
	command := exec.CommandContext(ctx, cmp.Or(os.Getenv("KUBECTL"), "kubectl"), arguments...)
	command.Dir = root()
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "kubectl %q: %s", arguments, out)
}

func root() string {
	GinkgoHelper()
	directory, err := filepath.Abs(filepath.Join("..", ".."))
	Expect(err).NotTo(HaveOccurred())
	return directory
}
