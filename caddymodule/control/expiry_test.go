// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/certtest"
)

// It is that of the certificate in use, which a bad file does not replace.
func TestServerTellsWhenItsCertificateExpires(t *testing.T) {
	ca, dir := certtest.NewCA(t, "ca"), t.TempDir()
	issue := func(notAfter int64) certtest.Pair {
		return ca.IssueLike(x509.Certificate{DNSNames: []string{"proxy.test"}, NotAfter: time.Unix(notAfter, 0)})
	}
	var told atomic.Int64
	listenTelling(t, dir, func(notAfter time.Time) { told.Store(notAfter.Unix()) })
	if got := told.Load(); got != 0 {
		t.Errorf("without a certificate it expires at %d", got)
	}
	put(t, dir, ca, issue(3e9))
	eventually(t, "the first one is told of", func() bool { return told.Load() == 3e9 })
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte("bad"), 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, dir, ca, issue(4e9))
	eventually(t, "the second one is told of", func() bool { return told.Load() == 4e9 })
}
