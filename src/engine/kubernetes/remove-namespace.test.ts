import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { tinyDeployment, tinySurroundings } from "../contract-objects.ts";
import { behave } from "../testing/behave.ts";
import { simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

it("removes a site without volumes for an operator, who may list no secrets", async () => {
  const cluster = await simulatedCluster(behave);
  const engine = simulatedEngine(cluster, {
    ...cluster.api,
    list: async (resource, ...how) => {
      if (resource.kind === "Secret") throw new HowdahError("cluster/forbidden", "secrets is forbidden");
      return cluster.api.list(resource, ...how);
    },
  });
  const context = { emit: () => undefined, signal: new AbortController().signal };
  await engine.prepare("alpha", context);
  const site = [...tinySurroundings("alpha.localhost"), tinyDeployment({ image: "test", behave: ["serve", "one"] })];
  for (const step of planObjects(
    site.filter(({ object }) => object.kind !== "PersistentVolumeClaim"),
    await engine.inventory("alpha"),
  ))
    await engine.apply("alpha", step, context);
  await engine.remove("alpha", context);
  expect(cluster.api.all("Deployment")).toEqual([]);
});
