import type { LabelSelector, NetworkPod, NetworkPolicy, NetworkView } from "./network-model.ts";

/** A small cluster and a policy of its namespace `default`, with the outcomes that Kubernetes' documentation states in words. */

const pod = (namespace: string, name: string, address: string, labels: Record<string, string> = { role: name }): NetworkPod => ({
  namespace,
  name,
  labels,
  node: "node-1",
  address,
  ports: [{ name: "http", protocol: "TCP", port: name === "frontend" ? 8080 : 80 }],
});

const pods: readonly NetworkPod[] = [
  pod("default", "db", "10.244.1.2"),
  pod("default", "frontend", "10.244.1.3"),
  pod("default", "other", "10.244.2.4"),
  pod("myproject", "client", "10.244.2.5", { role: "client" }),
  pod("myproject", "job", "10.244.2.6", { role: "job" }),
  pod("elsewhere", "stranger", "10.244.3.7", { role: "client" }),
];

const namespaces = ["default", "myproject", "elsewhere"].map((name) => ({
  metadata: {
    name,
    labels: { "kubernetes.io/metadata.name": name, ...(name === "myproject" ? { project: "myproject", user: "alice" } : {}) },
  },
}));

/** From whom (a pod, or an address outside), to whom, protocol and port. */
export type Attempt = `${string} -> ${string}`;

/** Policies of one page of the documentation, and what passes and what doesn't while they hold. */
export interface Documented {
  readonly name: string;
  readonly policies: readonly NetworkPolicy["spec"][];
  readonly passes: readonly Attempt[];
  readonly denied: readonly Attempt[];
}

export const viewWith = (policies: Documented["policies"]): NetworkView => ({
  pods,
  namespaces,
  policies: policies.map((spec, index) => ({ metadata: { name: `policy-${String(index)}`, namespace: "default" }, ...(spec && { spec }) })),
});

const everything: LabelSelector = {};
const role = (value: string): LabelSelector => ({ matchLabels: { role: value } });
const alice = { matchLabels: { user: "alice" } };

