import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { askMailbox } from "./ask-mailbox.ts";

/** Deletes all mails of an environment; answers how many there were. */
export async function clearMails(
  record: Pick<SiteRecord, "site" | "namespace">,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<number> {
  const { deleted } = (await askMailbox(record, ["clear"], ports, context)) as { readonly deleted: number };
  return deleted;
}
