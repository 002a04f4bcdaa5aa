import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOWDAH_GROUP, resources } from "../../kubernetes/resources.ts";
import { rendered } from "../../render/rendered.ts";
import type { HttpRoute, Rendered } from "../../render/objects.ts";
import { hostname } from "../../site/schema/grammar.ts";
import { tinySurroundings } from "../contract-objects.ts";
import { overlaps } from "../hostnames-meet.ts";
import { behave } from "../testing/behave.ts";
import { simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };

/** Namespaces with the tenants that have them. */
async function cluster(tenants: Readonly<Record<string, string>>) {
  const simulated = await simulatedCluster(behave);
  const engine = simulatedEngine(simulated);
  for (const [namespace, tenant] of Object.entries(tenants)) {
    await engine.prepare(namespace, context);
    const metadata = { labels: { [`${HOWDAH_GROUP}/tenant`]: tenant } };
    await simulated.api.mergePatch({ resource: resources.Namespace, namespace: undefined, name: namespace }, { metadata });
  }
  return {
    claim: async (namespace: string, ...hostnames: readonly string[]): Promise<string> => {
      const found = tinySurroundings("any.test").find(({ key }) => key === "HTTPRoute/tiny") as Rendered<HttpRoute>;
      const desired = rendered({ ...found.object, spec: { ...found.object.spec, hostnames } });
      const step = { do: "update", key: desired.key, desired, because: "test" } as const;
      return engine.apply(namespace, step, context).then(
        () => "serves",
        (error: unknown) => (error as Error).message,
      );
    },
  };
}

describe("hostnames that two tenants claim (E6)", () => {
  it.each([
    { first: "shop.acme.test", second: "shop.acme.test", refused: true },
    { first: "*.acme.test", second: "shop.acme.test", refused: true },
    { first: "*.acme.test", second: "a.b.acme.test", refused: true },
    { first: "shop.acme.test", second: "*.acme.test", refused: true },
    { first: "shop.acme.test", second: "*.test", refused: true },
    { first: "*.acme.test", second: "*.acme.test", refused: true },
    { first: "*.acme.test", second: "*.b.acme.test", refused: true },
    { first: "*.b.acme.test", second: "*.acme.test", refused: true },
    { first: "*.acme.test", second: "acme.test", refused: false },
    { first: "*.acme.test", second: "shopacme.test", refused: false },
    { first: "acme.test", second: "*.acme.test", refused: false },
    { first: "shop.acme.test", second: "shop.other.test", refused: false },
    { first: "xn--bcher-kva.test", second: "*.test", refused: true },
  ])("$second after another's $first: refused $refused", async ({ first, second, refused }) => {
    const { claim } = await cluster({ one: "acme", two: "other" });
    expect(await claim("one", first)).toBe("serves");
    expect(await claim("two", second)).toEqual(refused ? expect.stringContaining('belongs to "one" already') : "serves");
  });

  it("are refused in two hundred random cases exactly when a visitor could mean both", async () => {
    const label = fc.constantFrom("a", "b", "shop", "xn--bcher-kva");
    const name = fc
      .tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 2 }))
      .map(([wild, labels]) => `${wild ? "*." : ""}${labels.join(".")}.test`);
    await fc.assert(
      fc.asyncProperty(name, name, async (first, second) => {
        const { claim } = await cluster({ one: "acme", two: "other" });
        await claim("one", first);
        expect(await claim("two", second)).toEqual(meetsBoth(first, second) ? expect.stringContaining("belongs to") : "serves");
      }),
      { numRuns: 200 },
    );
  });

  it("are no matter between namespaces of one tenant, but for the very same name", async () => {
    const { claim } = await cluster({ one: "acme", two: "acme" });
    expect(await claim("one", "*.acme.test")).toBe("serves");
    expect(await claim("two", "shop.acme.test")).toBe("serves");
    expect(await claim("two", "*.acme.test")).toContain("belongs to");
  });

  it("leave what serves already alone, whoever came later", async () => {
    const { claim } = await cluster({ one: "acme", two: "acme" });
    await claim("one", "*.acme.test");
    await claim("two", "shop.acme.test");
    expect(await claim("two", "shop.acme.test")).toBe("serves");
  });

  it.each(["SHOP.acme.test", "shop.acme.test.", "bücher.test", "shop.acme.test:80", "shop .acme.test", "*.*.test", "*", "shop.*.test"])(
    "are written in one way only: %j is none",
    (written) => {
      expect(hostname.safeParse(written).success).toBe(false);
    },
  );
});

/** Whether there is a hostname that both match, by what a Gateway says of them: tried with every name up to four labels. */
function meetsBoth(first: string, second: string): boolean {
  const labels = ["a", "b", "shop", "xn--bcher-kva", "z"];
  const names = labels.flatMap((one) => [
    `${one}.test`,
    ...labels.flatMap((two) => [`${two}.${one}.test`, ...labels.map((three) => `${three}.${two}.${one}.test`)]),
  ]);
  const matches = (pattern: string, name: string): boolean =>
    pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern;
  const both = names.some((name) => matches(first, name) && matches(second, name));
  expect(overlaps(first, second)).toBe(both);
  return both;
}
