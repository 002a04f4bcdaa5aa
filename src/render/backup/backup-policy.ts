import type { ClusterObject } from "../cluster/cluster-object.ts";
import { rulesFor } from "../cluster/network-policies.ts";
import { BACKUP_LABEL } from "./backup-job.ts";

/** What the pods of a Backup reach. */
export interface BackupReach {
  readonly namespace: string;
  readonly owner: { readonly apiVersion: string; readonly name: string; readonly uid: string };
  /** `HOST:PORT` of the site's database and of the store, where there are. */
  readonly targets: readonly string[];
}

/** The internet, without what is private and without metadata servers: a policy can't say a service's name. */
const INTERNET = {
  cidr: "0.0.0.0/0",
  except: ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
};

/**
 * The way out of a Backup's pods, in a namespace that is closed otherwise: its database and its store, by their ports. Nobody comes in. No more than what a
 * site's file may ask for its own pods (`connects`), since whoever writes a BackupStore is a tenant.
 */
export function backupPolicy({ namespace, owner, targets }: BackupReach): ClusterObject {
  const egress = targets.flatMap((target) => {
    const port = Number(target.slice(target.lastIndexOf(":") + 1));
    return [...rulesFor(target), ...(isPublicName(target) ? [{ to: [{ ipBlock: INTERNET }], ports: [{ protocol: "TCP", port }] }] : [])];
  });
  const reference = { apiVersion: owner.apiVersion, kind: "Backup", name: owner.name, uid: owner.uid, controller: true };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: `howdah-backup-${owner.name}`,
      namespace,
      labels: { "app.kubernetes.io/managed-by": "howdah", [BACKUP_LABEL]: owner.name },
      ownerReferences: [reference],
    },
    spec: { podSelector: { matchLabels: { [BACKUP_LABEL]: owner.name } }, policyTypes: ["Ingress", "Egress"], ingress: [], egress },
  };
}

/** Neither an address nor a Service of the cluster. */
function isPublicName(target: string): boolean {
  const host = target.slice(0, target.lastIndexOf(":"));
  return !/\.svc(\.|$)/.test(host) && !/^[0-9.]+$/.test(host) && !host.includes(":") && host.includes(".");
}
