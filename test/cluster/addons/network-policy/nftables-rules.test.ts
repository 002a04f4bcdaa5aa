import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../../../src/providers/process.ts";
import { documented, viewWith } from "./documented-policies.ts";
import { type Nft, nodeRules } from "./nftables-rules.ts";
import { podRules } from "./pod-rules.ts";

const view = viewWith([
  {
    podSelector: { matchLabels: { role: "db" } },
    ingress: [{ from: [{ ipBlock: { cidr: "fd00::/8" } }, { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }] }],
  },
]);
const db = view.pods.filter(({ name }) => name === "db");
const written = nodeRules(podRules(db, view), "10.244.1.0/24").nftables;
const rulesOf = (chain: string): unknown[] =>
  written.flatMap(({ add }) => {
    const { rule } = (add ?? {}) as { rule?: { chain: string; expr: unknown } };
    return rule?.chain === chain ? [rule.expr] : [];
  });
const match = (field: string, right: unknown, op = "==") => ({ match: { op, left: { payload: { protocol: "ip", field } }, right } });
const block = (addr: string, len: number) => ({ prefix: { addr, len } });

describe("rules of a node", () => {
  it("replace those of before in one transaction", () => {
    expect(written.slice(0, 3).map((command) => Object.keys(command)[0])).toEqual(["add", "delete", "add"]);
  });

  it("let established connections pass, and keep out pods that nobody knows, before anything else", () => {
    const [established, from, to, ...rest] = rulesOf("forward");
    expect(established).toEqual([
      { match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related"] } },
      { accept: null },
    ]);
    const stranger = (field: string) => [
      match(field, block("10.244.1.0", 24)),
      match(field, { set: ["10.244.1.2"] }, "!="),
      { counter: null },
    ];
    expect(from).toEqual([...stranger("saddr"), { drop: null }]);
    expect(to).toEqual([...stranger("daddr"), { reject: { type: "icmpx", expr: "host-unreachable" } }]);
    expect(rest).toHaveLength(1);
  });

  it("pass the pod itself and what a policy names, and end with a drop; blocks of IPv6 are nothing to pods of IPv4", () => {
    expect(rulesOf("ingress-10.244.1.2")).toEqual([
      [match("saddr", { set: ["10.244.1.2"] }), { return: null }],
      [match("saddr", block("0.0.0.0", 0)), match("saddr", block("10.0.0.0", 8), "!="), { return: null }],
      [{ counter: null }, { drop: null }],
    ]);
  });

  it("have no chain for a direction in which a pod isn't isolated", () => {
    expect(rulesOf("egress-10.244.1.2")).toEqual([]);
  });
});

const nftWorks = await check([{ add: { table: { family: "inet", name: "t" } } }]).then(
  () => true,
  () => false,
);

describe.skipIf(!nftWorks)("nft takes the rules", () => {
  it.each(documented)("of: $name", async ({ policies }) => {
    const view = viewWith(policies);
    await check(nodeRules(podRules(view.pods, view), "10.244.0.0/16").nftables);
  });
});

/** Lets nft judge, in a network namespace that ends with it. */
async function check(nftables: readonly Nft[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "nft-"));
  try {
    await writeFile(join(directory, "rules.json"), JSON.stringify({ nftables }));
    await run(["unshare", "--net", "nft", "--json", "--check", "--file", join(directory, "rules.json")]);
  } finally {
    await rm(directory, { recursive: true });
  }
}
