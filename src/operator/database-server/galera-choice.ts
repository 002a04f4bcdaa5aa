import type { PersonsChoice } from "../../plan/galera/decide-recovery.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";

/** `kubectl annotate databaseserver NAME howdah.dev/begin-from=NODE@UUID:SEQNO`: what was lost with other nodes is given up. */
export const BEGIN_FROM = "howdah.dev/begin-from";

const FORM = /^([a-z][a-z0-9-]{0,62})@([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(\d{1,15})$/;

/** What a person chose; undefined when nobody did, or in another form. */
export function galeraChoice(server: KubeObject): PersonsChoice | undefined {
  const [, node, uuid, seqno] = FORM.exec(server.metadata.annotations?.[BEGIN_FROM] ?? "") ?? [];
  if (node === undefined || uuid === undefined || seqno === undefined) return undefined;
  return { node, position: { uuid, seqno: Number(seqno) } };
}
