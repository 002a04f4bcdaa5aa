import type { Ports } from "../ports.ts";

/** Whether the agent runs: nothing is wrong without it on a machine without sites, but sites that sleep are woken by nobody else. */
export async function checkAgent(
  ports: Pick<Ports, "agent" | "engine" | "records">,
): Promise<{ name: string; ok: boolean; detail: string; fix?: string }> {
  const { running, how } = await ports.agent.status();
  if (running) return { name: "agent", ok: true, detail: `running (${how})` };
  const asleep: string[] = [];
  for (const { namespace } of await ports.records.list())
    if ((await ports.engine.use(namespace)).state === "asleep") asleep.push(namespace);
  return asleep.length === 0
    ? { name: "agent", ok: true, detail: "not running; `howdah up` starts it" }
    : { name: "agent", ok: false, detail: `not running, so nobody wakes ${asleep.join(", ")}`, fix: "howdah agent" };
}
