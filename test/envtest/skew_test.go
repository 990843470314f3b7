// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build skew

package envtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// old is the path of a program of the release before, see make test-skew.
func old(name string) string {
	GinkgoHelper()
	dir := os.Getenv("OLD_PROGRAMS")
	Expect(dir).NotTo(BeEmpty(), "OLD_PROGRAMS is not set: run make test-skew OLD=COMMIT")
	path := filepath.Join(dir, name)
	Expect(path).To(BeAnExistingFile())
	return path
}

// use makes a program that of the proxies of a namespace: of those that are yet to come,
// and of those that are there once they are started anew.
func (c *cluster) use(namespace, program string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.programs[namespace] = program
	for _, p := range c.pods {
		if p.name.Namespace == namespace {
			p.mu.Lock()
			p.program = program
			p.mu.Unlock()
		}
	}
}

// served is a Gateway whose configuration is changed again and again.
type served struct {
	namespace string
	// move gives the Service echo endpoints that it did not have, and waits until the
	// proxy has them.
	move func(ctx context.Context, namespace string)
}

func serve(ctx context.Context, s served) {
	GinkgoHelper()
	apply(ctx, s.namespace, strings.Join([]string{
		everything("web"), route("hello", "web", "/hello", "filter/hello"), route("echo", "web", "/echo", "echo"),
		serviceWithEndpoints("echo", 1),
	}, "\n---\n"))
	s.follow(ctx, "first")
}

// follow changes what pushes of each kind carry.
func (s served) follow(ctx context.Context, text string) {
	GinkgoHelper()
	By("following a route and endpoints to " + text)
	apply(ctx, s.namespace, staticResponse("hello", text))
	Eventually(get(ctx, s.namespace, "web", "/hello")).Should(Equal("200 " + text))
	s.move(ctx, s.namespace)
	programmed(ctx, s.namespace, "web")
}

// answering moves the Service from one server to the next.
func answering() func(context.Context, string) {
	n := 0
	return func(ctx context.Context, namespace string) {
		n++
		name := fmt.Sprintf("endpoint-%d", n)
		apply(ctx, namespace, endpointSlice("echo", backend(name)))
		Eventually(get(ctx, namespace, "web", "/echo")).Should(Equal("200 " + name + " /echo"))
	}
}

// kept is for an operator that does not know how this suite reaches endpoints: they are
// looked for in what the proxy keeps.
func kept() func(context.Context, string) {
	port := 1
	return func(ctx context.Context, namespace string) {
		port++
		apply(ctx, namespace, endpointSlice("echo", port))
		state := filepath.Join(nodes.proxies(namespace, "web")[0].dir, "run", "kubera", "config.json")
		Eventually(os.ReadFile).WithArguments(state).Should(ContainSubstring("%s1:%d\"", stored, port))
	}
}

// everything is a Gateway with parameters.
func everything(name string) string {
	return gateway(name) + `
  infrastructure:
    parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: ` + name + `}
---` + accessLog(name, "{enabled: true, format: json}")
}

func accessLog(name, spec string) string {
	return `
apiVersion: gateway.kubera.dev/v1alpha1
kind: GatewayParameters
metadata: {name: ` + name + `}
spec: {proxy: {accessLog: ` + spec + `}}`
}

// outdated are the Events about proxies that are not told everything, which harms nobody.
func outdated(ctx context.Context, namespace string) ([]string, error) {
	var list eventsv1.EventList
	if err := k8s.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	var notes []string
	for _, e := range list.Items {
		if e.Reason == "ProxyOutdated" && e.Type == corev1.EventTypeNormal {
			notes = append(notes, e.Note)
		}
	}
	return notes, nil
}

var _ = Describe("A release after another", func() {
	It("keeps the proxies of the other up to date, and takes over from them", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		nodes.use(namespace, old("kubera-proxy"))
		s := served{namespace, answering()}
		serve(ctx, s)

		By("telling it less than there is, and saying so")
		apply(ctx, namespace, accessLog("web", "{enabled: true, format: common, sampling: {percent: 10}}"))
		Eventually(outdated).WithArguments(ctx, namespace).Should(ContainElement(ContainSubstring("access_log.")))
		s.follow(ctx, "second")

		By("starting the proxy of this release over the state of the old one")
		nodes.use(namespace, binaries.proxy)
		pod := nodes.proxies(namespace, "web")[0]
		starts := pod.restart()
		Eventually(pod.started).Should(BeNumerically(">", starts))
		Eventually(get(ctx, s.namespace, "web", "/hello")).Should(Equal("200 second"))
		s.follow(ctx, "third")

		By("going back to the old one, which can't read what is new in the state")
		nodes.use(namespace, old("kubera-proxy"))
		starts = pod.restart()
		Eventually(pod.started).Should(BeNumerically(">", starts))
		s.follow(ctx, "fourth")
	}, SpecTimeout(specTimeout))

	It("has proxies that the controller of the other keeps up to date", func(ctx context.Context) {
		inProcess.stop()
		process := startProgram(old("kubera-controller"))
		DeferCleanup(func() {
			end(process)
			inProcess = startOperator()
		})
		s := served{newNamespace(ctx), kept()}
		serve(ctx, s)
		s.follow(ctx, "second")

		By("handing over to the controller of this release, and back")
		end(process)
		process = startProcess()
		s.follow(ctx, "third")
		end(process)
		process = startProgram(old("kubera-controller"))
		s.follow(ctx, "fourth")
		Expect(nodes.proxies(s.namespace, "web")[0].started()).To(Equal(1))
	}, SpecTimeout(specTimeout))
})

// end asks a controller to end.
func end(process *exec.Cmd) {
	GinkgoHelper()
	if process.ProcessState != nil {
		return
	}
	Expect(process.Process.Signal(syscall.SIGTERM)).To(Succeed())
	Expect(process.Wait()).To(Succeed())
}
