/**
 * So long a pod is left on a node that the cluster has lost sight of: Kubernetes' own 300 s leave a site of two pods with one for five
 * minutes. Nothing is lost by starting one too many: the pods of Deployments have no volume of their own. Nodes that restart come back later
 * than that, or are drained before.
 */
const LOST_NODE_SECONDS = 30;

/** What a pod tolerates of its node, so that another one soon takes its place elsewhere. */
export function leaveLostNodes(): readonly object[] {
  return ["not-ready", "unreachable"].map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: LOST_NODE_SECONDS,
  }));
}
