{{- define "moodle.labels" -}}
app.kubernetes.io/name: moodle
app.kubernetes.io/version: {{ .Values.image | splitList "@" | first | splitList ":" | last | quote }}
{{- range $key, $value := .Values.labels }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* The web pods: what the service, the budget and the spread select. */}}
{{- define "moodle.selector" -}}
app.kubernetes.io/name: moodle
app.kubernetes.io/component: web
{{- end }}

{{/* What every pod of Moodle has in common: who it runs as, and no token. */}}
{{- define "moodle.pod" -}}
serviceAccountName: moodle
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 33
  runAsGroup: 33
  fsGroup: 33
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
volumes:
  - name: data
    persistentVolumeClaim: { claimName: data }
  - name: scratch
    emptyDir: { sizeLimit: {{ .Values.scratchSize }} }
  - name: app
    secret:
      secretName: moodle-app
      defaultMode: 0440
      items:
        - { key: databasePassword, path: database-password }
        - { key: redisPassword, path: redis-password }
  {{- if .Values.smtp.user }}
  - name: smtp
    secret:
      secretName: moodle-smtp
      defaultMode: 0440
      items: [{ key: {{ .Values.secretKeys.smtp | default "password" }}, path: smtp-password }]
  {{- end }}
{{- end }}

{{/* A container that runs Moodle's code, but for its name, command and resources. */}}
{{- define "moodle.container" -}}
image: {{ .Values.image | quote }}
imagePullPolicy: IfNotPresent
securityContext: {{- include "moodle.containerSecurity" . | nindent 2 }}
envFrom:
  - configMapRef: { name: moodle-env }
volumeMounts:
  - { name: data, mountPath: /var/moodledata }
  # Caches of a pod's own, requests on their way, the web server's lock and number.
  - { name: scratch, mountPath: /var/local/moodle, subPath: local }
  - { name: scratch, mountPath: /tmp, subPath: tmp }
  - { name: app, mountPath: /run/moodle/app, readOnly: true }
  {{- if .Values.smtp.user }}
  - { name: smtp, mountPath: /run/moodle/smtp, readOnly: true }
  {{- end }}
{{- end }}

{{/* What the restricted Pod Security standard asks of a container, and a read-only root. */}}
{{- define "moodle.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
