import { Resolver } from "node:dns/promises";
import { readFile, writeFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { letIn, tinyDeployment, tinyStatefulSet, tinySurroundings, WEB_PORT } from "../../src/engine/contract-objects.ts";
import type { EngineContext } from "../../src/engine/engine.ts";
import { label } from "../../src/engine/podman/names.ts";
import { run } from "../../src/providers/process.ts";
import type { Rendered } from "../../src/render/objects.ts";
import { BEHAVE_IMAGE, buildBehaveImage, buildNginxImage, removeEngineImages } from "../support/engine/engine-images.ts";
import { type TestMachine, testMachine } from "../support/engine/test-machine.ts";

const INSTANCE = "t-engine-n";
const PORT = 18_396;
const NAME_SERVER = "/run/containers/networks/aardvark-dns";
const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };

describe("the names of a server that another namespace lets in", () => {
  let machine: TestMachine;
  let resolver: string;
  const apply = (namespace: string, desired: Rendered): Promise<void> =>
    machine.engine.apply(namespace, { do: "update", key: desired.key, desired, because: "test" }, context);
  const serve = (what: string) => ({ image: BEHAVE_IMAGE, behave: ["serve", what] });
  const exec = async (...argv: string[]): Promise<string> => say("exec", argv);
  const say = async (how: "exec" | "runOnce", argv: readonly string[]): Promise<string> => {
    const stdout = new PassThrough();
    const said = text(stdout);
    await machine.engine[how](
      { namespace: "alpha", workload: "tiny", container: "main" },
      { argv: ["behave", ...argv], stdout, stderr: new PassThrough().resume() },
      context,
    );
    stdout.end();
    return said;
  };
  const reach = (name: string): Promise<string> => exec("reach", name, String(WEB_PORT));
  const lines = async (): Promise<string[]> => (await exec("cat", "/etc/hosts")).split("\n").filter((line) => line.includes("store"));
  /** Makes the network's name server forget all names, as it does for milliseconds whenever netavark writes them anew. */
  const denyNames = async (): Promise<void> => {
    const file = `${NAME_SERVER}/${INSTANCE}.alpha`;
    const [listens = ""] = (await readFile(file, "utf8")).split("\n");
    await writeFile(file, `${listens}\n`);
    process.kill(Number((await readFile(`${NAME_SERVER}/aardvark.pid`, "utf8")).trim()), "SIGHUP");
    const asking = new Resolver({ timeout: 1000, tries: 1 });
    asking.setServers([resolver]);
    const answer = (): Promise<unknown> => asking.resolve4("store.shared").catch((error: NodeJS.ErrnoException) => error.code);
    await expect.poll(answer, { timeout: 180_000 }).toBe("ENOTFOUND");
  };
  const killed = async (namespace: string): Promise<void> => {
    const filters = [`label=${label.instance}=${INSTANCE}`, `label=${label.namespace}=${namespace}`];
    const { stdout } = await run(["podman", "ps", "--quiet", ...filters.flatMap((filter) => ["--filter", filter])]);
    await run(["podman", "kill", ...stdout.split("\n").filter((id) => id !== "")], { accept: "any" });
  };
  const healed = (): Promise<void> => expect.poll(() => machine.engine.heal(context), { timeout: 120_000, interval: 300 }).toEqual([]);

  beforeAll(async () => {
    await buildBehaveImage();
    await buildNginxImage();
    machine = await testMachine(INSTANCE, PORT);
    await machine.engine.prepare("shared", context);
    for (const object of tinySurroundings("shared.localhost", "store")) await apply("shared", object);
    await apply("shared", tinyStatefulSet(serve("first")));
    ({ resolver } = await machine.engine.prepare("alpha", context));
    for (const object of tinySurroundings("alpha.localhost")) await apply("alpha", object);
    await apply("alpha", tinyDeployment(serve("one")));
    await apply("shared", letIn("alpha"));
  });
  afterAll(async () => {
    await machine.stop();
    const left = await machine.leftovers();
    await removeEngineImages();
    expect(left).toEqual([]);
  });

  it("are found while the name server denies them", async () => {
    await denyNames();
    expect(await reach("store.shared")).toBe("first");
    expect(await reach("store")).toBe("first");
  });

  it("are told to a one-off program", async () => {
    await denyNames();
    expect(await say("runOnce", ["reach", "store.shared", String(WEB_PORT)])).toBe("first");
    expect(await say("runOnce", ["reach", "store", String(WEB_PORT)])).toBe("first");
  });

  it("are in a pod that is made while the name server denies them", async () => {
    await apply("alpha", tinyDeployment(serve("two")));
    await denyNames();
    expect(await reach("store")).toBe("first");
  });

  it("outlive a restart of a container, for which podman writes the file anew", async () => {
    const before = await lines();
    expect(before).toHaveLength(1);
    const [pod] = (await machine.engine.observe("alpha")).pods;
    await run(["podman", "restart", "--time=0", `${pod?.name ?? ""}.main`]);
    expect(await lines()).toEqual(before);
  });

  it("lead to the server that takes the former one's place", async () => {
    const before = await lines();
    await apply("shared", tinyStatefulSet(serve("second")));
    await denyNames();
    expect(await reach("store")).toBe("second");
    expect(await lines()).not.toEqual(before);
  });

  it("lead to the former server, which started again because the new one never got ready", async () => {
    await expect(apply("shared", tinyStatefulSet({ image: BEHAVE_IMAGE, behave: ["crash"] }))).rejects.toMatchObject({
      code: "engine/crashed",
    });
    await denyNames();
    expect(await reach("store")).toBe("second");
    expect(await lines()).toHaveLength(1);
  });

  it("lead to the server after it crashed with its network", async () => {
    await killed("shared");
    await healed();
    await denyNames();
    expect(await reach("store")).toBe("second");
    expect(await lines()).toHaveLength(1);
  });

  it("are in pods that come back after a crash", async () => {
    await killed("alpha");
    await healed();
    await denyNames();
    expect(await reach("store")).toBe("second");
  });

  it("are gone with a server that was stopped, and come back with it", async () => {
    await machine.engine.scaleDown("shared", context);
    expect(await lines()).toEqual([]);
    await machine.engine.scaleUp("shared", context);
    expect(await reach("store")).toBe("second");
    expect(await lines()).toHaveLength(1);
  });

  it("are gone with the policy that let it in", async () => {
    await machine.engine.apply("shared", { do: "delete", key: letIn("alpha").key, because: "test" }, context);
    expect(await lines()).toEqual([]);
  });
});
