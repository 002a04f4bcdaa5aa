import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";

/** A web server of the world outside, in a network of its own on this machine. */
export interface OutsideServer {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one that answers `outside`. `name` is short and the test's own; the address is one for documentation (RFC 5737), two of a network of four. */
export async function outsideServer(name: string, [gateway, address]: readonly [string, string]): Promise<OutsideServer> {
  const remove = (): Promise<unknown> => run(["ip", "netns", "delete", name], { accept: "any" });
  await remove();
  const directory = await mkdtemp(join(tmpdir(), "howdah-outside-"));
  await writeFile(join(directory, "index.html"), "outside");
  await run(["ip", "netns", "add", name]);
  await run(["ip", "link", "add", `${name}-0`, "type", "veth", "peer", "name", `${name}-1`, "netns", name]);
  await run(["ip", "address", "add", `${gateway}/30`, "dev", `${name}-0`]);
  await run(["ip", "link", "set", `${name}-0`, "up"]);
  await run(["ip", "-n", name, "address", "add", `${address}/30`, "dev", `${name}-1`]);
  await run(["ip", "-n", name, "link", "set", `${name}-1`, "up"]);
  await run(["ip", "-n", name, "route", "add", "default", "via", gateway]);
  const server: ChildProcess = spawn("ip", ["netns", "exec", name, "busybox", "httpd", "-f", "-p", "80", "-h", directory], {
    stdio: "ignore",
  });
  return {
    ...{ address, port: 80 },
    async stop() {
      server.kill("SIGKILL");
      await remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
