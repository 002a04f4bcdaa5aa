import { join } from "node:path";
import type { Addon, Workshop } from "../addon.ts";
import { untilAvailable } from "../until-available.ts";

const IMAGE = "howdah.test/coredns:1.15.0";

/** Names of services, as every cluster has them: CoreDNS, two pods on different nodes, so that one lost node costs nobody his names. */
export const dns: Addon = {
  name: "dns",
  about: "names of services (CoreDNS)",
  byDefault: true,
  build: async (workshop) => {
    await archive(workshop);
  },
  start: async (cluster) => {
    await cluster.load([await archive(cluster)]);
    await cluster.apply(objects(cluster.settings.dnsService));
    await untilAvailable(cluster, "kube-system", "deployment/coredns");
  },
  stop: async () => {},
};

async function archive(workshop: Workshop): Promise<string> {
  const program = await workshop.goProgram({ name: "coredns", module: join(import.meta.dirname, "../coredns"), static: true });
  return await workshop.image({ name: IMAGE, files: { "/coredns": { from: program } }, entrypoint: ["/coredns"] });
}

/** No forwarder: a name that the cluster does not know is answered at once, as none; nothing asks the world outside. */
const corefile = `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    cache 5
    loadbalance
}
.:53 {
    errors
    template ANY ANY {
        rcode NXDOMAIN
    }
}
`;

function objects(address: string): readonly object[] {
  const metadata = { name: "coredns", namespace: "kube-system" };
  const labels = { "k8s-app": "kube-dns" };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: role.name },
      rules: [
        { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: role.name },
      roleRef: role,
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: corefile } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system", labels: { ...labels, "kubernetes.io/name": "CoreDNS" } },
      spec: {
        clusterIP: address,
        selector: labels,
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
        ],
      },
    },
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { ...metadata, labels }, spec: deployment(labels) },
  ];
}

function deployment(labels: Readonly<Record<string, string>>): object {
  return {
    replicas: 2,
    selector: { matchLabels: labels },
    strategy: { rollingUpdate: { maxUnavailable: 1 } },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: "coredns",
        priorityClassName: "system-cluster-critical",
        dnsPolicy: "Default",
        tolerations: ["not-ready", "unreachable"].map((state) => ({
          key: `node.kubernetes.io/${state}`,
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 5,
        })),
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: labels },
          },
        ],
        containers: [
          {
            name: "coredns",
            image: IMAGE,
            imagePullPolicy: "Never",
            args: ["-conf", "/etc/coredns/Corefile"],
            ports: [
              { containerPort: 53, name: "dns", protocol: "UDP" },
              { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
            ],
            readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 2 },
            livenessProbe: { httpGet: { path: "/health", port: 8080 }, periodSeconds: 10, timeoutSeconds: 5 },
            resources: { requests: { cpu: "20m", memory: "30Mi" }, limits: { memory: "170Mi" } },
            volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
          },
        ],
        volumes: [{ name: "config", configMap: { name: "coredns" } }],
      },
    },
  };
}
