/**
 * What the program of a breed's Job may do, in its site's namespace only: its servers are pods that it makes, speaks to and takes away, what it remembers lies
 * in ConfigMaps, and what it publishes are snapshots. It neither reads Secrets by the API nor touches claims. Whoever gives rights must have them: the operator.
 */
export const breederRules = [
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "create", "delete"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  // Over a WebSocket it is a GET: up to 1.34 the API server asks for `get`, from 1.35 on for `create`.
  { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "create", "update", "delete"] },
  { apiGroups: ["snapshot.storage.k8s.io"], resources: ["volumesnapshots"], verbs: ["get", "list", "create", "delete"] },
  // The rules as they are now, and not as they were when the site was last deployed.
  { apiGroups: ["howdah.dev"], resources: ["sites"], verbs: ["get"] },
] as const;
