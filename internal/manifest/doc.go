// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes objects from YAML and JSON files into a
// snapshot.Snapshot, for serving without a cluster.
//
// An object is taken as an API server would take it: unknown fields, wrong types
// and what the schemas forbid are refused, defaults are filled in, older served
// versions are converted. What is refused is reported with its file, line and
// field, and leaves out that one object; a document that is no YAML leaves out
// that document. Everything else is used. A Loader that reads again, because a file
// changed, keeps what a broken part held before until it is mended.
//
// Where a file leaves out what a cluster would know, this package fills it in:
//   - namespace: default, and the generation 1;
//   - Namespaces that objects are in, with the label kubernetes.io/metadata.name;
//   - the GatewayClass kubera, if a Gateway names it and no file defines it.
//
// Objects without creationTimestamp are all equally old. Where the Gateway API
// prefers the older object, such objects are ordered by namespace and name, so that
// neither the order of files nor that of documents matters. The one exception is an
// object that is defined twice: the first counts, in the order in which the files
// are named and, in a folder, in the order of their paths.
package manifest
