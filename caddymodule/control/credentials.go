// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The files of the directory, those of a Secret of type kubernetes.io/tls with a CA.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
	caFile          = "ca.crt"
)

// stamp changes when one of the files does.
type stamp [3]fileStamp

type fileStamp struct {
	modified time.Time
	size     int64
	// target of the link that Kubernetes swaps to change all files of a volume at
	// once. Times and sizes of old and new may be the same.
	target string
}

func stampOf(dir string) stamp {
	var s stamp
	for i, name := range []string{certificateFile, keyFile, caFile} {
		path := filepath.Join(dir, name)
		// What can't be read has the zero stamp, and changes when it can.
		if info, err := os.Stat(path); err == nil {
			s[i].modified, s[i].size = info.ModTime(), info.Size()
		}
		if target, err := filepath.EvalSymlinks(path); err == nil {
			s[i].target = target
		}
	}
	return s
}

// loadCredentials makes a configuration of the files of dir. clientURI is the one
// that is let in.
func loadCredentials(dir, clientURI string) (*tls.Config, error) {
	// All files of one volume generation, even if it is swapped meanwhile.
	if real, err := filepath.EvalSymlinks(filepath.Join(dir, "..data")); err == nil {
		dir = real
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("loading the certificate of the control port: %w", err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, caFile))
	if err != nil {
		return nil, fmt.Errorf("loading the CA of the control port: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("loading the CA of the control port: no certificate in %s", filepath.Join(dir, caFile))
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		NextProtos:   []string{"h2"},
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    roots,
		// A resumed session would outlive the CA that vouched for it.
		SessionTicketsDisabled: true,
		VerifyConnection:       func(state tls.ConnectionState) error { return verifyClient(state, clientURI) },
	}, nil
}

// verifyClient admits the one identity. That the certificate is valid and from
// the CA has been verified.
func verifyClient(state tls.ConnectionState, clientURI string) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the client has no certificate")
	}
	leaf := state.PeerCertificates[0]
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != clientURI {
		return fmt.Errorf("the client is %v, not %s", leaf.URIs, clientURI)
	}
	return nil
}
