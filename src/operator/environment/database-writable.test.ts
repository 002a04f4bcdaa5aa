import { expect, it } from "vitest";
import { operatorRig } from "../testing/operator-rig.ts";
import { reconcileSite } from "../site/reconcile-site.ts";
import { reconcileEnvironment } from "./reconcile-environment.ts";

it("says of an environment and its Site that the database takes no writes, as long as that is so", async () => {
  const rig = operatorRig();
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  const never = new AbortController().signal;
  const look = async (blocked: { readonly reason: string; readonly message: string } | undefined): Promise<readonly string[]> => {
    const operator = { ...rig.operator, whyNoWrites: async () => blocked };
    await reconcileEnvironment(operator)({ namespace: "acme", name: "production" }, never);
    await reconcileSite(operator)({ namespace: "acme", name: "blog" }, never);
    return [...(await rig.conditions("Environment", "production")), ...(await rig.conditions("Site", "blog"))];
  };
  const serves = "Ready=True AllComponentsServing";
  const blocked = "DatabaseWritable=False DiskAlmostFull";
  expect(await look({ reason: "DiskAlmostFull", message: "almost full" })).toEqual([blocked, serves, blocked, serves]);
  expect(await look(undefined)).toEqual([serves, serves]);
});
