{{- define "mattermost.labels" -}}
{{ include "mattermost.selector" . }}
app.kubernetes.io/version: {{ .Values.image | splitList "@" | first | splitList ":" | last | quote }}
{{- range $key, $value := .Values.labels }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "mattermost.selector" -}}
app.kubernetes.io/name: mattermost
app.kubernetes.io/component: server
{{- end }}

{{- define "mattermost.autoscaled" -}}
{{- if and .Values.license.enabled .Values.autoscaling.enabled -}}true{{- end -}}
{{- end }}

{{/* What the restricted Pod Security standard asks of a container, and a read-only root. */}}
{{- define "mattermost.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
