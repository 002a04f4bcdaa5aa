import { LABEL_PREFIX } from "../../kernel/label.ts";

/** Where senders run: the one namespace that lets a pod read a directory of its node. There only while data is moved. */
export const SENDER_NAMESPACE = "howdah-data";

/** Labels and annotations of all that a move of data puts into a cluster. Another owner than the engine's, which must not touch it. */
export const moveMark = {
  /** Label: `receiver` or `sender`. */
  role: `${LABEL_PREFIX}/data`,
  /** Label of both sides: the move's own name. */
  move: `${LABEL_PREFIX}/data-move`,
  /** Annotation of the Job: who runs the command, as the machine names processes. */
  by: `${LABEL_PREFIX}/data-by`,
  /** Annotation of the Job: when the command last said that it lives, RFC 3339. */
  renewed: `${LABEL_PREFIX}/data-renewed`,
} as const;

/** Labels of one side of a move. */
export function moveLabels(role: "receiver" | "sender", move: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/managed-by": "howdah", [moveMark.role]: role, [moveMark.move]: move };
}
