import { SEALED } from "../render/sealed.ts";
import type { Container, Deployment, Manifest, NetworkPolicy, PodSpec, Rendered, StatefulSet } from "../render/objects.ts";
import { rendered } from "../render/rendered.ts";

/**
 * Objects of a tiny site for the contract suite. Its containers run the program `behave` (test/support has it as an image, the memory
 * engine's test as a function): `serve TEXT`, `never-ready`, `crash`, `fail CODE`, and for exec `exit N`, `cat [FILE]`, `write FILE TEXT`,
 * `env NAME`, `reach HOST PORT`.
 */
export interface TinySite {
  readonly image: string;
  readonly behave: readonly string[];
  readonly replicas?: number;
  readonly deadline?: number;
  readonly secret?: string;
  readonly preStop?: number;
}

const labels = { "app.kubernetes.io/name": "tiny" };
export const WEB_PORT = 8080;

function container(site: TinySite): Container {
  const probe = { httpGet: { path: "/", port: WEB_PORT }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 3 };
  return {
    name: "main",
    image: site.image,
    command: ["behave", ...site.behave],
    env: [
      { name: "PLAIN", value: "plain" },
      ...(site.secret === undefined ? [] : [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: site.secret, key: "password" } } }]),
    ],
    ports: [{ name: "http", containerPort: WEB_PORT }],
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "tmp", mountPath: "/tmp" },
      { name: "scratch", mountPath: "/scratch" },
      { name: "files", mountPath: "/srv/web", readOnly: true },
      ...(site.secret === undefined ? [] : [{ name: "secret", mountPath: "/srv/secret", readOnly: true }]),
    ],
    resources: { limits: { memory: "64Mi", cpu: "1" } },
    securityContext: SEALED,
    readinessProbe: probe,
    ...(site.preStop === undefined ? {} : { lifecycle: { preStop: { sleep: { seconds: site.preStop } } } }),
    stopSignal: "SIGQUIT",
  };
}

function podSpec(site: TinySite): PodSpec {
  return {
    initContainers: [],
    containers: [container(site)],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: "data" } },
      { name: "tmp", emptyDir: { medium: "Memory", sizeLimit: "4Mi" } },
      { name: "scratch", emptyDir: { sizeLimit: "4Mi" } },
      { name: "files", configMap: { name: "files" } },
      ...(site.secret === undefined ? [] : [{ name: "secret", secret: { secretName: site.secret } }]),
    ],
    terminationGracePeriodSeconds: 3,
    restartPolicy: "Always",
    automountServiceAccountToken: false,
  };
}

/** The site's Deployment. */
export function tinyDeployment(site: TinySite): Rendered<Deployment> {
  return rendered({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "tiny", labels },
    spec: {
      replicas: site.replicas ?? 1,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "100%", maxUnavailable: 0 } },
      progressDeadlineSeconds: site.deadline ?? 120,
      template: { metadata: { labels, annotations: {} }, spec: podSpec(site) },
    },
  });
}

/** The same as a StatefulSet named `store`, for servers that other namespaces may reach. */
export function tinyStatefulSet(site: TinySite): Rendered<StatefulSet> {
  const own = { "app.kubernetes.io/name": "store" };
  return rendered({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "store", labels: own },
    spec: {
      replicas: 1,
      serviceName: "store",
      selector: { matchLabels: own },
      template: { metadata: { labels: own, annotations: {} }, spec: podSpec(site) },
    },
  });
}

/** Lets the pods of namespace `from` reach `store`. */
export function letIn(from: string): Rendered<NetworkPolicy> {
  return rendered({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `store-from-${from}`, labels },
    spec: {
      podSelector: { matchLabels: { "app.kubernetes.io/name": "store" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: {} }, namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": from } } }],
          ports: [{ port: WEB_PORT }],
        },
      ],
    },
  });
}

/** What the Deployment needs, and the way in under `hostname`. */
export function tinySurroundings(hostname: string, name = "tiny"): Rendered[] {
  const objects: Manifest[] = [
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", labels },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "files", labels }, data: { "page--one.txt": "from the config map\n" } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, labels },
      spec: {
        selector: { "app.kubernetes.io/name": name },
        ports: [
          { name: "http", port: 80, targetPort: WEB_PORT },
          { name: "pods", port: WEB_PORT, targetPort: WEB_PORT }, // as neighbours ask for it
        ],
      },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name, labels },
      spec: { hostnames: [hostname], rules: [{ backendRefs: [{ name, port: 80 }] }] },
    },
  ];
  return objects.map((object) => rendered(object));
}
