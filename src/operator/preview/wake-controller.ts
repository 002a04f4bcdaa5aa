import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { unlessUnknown } from "./unless-unknown.ts";

/** On a snapshot that goes: when somebody last asked for it to be looked at. RFC 3339. */
const ASKED_ANNOTATION = `${LABEL_PREFIX}/asked-to-go`;

/** What is well takes a second or two. */
const PATIENCE_MS = 5000;

/**
 * Changes snapshots of a namespace that are on their way out for longer than that, so that their controller looks again: where it finds the content gone
 * before it comes to delete that, it stops there and never comes back by itself (seen with external-snapshotter v8), and the namespace stays for minutes, until
 * Kubernetes asks for it once more. Milliseconds in `now`.
 */
export async function wakeSnapshotController(
  namespace: string,
  { api, clock }: Pick<OperatorPorts, "api" | "clock">,
  signal: AbortSignal,
): Promise<void> {
  const now = clock.now();
  const { items } = await api.list(resources.VolumeSnapshot, { namespace }, signal).catch(unlessUnknown);
  for (const { metadata } of items) {
    const { name, resourceVersion, deletionTimestamp, annotations } = metadata;
    const since = deletionTimestamp === undefined ? now : Date.parse(annotations?.[ASKED_ANNOTATION] ?? deletionTimestamp);
    if (now - since < PATIENCE_MS) continue;
    const patch = { metadata: { resourceVersion, annotations: { [ASKED_ANNOTATION]: new Date(now).toISOString() } } };
    await api.mergePatch({ resource: resources.VolumeSnapshot, namespace, name }, patch, {}, signal).catch(unlessGone);
  }
}

/** It changed, or went, meanwhile: that is what was wanted. */
function unlessGone(error: unknown): void {
  if (!(error instanceof HowdahError && (error.code === "cluster/conflict" || error.code === "cluster/rejected"))) throw error;
}
