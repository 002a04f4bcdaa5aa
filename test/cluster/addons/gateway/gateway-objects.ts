import type { Settings } from "../../settings.ts";

/** Everything of the gateway is in this namespace: policies that let visitors in name it. */
export const GATEWAY_NAMESPACE = "gateway";
/** The one Gateway, for HTTPRoutes of all namespaces. */
export const GATEWAY = "howdah";
/** What sites of tests are called, so that the HTTPS listener has a certificate for them. */
const HOSTNAMES = ["howdah.test", "*.howdah.test"] as const;
const LABELS = { "app.kubernetes.io/name": "traefik" };
const SECRET = "gateway-certificate";

/** Whom the HTTPS listener's certificate is for. */
export const gatewaySubject = { file: "gateway", authority: "ca", name: "gateway", names: HOSTNAMES } as const;

/** Traefik's pods, one on each node, and what they may read: all that routes can name, in all namespaces. */
export function traefikObjects(image: string): readonly object[] {
  const named = { name: "traefik", namespace: GATEWAY_NAMESPACE, labels: LABELS };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: GATEWAY_NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: named },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "traefik", labels: LABELS }, rules: rules() },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "traefik", labels: LABELS },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "traefik" },
      subjects: [{ kind: "ServiceAccount", name: "traefik", namespace: GATEWAY_NAMESPACE }],
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: named,
      spec: {
        selector: { matchLabels: LABELS },
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
        template: { metadata: { labels: LABELS }, spec: podSpec(image) },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: named,
      spec: {
        type: "LoadBalancer",
        // Each node's address leads to the Traefik on it: visitors keep their address.
        externalTrafficPolicy: "Local",
        selector: LABELS,
        ports: [port("http", 80), port("https", 443)],
      },
    },
  ];
}

/** The status of Traefik's Service as a cloud's load balancer would write it: kube-proxy answers on these addresses, and the Gateway shows them. */
export function loadBalancerStatus({ nodes }: Settings): object {
  return { status: { loadBalancer: { ingress: nodes.map(({ address }) => ({ ip: address })) } } };
}

/** The class and the one Gateway, which takes routes from all namespaces, over HTTP and HTTPS. */
export function gatewayObjects(certificate: { readonly cert: string; readonly key: string }): readonly object[] {
  const api = { apiVersion: "gateway.networking.k8s.io/v1" };
  const allowedRoutes = { namespaces: { from: "All" } };
  const tls = { mode: "Terminate", certificateRefs: [{ name: SECRET }] };
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: SECRET, namespace: GATEWAY_NAMESPACE },
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": certificate.cert, "tls.key": certificate.key },
    },
    { ...api, kind: "GatewayClass", metadata: { name: "traefik" }, spec: { controllerName: "traefik.io/gateway-controller" } },
    {
      ...api,
      kind: "Gateway",
      metadata: { name: GATEWAY, namespace: GATEWAY_NAMESPACE },
      spec: {
        gatewayClassName: "traefik",
        listeners: [
          { name: "http", protocol: "HTTP", port: 80, allowedRoutes },
          { name: "https", protocol: "HTTPS", port: 443, tls, allowedRoutes },
        ],
      },
    },
  ];
}

const port = (name: string, number: number): object => ({ name, port: number, targetPort: name, protocol: "TCP" });

function podSpec(image: string): object {
  const args = [
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
    "--entrypoints.web.address=:80",
    "--entrypoints.websecure.address=:443",
    "--entrypoints.ping.address=:8080",
    "--ping.entrypoint=ping",
    "--providers.kubernetesgateway=true",
    `--providers.kubernetesgateway.statusaddress.service.namespace=${GATEWAY_NAMESPACE}`,
    "--providers.kubernetesgateway.statusaddress.service.name=traefik",
  ];
  const probe = (path: string): object => ({ httpGet: { path, port: 8080 }, periodSeconds: 2 });
  return {
    serviceAccountName: "traefik",
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: "RuntimeDefault" },
      // A listener of a Gateway has the port that Traefik listens on: 80 and 443, without privileges.
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
    },
    containers: [
      {
        name: "traefik",
        image,
        imagePullPolicy: "Never",
        args,
        ports: [
          { name: "http", containerPort: 80 },
          { name: "https", containerPort: 443 },
        ],
        readinessProbe: probe("/ping"),
        resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "256Mi" } },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      },
    ],
  };
}

function rules(): readonly object[] {
  const read = ["get", "list", "watch"];
  const kinds = ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "referencegrants", "backendtlspolicies"];
  return [
    { apiGroups: [""], resources: ["namespaces", "services", "secrets", "configmaps"], verbs: read },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
    { apiGroups: ["gateway.networking.k8s.io"], resources: kinds, verbs: read },
    { apiGroups: ["gateway.networking.k8s.io"], resources: kinds.map((kind) => `${kind}/status`), verbs: ["update"] },
  ];
}
