import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Manifest, ObjectKey, Rendered } from "../render/objects.ts";
import { rendered } from "../render/rendered.ts";
import type { Inventory } from "./inventory.ts";
import { planObjects } from "./plan-objects.ts";

function object(kind: Manifest["kind"], name: string, extra: object = {}): Rendered {
  return rendered({ kind, metadata: { name, labels: {} }, ...extra } as unknown as Manifest);
}

function inventoryOf(objects: readonly (readonly [ObjectKey, string])[]): Inventory {
  return { namespace: "blog", objects: new Map(objects) };
}

const web = object("Deployment", "web");

describe("planObjects", () => {
  it.each<{ name: string; desired: Rendered[]; inventory: [ObjectKey, string][]; steps: string[] }>([
    { name: "creates what was never applied", desired: [web], inventory: [], steps: ["create Deployment/web"] },
    { name: "leaves an equal object alone", desired: [web], inventory: [[web.key, web.digest]], steps: [] },
    { name: "updates what is rendered differently", desired: [web], inventory: [[web.key, "old"]], steps: ["update Deployment/web"] },
    {
      name: "deletes only what the inventory owns",
      desired: [web],
      inventory: [
        [web.key, web.digest],
        ["ConfigMap/old", "x"],
      ],
      steps: ["delete ConfigMap/old"],
    },
    {
      name: "never deletes data",
      desired: [],
      inventory: [["PersistentVolumeClaim/uploads", "x"]],
      steps: ["keep PersistentVolumeClaim/uploads"],
    },
    {
      name: "puts first what others need, and the way in last",
      desired: [
        object("HTTPRoute", "web"),
        web,
        object("Service", "web"),
        object("ConfigMap", "nginx"),
        object("PersistentVolumeClaim", "uploads"),
      ],
      inventory: [],
      steps: [
        "create PersistentVolumeClaim/uploads",
        "create ConfigMap/nginx",
        "create Service/web",
        "create Deployment/web",
        "create HTTPRoute/web",
      ],
    },
    {
      name: "starts a new worker after the server that installs what it needs",
      desired: [object("Deployment", "worker-queue"), object("Deployment", "a-php"), web],
      inventory: [],
      steps: ["create Deployment/a-php", "create Deployment/web", "create Deployment/worker-queue"],
    },
    {
      name: "replaces a worker before what visitors reach",
      desired: [web, object("Deployment", "worker-queue")],
      inventory: [
        [web.key, "old"],
        ["Deployment/worker-queue", "old"],
      ],
      steps: ["update Deployment/worker-queue", "update Deployment/web"],
    },
    {
      name: "starts the server of sessions before PHP asks it",
      desired: [object("Deployment", "php"), object("Deployment", "worker-a"), object("Deployment", "sessions")],
      inventory: [["Deployment/php", "old"]],
      steps: ["create Deployment/sessions", "create Deployment/worker-a", "update Deployment/php"],
    },
    {
      name: "starts a new worker before what visitors reach is replaced",
      desired: [web, object("Deployment", "worker-queue")],
      inventory: [[web.key, "old"]],
      steps: ["create Deployment/worker-queue", "update Deployment/web"],
    },
    {
      name: "deletes in the reverse order, after the changes",
      desired: [web],
      inventory: [
        ["ConfigMap/old", "x"],
        ["HTTPRoute/old", "x"],
        ["Deployment/old", "x"],
      ],
      steps: ["create Deployment/web", "delete HTTPRoute/old", "delete Deployment/old", "delete ConfigMap/old"],
    },
  ])("$name", ({ desired, inventory, steps }) => {
    expect(planObjects(desired, inventoryOf(inventory)).map((step) => `${step.do} ${step.key}`)).toEqual(steps);
  });

  it("gives a reason for every step", () => {
    const steps = planObjects(
      [web],
      inventoryOf([
        ["Service/old", "x"],
        ["PersistentVolumeClaim/data", "x"],
      ]),
    );
    expect(steps.map((step) => step.because)).toEqual([
      "not in the inventory",
      "no longer rendered",
      "no longer asked for, but it holds data",
    ]);
  });

  it("is empty after it was applied, whatever there was before", () => {
    const kinds: Manifest["kind"][] = [
      "ConfigMap",
      "Service",
      "Deployment",
      "HTTPRoute",
      "PersistentVolumeClaim",
      "StatefulSet",
      "NetworkPolicy",
    ];
    const objects = fc.uniqueArray(
      fc
        .record({ kind: fc.constantFrom(...kinds), name: fc.stringMatching(/^[a-z]{1,4}$/), value: fc.integer() })
        .map(({ kind, name, value }) => object(kind, name, { value })),
      { selector: (one) => one.key },
    );
    fc.assert(
      fc.property(objects, objects, (before, after) => {
        const applied = new Map(before.map(({ key, digest }) => [key, digest]));
        for (const step of planObjects(after, { namespace: "blog", objects: applied })) {
          if (step.do === "create" || step.do === "update") applied.set(step.key, step.desired.digest);
          else applied.delete(step.key);
        }
        expect(planObjects(after, { namespace: "blog", objects: applied })).toEqual([]);
      }),
    );
  });
});
