import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TENANT_ANNOTATION } from "../kernel/label.ts";
import { rendered } from "../render/rendered.ts";
import type { HttpRoute, Rendered } from "../render/objects.ts";
import { tinySurroundings } from "./contract-objects.ts";
import { overlaps, takenBy } from "./hostnames-meet.ts";
import { memoryEngine } from "./memory/memory-engine.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };

function routeOf(tenant: string | undefined, hostnames: readonly string[]): HttpRoute {
  const found = tinySurroundings("any.test").find(({ key }) => key === "HTTPRoute/tiny") as Rendered<HttpRoute>;
  const annotations = tenant === undefined ? {} : { [TENANT_ANNOTATION]: tenant };
  return { ...found.object, metadata: { ...found.object.metadata, annotations }, spec: { ...found.object.spec, hostnames } };
}

const name = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom("a", "b", "shop", "xn--bcher-kva"), { minLength: 1, maxLength: 2 }))
  .map(([wild, labels]) => `${wild ? "*." : ""}${labels.join(".")}.test`);

/** Names that a visitor may ask for: as deep as the cases go, and one deeper. */
const asked = ["a", "b", "shop", "xn--bcher-kva"].flatMap((last) => [
  `${last}.test`,
  ...["a", "b", "shop", "xn--bcher-kva"].flatMap((middle) => [
    `${middle}.${last}.test`,
    `x.${middle}.${last}.test`,
    `y.x.${middle}.${last}.test`,
  ]),
  `x.${last}.test`,
]);

function answers(hostname: string, visitor: string): boolean {
  return hostname === visitor || (hostname.startsWith("*.") && visitor.endsWith(hostname.slice(1)));
}

describe("hostnames of two tenants on one machine (E6)", () => {
  it("meet in two hundred random cases exactly when a visitor could mean both, and are refused then", async () => {
    await fc.assert(
      fc.asyncProperty(name, name, async (first, second) => {
        const both = asked.some((visitor) => answers(first, visitor) && answers(second, visitor));
        expect(overlaps(first, second)).toBe(both);
        const engine = memoryEngine();
        const claim = async (namespace: string, tenant: string, hostname: string): Promise<string> => {
          await engine.prepare(namespace, context);
          const desired = rendered(routeOf(tenant, [hostname]));
          const step = { do: "update", key: desired.key, desired, because: "test" } as const;
          return engine.apply(namespace, step, context).then(
            () => "serves",
            (error: unknown) => (error as Error).message,
          );
        };
        expect(await claim("one", "acme", first)).toBe("serves");
        expect(await claim("two", "other", second)).toEqual(both ? expect.stringContaining('belongs to "one" already') : "serves");
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, string | undefined, string | undefined, string, string, string | undefined]>([
    ["the same of two plain sites", undefined, undefined, "shop.test", "shop.test", "shop.test"],
    [
      "a wildcard over a name, of two plain sites: their owner's business",
      undefined,
      undefined,
      "shop.acme.test",
      "*.acme.test",
      undefined,
    ],
    ["a wildcard over a name, of one tenant", "acme", "acme", "shop.acme.test", "*.acme.test", undefined],
    ["the same of one tenant", "acme", "acme", "shop.acme.test", "shop.acme.test", "shop.acme.test"],
    ["a tenant's over a plain site's", undefined, "acme", "shop.acme.test", "*.acme.test", "*.acme.test"],
    ["a plain site's over a tenant's", "acme", undefined, "shop.acme.test", "*.acme.test", "*.acme.test"],
  ])("%s", (_case, former, tenant, taken, wanted, expected) => {
    expect(takenBy(routeOf(tenant, ["other.test", wanted]), routeOf(former, [taken]))).toBe(expected);
  });
});
