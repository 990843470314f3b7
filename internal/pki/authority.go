// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Keys of the Secret that holds an Authority. KeyBundle is for people and other
// programs; the Authority does not read it.
const (
	KeyBundle       = "ca.crt"
	KeyCertificate  = "tls.crt"
	KeyPrivateKey   = "tls.key"
	KeyNextCert     = "next.crt"
	KeyNextKey      = "next.key"
	KeyPreviousCert = "previous.crt"
	// KeyDistributed holds the time, in RFC 3339, at which the present bundle
	// and certificates had reached every proxy's Secret.
	KeyDistributed = "distributed-at"
)

// Phase is how far a rotation has come.
type Phase string

// The phases of a rotation.
const (
	Settled    Phase = "Settled"
	Introduced Phase = "Introduced"
	Promoted   Phase = "Promoted"
)

// Authority signs the certificates of the control channel. It is immutable and
// safe for concurrent use.
type Authority struct {
	current     *keyPair
	next        *keyPair          // only while Introduced
	previous    *x509.Certificate // only while Promoted
	distributed time.Time         // zero while a step is on its way
}

// NewAuthority makes an authority, valid from now on.
func NewAuthority(now time.Time) (*Authority, error) {
	pair, err := newRoot(now)
	if err != nil {
		return nil, err
	}
	return &Authority{current: pair}, nil
}

func newRoot(now time.Time) (*keyPair, error) {
	pair, err := sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "kubera control channel " + now.UTC().Format(time.DateOnly)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, nil, now, AuthorityLifetime)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	return pair, nil
}

// ParseAuthority reads the data of a Secret. An error says that the Secret is
// damaged and its authority can't be used; it quotes nothing from it.
func ParseAuthority(data map[string][]byte, now time.Time) (*Authority, error) {
	current, err := parsePair(data[KeyCertificate], data[KeyPrivateKey])
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", KeyCertificate, KeyPrivateKey, err)
	}
	if !current.cert.IsCA {
		return nil, errors.New(KeyCertificate + " is not the certificate of an authority")
	}
	if now.After(current.cert.NotAfter) {
		return nil, errors.New(KeyCertificate + " has expired")
	}
	a := &Authority{current: current}
	if len(data[KeyNextCert]) > 0 {
		if a.next, err = parsePair(data[KeyNextCert], data[KeyNextKey]); err != nil {
			return nil, fmt.Errorf("%s and %s: %w", KeyNextCert, KeyNextKey, err)
		}
	}
	if len(data[KeyPreviousCert]) > 0 {
		if a.previous, err = parseCertificate(data[KeyPreviousCert]); err != nil {
			return nil, fmt.Errorf("%s: %w", KeyPreviousCert, err)
		}
	}
	if at := data[KeyDistributed]; len(at) > 0 {
		if a.distributed, err = time.Parse(time.RFC3339, string(at)); err != nil {
			return nil, fmt.Errorf("%s: not a time in RFC 3339 form", KeyDistributed)
		}
	}
	return a, nil
}

// Data is what ParseAuthority reads.
func (a *Authority) Data() (map[string][]byte, error) {
	key, err := encodeKey(a.current.key)
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{
		KeyBundle:      a.Bundle(),
		KeyCertificate: encodeCertificates(a.current.cert),
		KeyPrivateKey:  key,
	}
	if a.next != nil {
		if data[KeyNextKey], err = encodeKey(a.next.key); err != nil {
			return nil, err
		}
		data[KeyNextCert] = encodeCertificates(a.next.cert)
	}
	if a.previous != nil {
		data[KeyPreviousCert] = encodeCertificates(a.previous)
	}
	if !a.distributed.IsZero() {
		data[KeyDistributed] = []byte(a.distributed.UTC().Format(time.RFC3339))
	}
	return data, nil
}

// Phase says how far a rotation has come.
func (a *Authority) Phase() Phase {
	switch {
	case a.next != nil:
		return Introduced
	case a.previous != nil:
		return Promoted
	}
	return Settled
}

// NotAfter is when the certificate expires that signs at present.
func (a *Authority) NotAfter() time.Time { return a.current.cert.NotAfter }

// Bundle is every certificate that is trusted at present, in PEM form.
func (a *Authority) Bundle() []byte { return encodeCertificates(a.trusted()...) }

// Pool is Bundle as a pool that belongs to the caller.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range a.trusted() {
		pool.AddCert(c)
	}
	return pool
}

func (a *Authority) trusted() []*x509.Certificate {
	certs := []*x509.Certificate{a.current.cert}
	if a.next != nil {
		certs = append(certs, a.next.cert)
	}
	if a.previous != nil {
		certs = append(certs, a.previous)
	}
	return certs
}

// Equal says whether both sign and trust the same. A nil Authority equals nil only.
func (a *Authority) Equal(b *Authority) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.trusted(), b.trusted(), (*x509.Certificate).Equal)
}
