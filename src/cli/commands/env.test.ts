import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { wireFiles } from "../../files-wiring.ts";
import type { Ports } from "../../workflows/ports.ts";
import { environmentRig } from "../../workflows/testing/environment-rig.ts";
import { runCli } from "../run-cli.ts";

async function ran(ports: Ports, ...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  const code = await runCli(argv, {
    terminal: {
      ...{ out: (text) => (out += text), err: (text) => (err += text) },
      ...{ color: false, live: false, interactive: false, columns: 80, output: "text" },
    },
    ...{ signal: new AbortController().signal, directory: "/", stdin: new PassThrough(), stdout: new PassThrough() },
    variable: () => undefined,
    wire: async () => ({ ...ports, files: wireFiles(), close: async () => undefined }),
    wireFiles: async () => wireFiles(),
  });
  return { code, out, err };
}

describe("env delete --if-exists", () => {
  it.each([
    ["an unknown environment", ["review", "shop"]],
    ["an unknown site", ["review", "nowhere"]],
    ["both names at once", ["nowhere--review"]],
  ])("takes %s as deleted", async (_what, names) => {
    const { ports } = await environmentRig();
    const argv = ["env", "delete", ...names, "--yes", "--output", "json"];
    expect(await ran(ports, ...argv)).toMatchObject({ code: 66 });
    expect(await ran(ports, ...argv, "--if-exists")).toMatchObject({ code: 0, out: '{"environment":null,"deleted":false}\n' });
  });
});
