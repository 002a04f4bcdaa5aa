import { expect, it } from "vitest";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { operatorRig } from "../../operator/testing/operator-rig.ts";
import { createClusterTenant, suspendClusterTenant } from "./cluster-tenants.ts";
import { rotateClusterKey } from "./rotate-cluster-key.ts";

const never = new AbortController().signal;

/** A tenant of a cluster whose operator looks each time that somebody waits. */
async function tenant({ looks = true } = {}) {
  const rig = operatorRig();
  const cluster = { api: rig.api, context: "prod" } as unknown as ConnectedCluster;
  await createClusterTenant({ name: "acme", profile: undefined }, cluster, never);
  await rig.tenant("acme");
  let now = 0;
  const sleep = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    if (looks) await rig.tenant("acme");
  };
  const workflow = { ports: { clock: { now: () => now, sleep } }, context: { emit: () => undefined, signal: never } };
  const rotate = (finish: boolean, word = "1") => rotateClusterKey("acme", { finish, word }, cluster, workflow);
  return { ...rig, cluster, rotate };
}

it("answers the key that signs, once the operator has done it", async () => {
  const { rotate } = await tenant();
  const { keyId } = await rotate(false);
  expect(keyId).toMatch(/^[\w-]{43}$/);
  await expect(rotate(false, "2")).rejects.toMatchObject({ code: "usage/invalid" });
  expect(await rotate(true)).toEqual({ keyId });
  await expect(rotate(true, "2")).rejects.toMatchObject({ code: "usage/invalid" });
});

it("asks for nothing of a tenant that is suspended, and says so when nobody looks", async () => {
  const { cluster, rotate } = await tenant({ looks: false });
  await expect(rotate(false)).rejects.toMatchObject({ code: "cluster/not-installed" });
  await suspendClusterTenant("acme", true, cluster, never);
  await expect(rotate(false, "2")).rejects.toMatchObject({ code: "tenant/suspended" });
});
