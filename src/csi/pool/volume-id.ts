import { createHash } from "node:crypto";

const shape = /^[vs]-([0-9a-f]{8})-[0-9a-f]{32}$/;

/** Where what an id names can be: on this node, on another one, or nowhere since no node of ours makes such ids. */
export type Whereabouts = "here" | "elsewhere" | "nowhere";

/** Ids follow from names: who asks twice for a name, before and after a crash, means the same volume, without an index that could be lost. */
export function volumeId(node: string, name: string): string {
  return `v-${nodeKey(node)}-${digest(`volume\0${name}`)}`;
}

/** As `volumeId`, for snapshots. */
export function snapshotId(node: string, name: string): string {
  return `s-${nodeKey(node)}-${digest(`snapshot\0${name}`)}`;
}

/**
 * Ids carry their node: who is asked to delete what lies on another one must not answer that it is gone, which is what CSI wants to hear of
 * ids that nobody knows.
 */
export function whereabouts(node: string, id: string): Whereabouts {
  const key = shape.exec(id)?.[1];
  if (key === undefined) return "nowhere";
  return key === nodeKey(node) ? "here" : "elsewhere";
}

function nodeKey(node: string): string {
  return digest(`node\0${node}`).slice(0, 8);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
