// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controller is the operator: thin reconcilers that find out which
// Gateways an event concerns, call the stages that do the work (cluster,
// gatewayapi, infra, render, fleet, status) and write what they answer. It decides
// nothing about the Gateway API itself.
//
//	gateway       what a Gateway depends on → objects, control Secret, configuration,
//	              statuses of routes, ListenerSets and policies
//	endpoints     EndpointSlices of a Service → endpoint pushes, without translation
//	programmed    pods of a Gateway → the fleet; what the proxies answered, addresses
//	              → status of a Gateway
//	gatewayclass  status of a GatewayClass; the class that comes with the operator
//	filter        status of a StaticResponseFilter or AccessControlFilter
//	authority     certificates of the control channel
//
// Only the leader runs them: it alone writes, and it alone pushes. Other replicas read
// what it reads, so as to take over at once.
package controller
