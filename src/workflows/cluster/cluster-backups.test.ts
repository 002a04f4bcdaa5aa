import { expect, it } from "vitest";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { operatorRig } from "../../operator/testing/operator-rig.ts";
import { askClusterBackup } from "./cluster-backups.ts";

const place = { resource: resources.Backup, namespace: "acme", name: "site" };
const VALUE = "20261120-030405-ab12/1";

/** A Backup that nobody has looked at, and what an operator does while somebody waits. */
async function asking(operator: (waits: number, say: (status: object) => Promise<unknown>) => Promise<unknown>) {
  const { api } = operatorRig();
  const metadata = { name: "site", namespace: "acme" };
  await api.create(resources.Backup, { apiVersion: "howdah.dev/v1alpha1", kind: "Backup", metadata, spec: {} });
  const time = { now: 0, waits: 0 };
  const sleep = async (milliseconds: number): Promise<void> => {
    time.now += milliseconds;
    time.waits += 1;
    await operator(time.waits, (status) => api.mergePatch(place, { status }, { subresource: "status" }));
  };
  const wish = async () => (await api.get(place))?.metadata.annotations?.["howdah.dev/restore"];
  const cluster = { api, context: "prod" } as unknown as ConnectedCluster;
  const workflow = {
    ports: { clock: { now: () => time.now, sleep } },
    context: { emit: () => undefined, signal: new AbortController().signal },
  };
  const ask = () => askClusterBackup({ cluster, namespace: "acme" }, "site", { what: "restore", value: VALUE }, workflow);
  return { ask, wish };
}

it("asks a Backup that was just made for a restore only when the operator has seen it: else it took it for an old wish", async () => {
  const early: unknown[] = [];
  const { ask, wish } = await asking(async (waits, say) => {
    if (waits === 1) early.push(await wish());
    return say(waits === 1 ? { observedGeneration: 1 } : { asked: { restore: VALUE }, restored: { id: "20261120-030405-ab12" } });
  });
  expect((await ask()).status.restored).toEqual({ id: "20261120-030405-ab12" });
  expect([early, await wish()]).toEqual([[undefined], VALUE]);
});

it("asks for nothing where no operator looks", async () => {
  const { ask, wish } = await asking(async () => undefined);
  await expect(ask()).rejects.toMatchObject({ code: "cluster/not-installed" });
  expect(await wish()).toBeUndefined();
});
