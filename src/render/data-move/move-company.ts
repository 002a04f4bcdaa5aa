import type { ClusterObject } from "../cluster/cluster-object.ts";
import { moveLabels, moveMark, SENDER_NAMESPACE } from "./move-labels.ts";
import { type Move, moveName, type Receiver, SENDER_DATA } from "./move-jobs.ts";
import { SENDER_PORT, SENDER_USER, senderConfig } from "./rsyncd-config.ts";

/**
 * The namespace of senders. Pod Security stands at `privileged` here alone, since no other level lets a pod read a directory of its node; nothing else
 * ever runs in it, and it is gone when nothing is moved. `now` changes it with every move: who would delete it as unused then sees that it is not.
 */
export function senderNamespace({ now }: Pick<Move, "now">): ClusterObject {
  const modes = ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "privileged"]);
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: SENDER_NAMESPACE,
      labels: { "app.kubernetes.io/managed-by": "howdah", [moveMark.role]: "sender", ...Object.fromEntries(modes) },
      annotations: { [moveMark.renewed]: now },
    },
  };
}

type Company = readonly [secret: ClusterObject, policy: ClusterObject];

/** What the receiving Job owns when it asks a sender: the password, and the way out to that sender alone. */
export function receiverCompany(move: Move, { namespace }: Pick<Receiver, "namespace">, password: string): Company {
  const to = { ...inNamespace(SENDER_NAMESPACE), podSelector: { matchLabels: moveLabels("sender", move.id) } };
  return [
    secret(move, "receiver", namespace, { password: `${password}\n` }),
    policy(move, "receiver", namespace, { policyTypes: ["Egress"], egress: [{ to: [to], ports }] }),
  ];
}

/** What the sending Job owns: its configuration with the password, and a fence that only its receiver gets through. */
export function senderCompany(move: Move, receiver: Pick<Receiver, "namespace">, password: string): Company {
  const from = { ...inNamespace(receiver.namespace), podSelector: { matchLabels: moveLabels("receiver", move.id) } };
  return [
    secret(move, "sender", SENDER_NAMESPACE, { "rsyncd.conf": senderConfig(SENDER_DATA), secrets: `${SENDER_USER}:${password}\n` }),
    policy(move, "sender", SENDER_NAMESPACE, { policyTypes: ["Ingress", "Egress"], ingress: [{ from: [from], ports }], egress: [] }),
  ];
}

const ports = [{ protocol: "TCP", port: SENDER_PORT }];
const inNamespace = (name: string): object => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });

function secret(move: Move, role: "receiver" | "sender", namespace: string, stringData: Readonly<Record<string, string>>): ClusterObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: moveName(role, move), namespace, labels: moveLabels(role, move.id) },
    type: "Opaque",
    stringData,
  };
}

function policy(move: Move, role: "receiver" | "sender", namespace: string, spec: object): ClusterObject {
  const labels = moveLabels(role, move.id);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: moveName(role, move), namespace, labels },
    spec: { podSelector: { matchLabels: labels }, ...spec },
  };
}
