// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubera-dev/kubera/test/cluster/component"
	"github.com/kubera-dev/kubera/test/cluster/control"
	"github.com/kubera-dev/kubera/test/cluster/image"
)

// supervisor starts components and hears of the first that ends.
type supervisor struct {
	node component.Node
	conn *control.Conn
	// ended takes the end of one component. Others follow, unheard.
	ended chan error

	mu         sync.Mutex
	components map[string]*running
}

// Supervise runs the components of a node until one of them ends, or until the
// process that started the node does before it said that the node is to stay.
func Supervise(ctx context.Context, n component.Node, conn *control.Conn) error {
	s := &supervisor{node: n, conn: conn, ended: make(chan error, 1), components: map[string]*running{}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	connected, heard, started := make(chan struct{}), make(chan error, 1), make(chan error, 1)
	go func() { heard <- s.listen(connected) }()
	go func() { started <- s.start(ctx, connected) }()
	for {
		var err error
		select {
		case err = <-s.ended:
		case err = <-heard:
		case err = <-started:
			if err == nil {
				err = conn.Send(control.Message{Ready: true})
			}
		}
		if err != nil {
			cancel(err)
			return errors.Join(err, conn.Send(control.Message{Problem: err.Error()}))
		}
	}
}

// listen hears what the starter of the node says. It returns an error if that ended,
// and none when the node is to stay.
func (s *supervisor) listen(connected chan<- struct{}) error {
	for {
		m, err := s.conn.Receive()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the command that started the node has ended before the node was ready")
		case err != nil:
			return err
		case m.Connected:
			close(connected)
		case m.Stay:
			return nil
		}
	}
}

// start starts everything in order, each when what it needs answers.
func (s *supervisor) start(ctx context.Context, connected <-chan struct{}) error {
	select {
	case <-connected:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := network(ctx, s.node.Addresses); err != nil {
		return err
	}
	if err := s.serve(ctx); err != nil {
		return err
	}
	if err := s.run(s.node.Etcd()); err != nil {
		return err
	}
	if err := s.run(s.node.APIServer()); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.node.State.Kubeconfig())
	if err != nil {
		return err
	}
	// The clients here ask for one thing after the other.
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ready := &readiness{client: client, step: s.step}
	if err := ready.apiServer(ctx); err != nil {
		return err
	}
	balancers, err := s.node.LoadBalancers()
	if err != nil {
		return err
	}
	for _, c := range []component.Component{
		s.node.ControllerManager(), s.node.Scheduler(), s.node.Containerd(), balancers,
	} {
		if err := s.run(c); err != nil {
			return err
		}
	}
	if err := ready.socket(ctx, component.ContainerdSocket); err != nil {
		return err
	}
	if err := s.importPause(ctx); err != nil {
		return err
	}
	for _, c := range []component.Component{s.node.Kubelet(), s.node.Proxy()} {
		if err := s.run(c); err != nil {
			return err
		}
	}
	return ready.node(ctx)
}

// importPause gives containerd the image that every pod starts with.
func (s *supervisor) importPause(ctx context.Context) error {
	return image.Store{Programs: s.node.Programs.Containerd, Socket: component.ContainerdSocket}.Import(ctx, image.Image{
		Names:      []string{component.PauseImage},
		Program:    s.node.Programs.Pause,
		Path:       "/pause",
		Entrypoint: []string{"/pause"},
		User:       "65532:65532",
	})
}

// run starts a component. Its end is the supervisor's business, not the caller's, unless
// it was asked for.
func (s *supervisor) run(c component.Component) error {
	path := s.node.State.Log(c.Name)
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(c.Path, c.Args...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	s.step("started " + c.Name)
	r := &running{component: c, process: command.Process, ended: make(chan struct{})}
	s.mu.Lock()
	s.components[c.Name] = r
	s.mu.Unlock()
	go func() {
		err := command.Wait()
		close(r.ended)
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.off {
			return
		}
		select {
		case s.ended <- fmt.Errorf("%s has ended: %w: see %s", c.Name, orUnknown(err), path):
		default:
		}
	}()
	return nil
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// step tells whoever waits for the node, and the log.
func (s *supervisor) step(what string) {
	fmt.Println(what)
	if err := s.conn.Send(control.Message{Step: what}); err != nil {
		fmt.Println(err)
	}
}
