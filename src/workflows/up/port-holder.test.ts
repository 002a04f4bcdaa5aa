import { expect, it } from "vitest";
import type { Ports } from "../ports.ts";
import { foreignPortHolder } from "./port-holder.ts";

function machine(holders: readonly (string | undefined)[], headers: Readonly<Record<string, string>> | "silent") {
  const left = [...holders];
  return {
    settings: { httpPort: 8080, bind: "0.0.0.0" },
    machine: { portHolder: async () => left.shift() },
    http: {
      get: async () => {
        if (headers === "silent") throw new Error("refused");
        return { status: 404, headers, body: "" };
      },
    },
  } as unknown as Pick<Ports, "machine" | "http" | "settings">;
}

it.each([
  ["a free port has no holder", [undefined], "silent", undefined],
  ["our own edge is no stranger", ["nginx, process 7"], { "x-howdah-edge": "1" }, undefined],
  ["another web server is one", ["apache2, process 8", "apache2, process 8"], { server: "Apache" }, "apache2, process 8"],
  ["so is a program that says nothing", ["node, process 9", "node, process 9"], "silent", "node, process 9"],
  ["an edge that is just replaced is no stranger", ["nginx, process 7", "nginx, process 10"], "silent", undefined],
] as const)("%s", async (_fact, holders, headers, expected) => {
  expect(await foreignPortHolder(machine(holders, headers))).toBe(expected);
});
