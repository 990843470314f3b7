// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"

	"github.com/kubera-dev/kubera/internal/controller"
)

// flags of the command.
type flags struct {
	metricsAddress                           string
	metricsSecure                            bool
	metricsCertPath, metricsCert, metricsKey string
	probeAddress                             string
	leaderElect                              bool
	enableHTTP2                              bool
	version                                  bool

	controllerName  string
	gatewayClass    string
	namespace       string
	proxyImage      string
	networkPolicies bool
}

func (f *flags) register(set *flag.FlagSet) {
	set.StringVar(&f.metricsAddress, "metrics-bind-address", "0", "`address` of /metrics, :8443 for HTTPS or :8080 for HTTP; 0 turns it off")
	set.BoolVar(&f.metricsSecure, "metrics-secure", true, "serve metrics over HTTPS, to those whom the API server authorizes")
	set.StringVar(&f.metricsCertPath, "metrics-cert-path", "", "`directory` with the certificate of the metrics server; default: self-signed, in memory")
	set.StringVar(&f.metricsCert, "metrics-cert-name", "tls.crt", "`file` with the certificate")
	set.StringVar(&f.metricsKey, "metrics-cert-key", "tls.key", "`file` with the key")
	set.StringVar(&f.probeAddress, "health-probe-bind-address", ":8081", "`address` of /healthz and /readyz")
	set.BoolVar(&f.leaderElect, "leader-elect", false, "of several controllers let one act, the leader")
	set.BoolVar(&f.enableHTTP2, "enable-http2", false, "serve metrics over HTTP/2, too")
	set.BoolVar(&f.version, "version", false, "print the version and exit")

	set.StringVar(&f.controllerName, "controller-name", controller.DefaultControllerName, "controllerName of the GatewayClasses that are served")
	set.StringVar(&f.gatewayClass, "gateway-class", controller.DefaultGatewayClass, "`name` of the GatewayClass that is made where there is none of the name; empty for none")
	set.StringVar(&f.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "`namespace` of this controller; default: that in the environment variable POD_NAMESPACE")
	set.StringVar(&f.proxyImage, "proxy-image", os.Getenv("PROXY_IMAGE"), "`image` of proxies whose parameters name none; default: that in the environment variable PROXY_IMAGE")
	set.BoolVar(&f.networkPolicies, "network-policies", true, "make a NetworkPolicy for the proxies of each Gateway; turn it off for a controller that does not run in a pod of its namespace")
}
