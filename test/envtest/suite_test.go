// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	// A change of the programs that are built here has to be one of this suite, or a
	// cached result would stand for it.
	_ "github.com/kubera-dev/kubera/caddymodule"
	"github.com/kubera-dev/kubera/internal/controller"
)

const (
	systemNamespace = "kubera-system"
	className       = "kubera"
)

// What the suite shares. Specs run one after the other.
var (
	k8s        client.Client // of an administrator
	kubeconfig string        // of an administrator
	asOperator struct {
		config     *rest.Config
		kubeconfig string
	}
	nodes     *cluster
	inProcess *operator
	binaries  struct{ proxy, controller string }
)

func TestEnvtest(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Skip("KUBEBUILDER_ASSETS is not set: run make test, or see hack/envtest-assets.sh")
	}
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(time.Second)
	SetDefaultConsistentlyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Operator")
}

var _ = BeforeSuite(func(ctx context.Context) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))

	binaries.proxy = build("./cmd/proxy", "kubera-proxy")
	binaries.controller = build("./cmd/controller", "kubera-controller")

	environment := &envtest.Environment{
		CRDDirectoryPaths: []string{
			filepath.Join(module("sigs.k8s.io/gateway-api"), "config", "crd", "standard"),
			filepath.Join(root(), "config", "crd", "bases"),
		},
		ErrorIfCRDPathMissing: true,
		// By default each of its programs has 20 s, which a busy machine does not keep.
		ControlPlaneStartTimeout: 3 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
		Scheme:                   controller.NewScheme(),
	}
	apiServer, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	apiServer.QPS, apiServer.Burst = 1000, 2000

	kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, environment.KubeConfig, 0o600)).To(Succeed())
	k8s, err = client.New(apiServer, client.Options{Scheme: controller.NewScheme()})
	Expect(err).NotTo(HaveOccurred())
	Expect(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace}})).To(Succeed())
	asOperator.config, asOperator.kubeconfig = restrictedOperator(ctx, environment)

	nodes = startCluster()
	DeferCleanup(nodes.stop)
	inProcess = startOperator()
	DeferCleanup(func() { inProcess.stop() })
}, NodeTimeout(15*time.Minute))

func root() string {
	GinkgoHelper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	Expect(err).NotTo(HaveOccurred())
	return dir
}

func module(path string) string {
	GinkgoHelper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path)
	cmd.Dir = root()
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(out))
}

// build makes a program, or finds it up to date from before.
func build(pkg, name string) string {
	GinkgoHelper()
	path := filepath.Join(root(), "bin", "envtest", name)
	cmd := exec.Command("go", "build", "-o", path, pkg)
	cmd.Dir = root()
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return path
}
