//! Pods that leave the restricted profile.

use super::{Attack, POD, deployment, kept, with};

pub(super) fn attacks() -> Vec<Attack> {
    let pod = "      automountServiceAccountToken: false\n";
    let own = "          image: example.com/x:1\n";
    let at_pod = |line: &str| with(&deployment(), pod, &format!("{pod}      {line}\n"));
    let at_container = |line: &str| with(&deployment(), own, &format!("{own}          {line}\n"));
    let secure = "allowPrivilegeEscalation: false, capabilities: { drop: [ALL] }";
    let security = |text: &str| with(&deployment(), secure, text);
    let volume = |text: &str| {
        with(
            &deployment(),
            "volumes: []",
            &format!("volumes: [{{name: v, {text}}}]"),
        )
    };
    let mount = |text: &str| {
        with(
            &deployment(),
            "volumeMounts: []",
            &format!("volumeMounts: [{{name: v, {text}}}]"),
        )
    };
    let mut cases = vec![
        (
            security(&format!("{secure}, privileged: true")),
            "securityContext.privileged true, which has to be false",
        ),
        (
            security(&format!("{secure}, procMount: Unmasked")),
            "securityContext.procMount",
        ),
        (
            security(&format!("{secure}, runAsUser: 0")),
            "securityContext.runAsUser the number 0",
        ),
        (
            security(&format!("{secure}, runAsNonRoot: false")),
            "securityContext.runAsNonRoot false",
        ),
        (
            security(&format!("{secure}, seccompProfile: {{ type: Unconfined }}")),
            "securityContext.seccompProfile.type \"Unconfined\"",
        ),
        (
            security("allowPrivilegeEscalation: true, capabilities: { drop: [ALL] }"),
            "allowPrivilegeEscalation true",
        ),
        (
            security("allowPrivilegeEscalation: false, capabilities: { drop: [] }"),
            "has no spec.template.spec.containers[0].securityContext.capabilities.drop",
        ),
        (
            security(
                "allowPrivilegeEscalation: false, capabilities: { drop: [ALL], add: [SYS_ADMIN] }",
            ),
            "capabilities.add",
        ),
        (
            security("capabilities: { drop: [ALL] }"),
            "has no spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
        ),
        (
            with(&deployment(), "runAsNonRoot: true, ", ""),
            "has no spec.template.spec.securityContext.runAsNonRoot",
        ),
        (
            with(
                &deployment(),
                ", seccompProfile: { type: RuntimeDefault }",
                "",
            ),
            "has no spec.template.spec.securityContext.seccompProfile",
        ),
        (
            with(
                &deployment(),
                "runAsNonRoot: true,",
                "runAsNonRoot: true, sysctls: [{name: kernel.msgmax, value: \"1\"}],",
            ),
            "securityContext.sysctls",
        ),
        (
            with(&deployment(), pod, ""),
            "has no spec.template.spec.automountServiceAccountToken",
        ),
        (
            with(
                &deployment(),
                "metadata:\n      labels: { app: x }\n",
                "metadata:\n      labels: { app: x }\n      annotations: { container.apparmor.security.beta.kubernetes.io/x: unconfined }\n",
            ),
            "apparmor",
        ),
        (volume("hostPath: {path: /}"), "volumes[0].hostPath"),
        (volume("nfs: {server: x, path: /}"), "volumes[0].nfs"),
        (volume("csi: {driver: efs.csi.aws.com}"), "volumes[0].csi"),
        (
            volume("ephemeral: {volumeClaimTemplate: {}}"),
            "volumes[0].ephemeral",
        ),
        (
            volume(
                "projected: {sources: [{serviceAccountToken: {path: t, audience: sts.amazonaws.com}}]}",
            ),
            "volumes[0].projected",
        ),
        (volume("downwardAPI: {items: []}"), "volumes[0].downwardAPI"),
        (
            volume("secret: {secretName: x, items: [{key: a, path: ../../etc/passwd}]}"),
            "volumes[0].secret.items[0].path \"../../etc/passwd\"",
        ),
        (
            mount("mountPath: /x, subPath: ../../etc"),
            "volumeMounts[0].subPath \"../../etc\"",
        ),
        (
            mount("mountPath: /x, subPath: /etc"),
            "volumeMounts[0].subPath \"/etc\"",
        ),
        (
            mount("mountPath: /x, subPathExpr: $(X)"),
            "volumeMounts[0].subPathExpr",
        ),
        (
            mount("mountPath: /x, mountPropagation: Bidirectional"),
            "volumeMounts[0].mountPropagation",
        ),
        (mount("mountPath: x/../../y"), "volumeMounts[0].mountPath"),
        (
            at_container("ports: [{containerPort: 80, hostPort: 80}]"),
            "ports[0].hostPort",
        ),
        (
            at_container("ports: [{containerPort: 80, hostIP: 0.0.0.0}]"),
            "ports[0].hostIP",
        ),
        (
            at_container("livenessProbe: {httpGet: {host: 169.254.169.254, port: 80}}"),
            "livenessProbe.httpGet.host",
        ),
        (
            at_container("lifecycle: {postStart: {httpGet: {host: 10.0.0.1, port: 80}}}"),
            "lifecycle.postStart",
        ),
        (
            at_container("volumeDevices: [{name: v, devicePath: /dev/x}]"),
            "containers[0].volumeDevices",
        ),
        (at_container("stdin: true"), "containers[0].stdin"),
        (
            at_pod("initContainers: [{name: i, image: x}]"),
            "has no spec.template.spec.initContainers[0].securityContext",
        ),
        (
            at_pod(
                "initContainers: [{name: i, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, privileged: true}}]",
            ),
            "initContainers[0].securityContext.privileged",
        ),
        (
            with(
                &deployment(),
                "      containers:\n",
                "      containers: []\n      others:\n",
            ),
            "has no spec.template.spec.containers",
        ),
        (
            with(
                &deployment(),
                "        - name: x\n          image",
                "        - name: x\n          Image",
            ),
            "containers[0].Image",
        ),
        (
            kept(
                "apps/v1",
                "StatefulSet",
                &format!(
                    "spec:\n{POD}  volumeClaimTemplates: [{{metadata: {{name: d}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}, volumeName: rivoli--moodle--data}}}}]\n"
                ),
            ),
            "volumeClaimTemplates[0].spec.volumeName",
        ),
        (
            kept(
                "apps/v1",
                "StatefulSet",
                &format!(
                    "spec:\n{POD}  volumeClaimTemplates: [{{metadata: {{name: d}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}, storageClassName: \"\"}}}}]\n"
                ),
            ),
            "volumeClaimTemplates[0].spec.storageClassName",
        ),
        (
            kept(
                "apps/v1",
                "StatefulSet",
                &format!("spec:\n{POD}").replace(
                    "seccompProfile: { type: RuntimeDefault }",
                    "seccompProfile: { type: Unconfined }",
                ),
            ),
            "seccompProfile.type",
        ),
    ];
    for (line, says) in [
        ("hostNetwork: true", "spec.hostNetwork"),
        ("hostNetwork: false", "spec.hostNetwork"),
        ("hostPID: true", "spec.hostPID"),
        ("hostIPC: true", "spec.hostIPC"),
        ("hostUsers: true", "spec.hostUsers"),
        (
            "hostAliases: [{ip: 10.0.0.1, hostnames: [x]}]",
            "spec.hostAliases",
        ),
        ("shareProcessNamespace: true", "spec.shareProcessNamespace"),
        (
            "ephemeralContainers: [{name: e, image: x}]",
            "spec.ephemeralContainers",
        ),
        ("nodeName: control-plane", "spec.nodeName"),
        ("tolerations: [{operator: Exists}]", "spec.tolerations"),
        (
            "priorityClassName: system-cluster-critical",
            "spec.priorityClassName",
        ),
        ("runtimeClassName: x", "spec.runtimeClassName"),
        ("schedulerName: x", "spec.schedulerName"),
        ("imagePullSecrets: [{name: x}]", "spec.imagePullSecrets"),
        ("dnsConfig: {nameservers: [10.0.0.1]}", "spec.dnsConfig"),
        ("resourceClaims: [{name: x}]", "spec.resourceClaims"),
        ("serviceAccount: x", "spec.serviceAccount"),
    ] {
        cases.push((at_pod(line), says));
    }
    cases
}
