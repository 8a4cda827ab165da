{{/* Labels of an object of a component: (list . "server") */}}
{{- define "odoo.labels" -}}
{{- $root := index . 0 -}}
{{ include "odoo.selector" (index . 1) }}
app.kubernetes.io/version: {{ $root.Values.image | splitList "@" | first | splitList ":" | last | trunc 63 | trimAll "-_." | quote }}
{{- range $key, $value := $root.Values.labels }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "odoo.selector" -}}
app.kubernetes.io/name: odoo
app.kubernetes.io/component: {{ . }}
{{- end }}

{{/* What every pod of Odoo has. The user and group are the image's own. */}}
{{- define "odoo.pod" -}}
serviceAccountName: odoo
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 100
  runAsGroup: 101
  fsGroup: 101
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* What the restricted Pod Security standard asks of a container, and a read-only root. */}}
{{- define "odoo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* PostgreSQL's own variables, so that no password is on a command line or in a file. */}}
{{- define "odoo.env" -}}
- name: PGHOST
  value: postgres-rw
- name: PGPORT
  value: "5432"
- name: PGDATABASE
  value: odoo
- name: PGUSER
  valueFrom: { secretKeyRef: { name: postgres-app, key: username } }
- name: PGPASSWORD
  valueFrom: { secretKeyRef: { name: postgres-app, key: password } }
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /etc/postgres-ca/ca.crt
- name: MASTER_PASSWORD
  valueFrom: { secretKeyRef: { name: odoo-app, key: masterPassword } }
# Fonts and reports are cached under it.
- name: HOME
  value: /tmp
- name: PYTHONDONTWRITEBYTECODE
  value: "1"
{{- end }}

{{/* Shell that writes /run/odoo/odoo.conf: Odoo reads its master password from the file only. */}}
{{- define "odoo.configure" -}}
umask 077
{ cat /etc/odoo-config/odoo.conf; printf 'admin_passwd = %s\n' "$MASTER_PASSWORD"; } > /run/odoo/odoo.conf
unset MASTER_PASSWORD
{{- end }}

{{- define "odoo.mounts" -}}
- { name: data, mountPath: /var/lib/odoo }
- { name: config, mountPath: /etc/odoo-config, readOnly: true }
- { name: run, mountPath: /run/odoo }
- { name: tmp, mountPath: /tmp }
- { name: postgres-ca, mountPath: /etc/postgres-ca, readOnly: true }
{{- end }}

{{- define "odoo.volumes" -}}
- name: data
  persistentVolumeClaim: { claimName: data }
- name: config
  configMap: { name: odoo-config }
- name: run
  emptyDir: { medium: Memory, sizeLimit: 1Mi }
- name: tmp
  emptyDir: { sizeLimit: 4Gi }
- name: postgres-ca
  secret:
    secretName: postgres-ca
    items: [{ key: ca.crt, path: ca.crt }]
{{- end }}

{{/* Answered by a worker, so they wait while all of them are busy: alive has patience. */}}
{{- define "odoo.probes" -}}
startupProbe:
  httpGet: { path: /web/health, port: http }
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /web/health, port: http }
  periodSeconds: 30
  timeoutSeconds: 15
  failureThreshold: 6
# Asks after the database too: a server without it gets no traffic, but restarting it
# wouldn't help.
readinessProbe:
  httpGet: { path: "/web/health?db_server_status=1", port: http }
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 3
{{- end }}