export const documented: readonly Documented[] = [
  {
    name: "without policies everything passes",
    policies: [],
    passes: ["frontend -> db tcp 6379", "stranger -> db udp 1", "db -> 8.8.8.8 tcp 443", "1.2.3.4 -> db tcp 80"],
    denied: [],
  },
  {
    name: "the example of the page: sources add up, the port and the range outward are bounds",
    policies: [
      {
        podSelector: role("db"),
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            from: [
              { ipBlock: { cidr: "172.17.0.0/16", except: ["172.17.1.0/24"] } },
              { namespaceSelector: { matchLabels: { project: "myproject" } } },
              { podSelector: role("frontend") },
            ],
            ports: [{ protocol: "TCP", port: 6379 }],
          },
        ],
        egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/24" } }], ports: [{ protocol: "TCP", port: 5978 }] }],
      },
    ],
    passes: [
      "frontend -> db tcp 6379",
      "client -> db tcp 6379",
      "job -> db tcp 6379",
      "172.17.0.255 -> db tcp 6379",
      "172.17.2.0 -> db tcp 6379",
      "172.17.255.255 -> db tcp 6379",
      "db -> 10.0.0.9 tcp 5978",
      "other -> frontend tcp 1",
      "frontend -> 8.8.8.8 tcp 443",
      "db -> db tcp 1",
    ],
    denied: [
      "other -> db tcp 6379",
      "stranger -> db tcp 6379",
      "172.17.1.1 -> db tcp 6379",
      "172.18.0.1 -> db tcp 6379",
      "frontend -> db tcp 80",
      "frontend -> db udp 6379",
      "db -> 10.0.1.9 tcp 5978",
      "db -> 10.0.0.9 tcp 443",
      "db -> frontend tcp 5978",
    ],
  },
  {
    name: "one peer with both selectors: those pods in those namespaces",
    policies: [{ podSelector: role("db"), ingress: [{ from: [{ namespaceSelector: alice, podSelector: role("client") }] }] }],
    passes: ["client -> db tcp 1", "client -> db udp 1"],
    denied: ["job -> db tcp 1", "stranger -> db tcp 1", "frontend -> db tcp 1"],
  },
  {
    name: "two peers: those pods of the own namespace, and all pods of those namespaces",
    policies: [{ podSelector: role("db"), ingress: [{ from: [{ namespaceSelector: alice }, { podSelector: role("frontend") }] }] }],
    passes: ["client -> db tcp 1", "job -> db tcp 1", "frontend -> db tcp 1"],
    denied: ["stranger -> db tcp 1", "other -> db tcp 1"],
  },
  {
    name: "default deny all ingress",
    policies: [{ podSelector: everything, policyTypes: ["Ingress"] }],
    passes: ["db -> 8.8.8.8 udp 53", "db -> client tcp 1"],
    denied: ["frontend -> db tcp 1", "client -> db tcp 1", "1.2.3.4 -> frontend tcp 80"],
  },
  {
    name: "allow all ingress, whatever other policies say",
    policies: [
      { podSelector: everything, policyTypes: ["Ingress"] },
      { podSelector: everything, ingress: [{}], policyTypes: ["Ingress"] },
    ],
    passes: ["frontend -> db tcp 1", "1.2.3.4 -> db udp 1"],
    denied: [],
  },
  {
    name: "default deny all egress",
    policies: [{ podSelector: everything, policyTypes: ["Egress"] }],
    passes: ["client -> db tcp 1", "1.2.3.4 -> db tcp 80"],
    denied: ["db -> 8.8.8.8 udp 53", "frontend -> client tcp 80"],
  },
  {
    name: "allow all egress",
    policies: [{ podSelector: everything, egress: [{}], policyTypes: ["Egress"] }],
    passes: ["db -> 8.8.8.8 udp 53", "frontend -> client tcp 80", "client -> db tcp 1"],
    denied: [],
  },
  {
    name: "default deny in both directions",
    policies: [{ podSelector: everything, policyTypes: ["Ingress", "Egress"] }],
    passes: ["client -> stranger tcp 1"],
    denied: ["db -> 8.8.8.8 udp 53", "client -> db tcp 1"],
  },
  {
    name: "between two pods both directions must pass: one that may not go out does not come in",
    policies: [
      { podSelector: role("frontend"), policyTypes: ["Egress"] },
      { podSelector: role("db"), ingress: [{ from: [{ podSelector: role("frontend") }, { podSelector: role("other") }] }] },
    ],
    passes: ["other -> db tcp 1"],
    denied: ["frontend -> db tcp 1"],
  },
  {
    name: "a range of ports with endPort",
    policies: [
      {
        podSelector: role("db"),
        policyTypes: ["Egress"],
        egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/24" } }], ports: [{ protocol: "TCP", port: 32000, endPort: 32768 }] }],
      },
    ],
    passes: ["db -> 10.0.0.1 tcp 32000", "db -> 10.0.0.1 tcp 32500", "db -> 10.0.0.1 tcp 32768"],
    denied: ["db -> 10.0.0.1 tcp 31999", "db -> 10.0.0.1 tcp 32769", "db -> 10.0.0.1 udp 32000"],
  },
  {
    name: "several namespaces by their name's label",
    policies: [
      {
        podSelector: role("db"),
        policyTypes: ["Egress"],
        egress: [
          {
            to: [
              {
                namespaceSelector: {
                  matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["myproject", "elsewhere"] }],
                },
              },
            ],
          },
        ],
      },
    ],
    passes: ["db -> client tcp 1", "db -> stranger tcp 1"],
    denied: ["db -> frontend tcp 1"],
  },
  {
    name: "without policyTypes, rules outward make it about both directions",
    policies: [{ podSelector: role("db"), egress: [{ ports: [{ protocol: "UDP", port: 53 }] }] }],
    passes: ["db -> 8.8.8.8 udp 53"],
    denied: ["db -> 8.8.8.8 tcp 53", "frontend -> db tcp 1"],
  },
  {
    name: "a port's name is the number that the pod at the far end gives it",
    policies: [
      { podSelector: role("db"), policyTypes: ["Egress"], egress: [{ to: [{ podSelector: everything }], ports: [{ port: "http" }] }] },
      { podSelector: role("other"), ingress: [{ ports: [{ port: "http" }] }] },
    ],
    passes: ["db -> frontend tcp 8080", "db -> other tcp 80", "1.2.3.4 -> other tcp 80"],
    denied: ["db -> frontend tcp 80", "db -> other tcp 8080", "db -> client tcp 80", "frontend -> other tcp 8080"],
  },
  {
    name: "a port of a protocol without number is all its ports",
    policies: [{ podSelector: role("db"), ingress: [{ ports: [{ protocol: "UDP" }] }] }],
    passes: ["frontend -> db udp 1", "1.2.3.4 -> db udp 65535"],
    denied: ["frontend -> db tcp 1"],
  },
];
