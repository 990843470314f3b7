{{/*
The prefix of all names: the release's, with the chart's if that is not in it. Names
of Services have room for 63 characters, the longest suffix takes 35 of them, and a
prefix that is cut gets a hash, so that it stays one of its own.
*/}}
{{- define "kubera.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $chart := default .Chart.Name .Values.nameOverride -}}
{{- $name = ternary .Release.Name (printf "%s-%s" .Release.Name $chart) (contains $chart .Release.Name) -}}
{{- end -}}
{{- if gt (len $name) 28 -}}
{{- printf "%s-%s" ($name | trunc 21 | trimSuffix "-") (sha256sum $name | trunc 6) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* The labels by which the controller's pods are found. */}}
{{- define "kubera.selector" -}}
control-plane: controller-manager
app.kubernetes.io/name: kubera
app.kubernetes.io/instance: {{ quote .Release.Name }}
{{- end -}}

{{/* The labels of all objects. */}}
{{- define "kubera.labels" -}}
{{- $own := dict
  "app.kubernetes.io/name" "kubera"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/component" "controller"
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
-}}
{{- toYaml (merge $own .Values.commonLabels) -}}
{{- end -}}

{{/*
The metadata of an object: its name is the prefix and the argument "name"; "cluster" says
that it is in no namespace; "labels" and "annotations" are its own, and go before those of
all objects.
*/}}
{{- define "kubera.metadata" -}}
name: {{ include "kubera.fullname" .root }}-{{ .name }}
{{- if not .cluster }}
namespace: {{ quote .root.Release.Namespace }}
{{- end }}
labels:
  {{- merge (dict) (.labels | default dict) (include "kubera.labels" .root | fromYaml) | toYaml | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The way of a pod to the API server, whose address is in no selector. */}}
{{- define "kubera.apiServerEgress" -}}
- ports:
  {{- range .Values.networkPolicy.apiServerPorts }}
  - port: {{ . }}
    protocol: TCP
  {{- end }}
- ports:
  {{- range .Values.networkPolicy.dnsPorts }}
  - port: {{ . }}
    protocol: UDP
  - port: {{ . }}
    protocol: TCP
  {{- end }}
{{- end -}}

{{/* What the clean-up's pods are found by, and the controller's are not. */}}
{{- define "kubera.cleanupSelector" -}}
app.kubernetes.io/component: cleanup
{{ omit (include "kubera.selector" . | fromYaml) "control-plane" | toYaml }}
{{- end -}}

{{- define "kubera.serviceAccountName" -}}
{{- $own := printf "%s-controller-manager" (include "kubera.fullname" .) -}}
{{- if .Values.serviceAccount.create -}}
{{- default $own .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The reference of the image that the argument "image" describes. */}}
{{- define "kubera.image" -}}
{{- $registry := .root.Values.image.registry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- .image.repository -}}
{{- if .image.digest -}}
{{- with .image.tag }}:{{ . }}{{ end }}@{{ .image.digest }}
{{- else -}}
:{{ default .root.Chart.AppVersion .image.tag }}
{{- end -}}
{{- end -}}

{{/* What both the controller's pods and that of the clean-up have. */}}
{{- define "kubera.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "kubera.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* By which name the metrics are read. */}}
{{- define "kubera.metricsHost" -}}
{{ include "kubera.fullname" . }}-controller-manager-metrics-service.{{ .Release.Namespace }}.svc
{{- end -}}

{{/* The Secret with the certificate of the metrics, if there is one. */}}
{{- define "kubera.metricsSecret" -}}
{{- if and .Values.metrics.enabled .Values.metrics.secure -}}
{{- if .Values.metrics.certManager.enabled -}}
metrics-server-cert
{{- else -}}
{{- .Values.metrics.existingSecret -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The controller's flags. Those that would say what is so without them are left out. */}}
{{- define "kubera.arguments" -}}
- --health-probe-bind-address=:8081
{{- if .Values.leaderElection.enabled }}
- --leader-elect
{{- end }}
{{- if .Values.metrics.enabled }}
- --metrics-bind-address=:{{ .Values.metrics.port }}
{{- if not .Values.metrics.secure }}
- --metrics-secure=false
{{- end }}
{{- if include "kubera.metricsSecret" . }}
- --metrics-cert-path=/etc/kubera/metrics
{{- end }}
{{- end }}
{{- if ne .Values.controllerName "kubera.dev/gateway-controller" }}
- --controller-name={{ .Values.controllerName }}
{{- end }}
{{- if not .Values.gatewayClass.create }}
- --gateway-class=
{{- else if ne .Values.gatewayClass.name "kubera" }}
- --gateway-class={{ .Values.gatewayClass.name }}
{{- end }}
{{- if not .Values.proxyNetworkPolicies }}
- --network-policies=false
{{- end }}
{{- if ne (toString .Values.log.level) "info" }}
- --zap-log-level={{ .Values.log.level }}
{{- end }}
{{- if ne .Values.log.format "json" }}
- --zap-encoder={{ .Values.log.format }}
{{- end }}
{{- with .Values.controller.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kubera.priorityClassName" -}}
{{- if .Values.controller.priorityClassName -}}
{{- .Values.controller.priorityClassName -}}
{{- else if .Values.priorityClass.create -}}
{{ include "kubera.fullname" . }}-controller-manager
{{- end -}}
{{- end -}}

{{- define "kubera.affinity" -}}
{{- with .Values.controller.affinity -}}
{{- toYaml . -}}
{{- else -}}
{{- if .Values.controller.spreadReplicas -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
  - weight: 100
    podAffinityTerm:
      topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- include "kubera.selector" . | nindent 10 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kubera.topologySpreadConstraints" -}}
{{- $constraints := .Values.controller.topologySpreadConstraints -}}
{{- if and (not $constraints) .Values.controller.spreadReplicas -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" -}}
{{- $constraints = append $constraints (dict
  "maxSkew" 1
  "topologyKey" .
  "whenUnsatisfiable" "ScheduleAnyway"
  "matchLabelKeys" (list "pod-template-hash")
) -}}
{{- end -}}
{{- end -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "kubera.selector" . | fromYaml)) -}}
{{- $complete := list -}}
{{- range $constraints -}}
{{- $complete = append $complete (hasKey . "labelSelector" | ternary . (merge (dict) . $selector)) -}}
{{- end -}}
{{- with $complete -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{- define "kubera.podLabels" -}}
{{- $own := omit (include "kubera.labels" . | fromYaml) "helm.sh/chart" -}}
{{- toYaml (merge $own (include "kubera.selector" . | fromYaml) .Values.controller.podLabels) -}}
{{- end -}}
