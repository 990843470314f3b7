// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// pod is a proxy process with an address of its own.
type pod struct {
	name       types.NamespacedName
	program    string
	deployment string
	ip         string
	dir        string
	secretName string
	args       []string
	labels     map[string]string

	mu      sync.Mutex
	process *exec.Cmd
	exited  chan struct{}
	starts  int
	files   map[string][]byte
	volume  int
	object  *corev1.Pod
}

func newPod(c *cluster, name types.NamespacedName, d *appsv1.Deployment) *pod {
	container := d.Spec.Template.Spec.Containers[0]
	p := &pod{
		name: name, program: cmp.Or(c.programs[name.Namespace], binaries.proxy), deployment: d.Name, dir: filepath.Join(c.dir, name.Namespace+"-"+name.Name),
		// The process ID keeps suites that run at the same time apart.
		ip:     fmt.Sprintf("127.%d.%d.%d", 64+os.Getpid()%128, c.next/250, c.next%250+1),
		labels: d.Spec.Template.Labels,
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.Secret != nil {
			p.secretName = v.Secret.SecretName
		}
	}
	// The container's arguments, on this pod's address and in its directory.
	for _, arg := range container.Args {
		arg = strings.Replace(arg, "-listen=:", "-listen="+p.ip+":", 1)
		arg = strings.Replace(arg, "=/", "="+p.dir+"/", 1)
		p.args = append(p.args, arg)
	}
	p.args = append(p.args, "--bind-host="+p.ip, "--drain-delay=0s", "--drain-timeout=1s")
	return p
}

func (p *pod) number() int {
	n, err := strconv.Atoi(p.name.Name[strings.LastIndexByte(p.name.Name, '-')+1:])
	if err != nil {
		return -1
	}
	return n
}

// step does what a kubelet does for the pod.
func (p *pod) step(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	mounted, err := p.mountSecret(ctx)
	if err != nil || !mounted {
		return err
	}
	if p.process == nil {
		if err := p.start(); err != nil {
			return err
		}
	}
	return p.report(ctx)
}

// mountSecret writes the Secret's files as a kubelet does: into a new directory,
// to which a link is then moved.
func (p *pod) mountSecret(ctx context.Context) (bool, error) {
	var secret corev1.Secret
	err := k8s.Get(ctx, types.NamespacedName{Namespace: p.name.Namespace, Name: p.secretName}, &secret)
	if apierrors.IsNotFound(err) {
		return p.files != nil, nil
	}
	if err != nil || maps.EqualFunc(secret.Data, p.files, bytes.Equal) {
		return true, err
	}
	p.volume++
	mount := filepath.Join(p.dir, "etc", "kubera", "control")
	version := fmt.Sprintf("..%d", p.volume)
	for _, dir := range []string{filepath.Join(mount, version), filepath.Join(p.dir, "run", "kubera")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, err
		}
	}
	for name, data := range secret.Data {
		if err := os.WriteFile(filepath.Join(mount, version, name), data, 0o600); err != nil {
			return false, err
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(mount, name)); err != nil && !os.IsExist(err) {
			return false, err
		}
	}
	if err := os.Symlink(version, filepath.Join(mount, "..data_tmp")); err != nil {
		return false, err
	}
	p.files = secret.Data
	return true, os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data"))
}

// start starts the process. p.mu is held.
func (p *pod) start() error {
	p.process = exec.Command(p.program, p.args...)
	p.process.Stdout, p.process.Stderr = GinkgoWriter, GinkgoWriter
	p.process.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	if err := p.process.Start(); err != nil {
		return err
	}
	p.starts++
	process, exited := p.process, make(chan struct{})
	p.exited = exited
	go func() {
		_ = process.Wait() // most are killed
		close(exited)
	}()
	return nil
}

// report writes the Pod object and its status.
func (p *pod) report(ctx context.Context) error {
	if p.object == nil {
		p.object = &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.name.Namespace, Name: p.name.Name, Labels: p.labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "proxy", Image: "kubera-proxy:test"}}},
		}
		if err := k8s.Create(ctx, p.object); err != nil {
			p.object = nil
			return err
		}
	}
	ready := corev1.ConditionFalse
	if p.answersReady(ctx) {
		ready = corev1.ConditionTrue
	}
	status := &p.object.Status
	if status.PodIP == p.ip && len(status.Conditions) == 1 && status.Conditions[0].Status == ready {
		return nil
	}
	status.Phase, status.PodIP, status.PodIPs = corev1.PodRunning, p.ip, []corev1.PodIP{{IP: p.ip}}
	status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.Now()}}
	return k8s.Status().Update(ctx, p.object)
}

// isReady is what was last reported of the pod.
func (p *pod) isReady() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.object == nil {
		return false
	}
	list := p.object.Status.Conditions
	return len(list) == 1 && list[0].Status == corev1.ConditionTrue
}

func (p *pod) answersReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:%d/readyz", p.ip, config.StatusPort), nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// kill ends the process as a node's failure would.
func (p *pod) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return
	}
	_ = p.process.Process.Kill() // an error says that it has ended already
	<-p.exited
	p.process = nil
}

// restart ends the process; the next step starts it again.
func (p *pod) restart() int {
	p.kill()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

// started says how often the process was started.
func (p *pod) started() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

// loseState removes what a new pod would not have.
func (p *pod) loseState() {
	p.kill()
	p.mu.Lock()
	defer p.mu.Unlock()
	Expect(os.RemoveAll(filepath.Join(p.dir, "run", "kubera"))).To(Succeed())
	Expect(os.MkdirAll(filepath.Join(p.dir, "run", "kubera"), 0o700)).To(Succeed())
}
