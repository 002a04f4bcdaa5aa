import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { DatabaseServerDocument } from "../../workflows/database-server/database-server-document.ts";
import type { KeptRouters } from "../../workflows/database-server/keep-routers.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import type { Verdict } from "../status.ts";

/** Tells the pods of routers that know users what they must know, and says which of them are not in step; the condition's time says since when. */
export async function tellRouters(
  document: DatabaseServerDocument,
  { portsFor, metrics, log }: Pick<OperatorPorts, "portsFor" | "metrics" | "log">,
): Promise<Verdict> {
  const { name } = document;
  const reports = await portsFor(SYSTEM_NAMESPACE)
    .routers?.tell(document)
    .catch((error: unknown) => {
      if (error instanceof HowdahError) return error;
      throw error;
    });
  if (reports === undefined || reports instanceof HowdahError)
    return verdict("Unknown", "UsersUnknown", `Nobody says who the users are, so routers keep what they know: ${reports?.message ?? ""}`);
  // What lasts is in the condition, once, and not in the log at every look.
  for (const { pod, state, detail } of reports) if (state === "changed") log("info", "router told", { server: name, pod, state, detail });
  const away = reports.filter(isAway);
  for (const [state, count] of [
    ["in-step", reports.length - away.length],
    ["out-of-step", away.length],
  ] as const)
    metrics?.gauge("howdah_router_pods", { server: name, state }, () => count);
  if (away.length === 0) return verdict("True", "AllTold", "Every router knows all users, and leads to the writer that the nodes name");
  return verdict("False", "RoutersOutOfStep", away.map(({ pod, detail }) => `${pod}: ${detail}`).join("; "));
}

type PodReport = Awaited<ReturnType<KeptRouters["tell"]>>[number];

function isAway({ state }: PodReport): boolean {
  return state === "drifted" || state === "unreachable";
}

function verdict(status: Verdict["status"], reason: string, message: string): Verdict {
  return { type: "RoutersInStep", status, reason, message };
}
