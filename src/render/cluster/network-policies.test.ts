import { describe, expect, it } from "vitest";
import { objectsOf, type Variant, variants } from "./testing/variants.ts";

interface Rule {
  readonly to: readonly {
    readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
    readonly namespaceSelector?: object;
  }[];
  readonly ports?: readonly { readonly port: number }[];
}

const apart = variants.find(({ name }) => name === "apart") as Variant;

/** The ways out of a site's pods that name these servers. */
function waysOut(...hosts: readonly string[]): readonly Rule[] {
  const relationships = hosts.map((host, index) => ({ name: `r${String(index)}`, host, port: 80 }));
  const site = { ...apart.site, relationships };
  const found = objectsOf({ ...apart, site }).find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === "site-out");
  return (found?.["spec"] as { readonly egress: readonly Rule[] } | undefined)?.egress ?? [];
}

const METADATA = ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"];

describe("the ways out of a site's pods", () => {
  it.each(METADATA)("never lead to %s, where clouds give a machine's credentials, though its file names it", (address) => {
    expect(waysOut(address)).toEqual(waysOut());
  });

  it.each(["127.0.0.1", "::1", "169.254.1.1", "fe80::1", "::ffff:169.254.169.254"])(
    "do not lead to %s, which is the node's own",
    (address) => {
      expect(waysOut(address)).toEqual(waysOut());
    },
  );

  it("lead to no such address when a name is given, which may be any address's", () => {
    const known = waysOut().map((one) => JSON.stringify(one));
    const rule = waysOut("metadata.example.org").find((one) => !known.includes(JSON.stringify(one)));
    const blocks = rule?.to.flatMap(({ ipBlock }) => ipBlock ?? []) ?? [];
    expect(blocks.map(({ cidr }) => cidr)).toEqual(["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]);
    const closed = new Set(blocks.flatMap(({ except = [] }) => except));
    expect([...closed]).toEqual(expect.arrayContaining(["100.100.100.200/32", "fd00:ec2::254/128"]));
  });

  it("lead to the internet without them", () => {
    const closed = waysOut().flatMap(({ to }) => to.flatMap(({ ipBlock }) => ipBlock?.except ?? []));
    expect(closed).toEqual(expect.arrayContaining(["169.254.0.0/16", "fc00::/7", "100.64.0.0/10", "168.63.129.16/32"]));
  });

  it("lead to a server that the file names by its address", () => {
    expect(waysOut("192.0.2.7")).toContainEqual({ to: [{ ipBlock: { cidr: "192.0.2.7/32" } }], ports: [{ protocol: "TCP", port: 80 }] });
  });
});
