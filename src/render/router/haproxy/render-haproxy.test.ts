import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RouterPlan } from "../router-plan.ts";
import { line } from "./haproxy-tree.ts";
import { parseHaproxy } from "./parse-haproxy.ts";
import { printHaproxy } from "./print-haproxy.ts";
import { renderHaproxy } from "./render-haproxy.ts";

const node = (number: number) => ({ name: `main-${number}`, host: `main-${number}.main`, port: 3306, checkPort: 9200 });
const plan: RouterPlan = {
  nodes: [node(0), node(1), node(2)],
  listen: { address: "*", port: 3306 },
  health: { address: "*", port: 9201 },
  maxConnections: 500,
  resolve: true,
};

describe("HAProxy in front of Galera", () => {
  const text = renderHaproxy(plan);

  it("asks the node itself, not the protocol, who writes", () => {
    expect(text).toContain("option httpchk GET /writer\n  http-check disable-on-404\n");
    expect(text).not.toContain("mysql-check");
  });

  it("has nothing by which two of them could choose different writers, or go back to one", () => {
    expect(text).not.toMatch(/stick|backup|weight|marked-up/);
  });

  it("looks names of pods up again, and addresses not", () => {
    expect(text).toContain("resolvers cluster init-addr last,libc,none");
    expect(renderHaproxy({ ...plan, resolve: false })).not.toContain("resolvers");
  });

  it.each(["unix@/run/x", "fd@3", "a b", "a\nb", "${HOME}", "a;b", ""])("refuses the host %j", (host) => {
    expect(() => renderHaproxy({ ...plan, nodes: [{ ...node(0), host }] })).toThrow("no address for HAProxy");
  });

  it.each(["A", "a b", "a\nserver b 10.0.0.1:1", "-a", ""])("refuses %j as the name of a node", (name) => {
    expect(() => renderHaproxy({ ...plan, nodes: [{ ...node(0), name }] })).toThrow("no name of a node");
  });

  it("refuses to lead nowhere", () => {
    expect(() => renderHaproxy({ ...plan, nodes: [] })).toThrow("without nodes");
  });
});

it("keeps hostile words words, or refuses them", () => {
  const pieces = fc.constantFrom(
    "'",
    '"',
    "\\",
    "$",
    "${X}",
    "#",
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    "listen",
    "global",
    "é",
    "\\'",
    "a",
    "{",
    "}",
    "%[env(X)]",
  );
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 6 }), (parts) => {
      const tree = [{ kind: "global", lines: [line("log", parts.join(""))] }] as const;
      let text: string;
      try {
        text = printHaproxy(tree);
      } catch (error) {
        expect(error).toMatchObject({ code: "render/unsafe" });
        return;
      }
      expect(parseHaproxy(text)).toEqual(tree);
    }),
  );
});

it.each(["a b", "global\n  log 'x", 'global\n  log "$X"', "global a b", "global\n  log \\n"])("does not read %j", (text) => {
  expect(() => parseHaproxy(text)).toThrow("can't be read");
});
