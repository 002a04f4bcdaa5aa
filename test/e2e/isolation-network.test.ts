import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildProcess, spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyDeployment, tinySurroundings, WEB_PORT } from "../../src/engine/contract-objects.ts";
import type { EngineContext } from "../../src/engine/engine.ts";
import { namesOf } from "../../src/engine/podman/names.ts";
import { run } from "../../src/providers/process.ts";
import type { Rendered } from "../../src/render/objects.ts";
import { BEHAVE_IMAGE, buildBehaveImage, buildNginxImage, removeEngineImages } from "../support/engine/engine-images.ts";
import { type TestMachine, testMachine } from "../support/engine/test-machine.ts";

const INSTANCE = "t-iso-net";
const names = namesOf(INSTANCE);
const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };

/** What pods of sites and of Howdah's own listen on: who connects to FPM's runs any PHP (reliability M9). */
const PORTS: Readonly<Record<string, number>> = {
  "nginx of a neighbour": WEB_PORT,
  "PHP-FPM of a neighbour": 9000,
  "figures of a neighbour": 8081,
  "sessions of a neighbour": 6379,
  "a database server that is not for it": 3306,
};
/** Where clouds give a machine its credentials, played by a network of the test's own. */
const METADATA = "169.254.169.254";
const CLOUD = "t-iso-cloud";

describe("from a site of one machine to what is not its own", () => {
  let machine: TestMachine;
  let cloud: ChildProcess | undefined;
  let directory = "";
  const bridges: string[] = [];

  const apply = (namespace: string, desired: Rendered): Promise<void> =>
    machine.engine.apply(namespace, { do: "update", key: desired.key, desired, because: "test" }, context);
  const inPod = async (namespace: string, ...argv: readonly string[]): Promise<string> => {
    const stdout = new PassThrough();
    const said = text(stdout);
    await machine.engine.exec(
      { namespace, workload: "tiny", container: "main" },
      { argv, stdout, stderr: new PassThrough().resume() },
      context,
    );
    stdout.end();
    return said;
  };
  const beta = async (): Promise<string> => (await machine.engine.locate("beta", "tiny")) ?? "";
  /** What alpha gets from each. Who is denied waits five seconds for it, so all are asked at once. */
  const reached = async (from: string): Promise<Record<string, boolean>> => {
    const address = await beta();
    const asked = Object.entries(PORTS).map(
      async ([what, port]) => [what, (await inPod(from, "behave", "reach", address, String(port))) !== ""] as const,
    );
    const metadata = inPod(from, "behave", "reach", METADATA, "80").then((answer) => ["the machine's credentials", answer !== ""] as const);
    return Object.fromEntries(await Promise.all([...asked, metadata]));
  };
  const every = (open: boolean): Record<string, boolean> =>
    Object.fromEntries([...Object.keys(PORTS), "the machine's credentials"].map((what) => [what, open]));
  /** netavark keeps networks apart as well: it must be out while Howdah's own rules are looked at. */
  const netavarkAway = (how: "-I" | "-D"): Promise<unknown> =>
    Promise.all(
      bridges.flatMap((bridge) =>
        ["-i", "-o"].map((way) => run(["iptables", "--wait", "10", how, "FORWARD", way, bridge, "-j", "ACCEPT"], { accept: "any" })),
      ),
    );

  beforeAll(async () => {
    await buildBehaveImage();
    await buildNginxImage();
    machine = await testMachine(INSTANCE, 18_794);
    for (const namespace of ["alpha", "beta"]) {
      await machine.engine.prepare(namespace, context);
      for (const object of tinySurroundings(`${namespace}.localhost`)) await apply(namespace, object);
      await apply(namespace, tinyDeployment({ image: BEHAVE_IMAGE, behave: ["serve", namespace] }));
      const { stdout } = await run(["podman", "network", "inspect", "--format", "{{.NetworkInterface}}", names.network(namespace)]);
      bridges.push(stdout.trim());
    }
    for (const port of Object.values(PORTS).filter((one) => one !== WEB_PORT))
      await inPod("beta", "httpd", "-p", String(port), "-h", "/tmp/www");
    await netavarkAway("-I");
    directory = await mkdtemp(join(tmpdir(), "t-iso-net-"));
    await writeFile(join(directory, "index.html"), "the machine's credentials");
    cloud = await playCloud(directory);
  });
  afterAll(async () => {
    cloud?.kill("SIGKILL");
    await run(["ip", "netns", "delete", CLOUD], { accept: "any" });
    await netavarkAway("-D");
    await machine.stop();
    const left = await machine.leftovers();
    await removeEngineImages();
    await rm(directory, { recursive: true, force: true });
    expect(left).toEqual([]);
  });

  it("nothing gets through, and its own site's ports do", async () => {
    expect(await reached("alpha")).toEqual(every(false));
    const own = Object.fromEntries(Object.keys(PORTS).map((what) => [what, true]));
    expect(await reached("beta")).toEqual({ ...own, "the machine's credentials": false });
  });

  it("all of it does without Howdah's rules, which come back by themselves", async () => {
    await run(["iptables", "--wait", "10", "-t", "mangle", "-D", "FORWARD", "-j", names.chains.forward]);
    // netavark puts its own rules first again when another network of the machine comes: they are put behind again.
    const open = async (): Promise<Record<string, boolean>> => {
      await netavarkAway("-D");
      await netavarkAway("-I");
      return await reached("alpha");
    };
    await expect.poll(open, { timeout: 120_000 }).toEqual(every(true));
    const healed: string[] = [];
    for (let pass = 0; pass < 10 && healed.length === 0; pass++) healed.push(...(await machine.engine.heal(context)));
    expect(healed).not.toEqual([]);
    expect(await reached("alpha")).toEqual(every(false));
  });
});

/** A network of one machine, which answers at the address of a cloud's metadata. */
async function playCloud(directory: string): Promise<ChildProcess> {
  await run(["ip", "netns", "delete", CLOUD], { accept: "any" });
  await run(["ip", "netns", "add", CLOUD]);
  await run(["ip", "link", "add", "t-iso-c0", "type", "veth", "peer", "name", "t-iso-c1", "netns", CLOUD]);
  await run(["ip", "address", "add", "169.254.169.253/30", "dev", "t-iso-c0"]);
  await run(["ip", "link", "set", "t-iso-c0", "up"]);
  await run(["ip", "-n", CLOUD, "address", "add", `${METADATA}/30`, "dev", "t-iso-c1"]);
  await run(["ip", "-n", CLOUD, "link", "set", "t-iso-c1", "up"]);
  await run(["ip", "-n", CLOUD, "route", "add", "default", "via", "169.254.169.253"]);
  return spawn("ip", ["netns", "exec", CLOUD, "busybox", "httpd", "-f", "-p", "80", "-h", directory], { stdio: "ignore" });
}
