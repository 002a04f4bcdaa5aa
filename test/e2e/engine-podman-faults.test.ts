import { spawn } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TinySite, tinyDeployment, tinySurroundings } from "../../src/engine/contract-objects.ts";
import type { EngineContext } from "../../src/engine/engine.ts";
import { label } from "../../src/engine/podman/names.ts";
import { namespaceLock } from "../../src/engine/podman/namespace-lock.ts";
import { podmanEngine } from "../../src/engine/podman/podman-engine.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { run } from "../../src/providers/process.ts";
import { rendered } from "../../src/render/rendered.ts";
import { BEHAVE_IMAGE, buildBehaveImage, buildNginxImage, NGINX_IMAGE, removeEngineImages } from "../support/engine/engine-images.ts";
import { ask, type TestMachine, testMachine } from "../support/engine/test-machine.ts";
import { systemClock } from "../support/system-clock.ts";

const INSTANCE = "t-engine-f";
const PORT = 18_392;
const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };

describe("the podman engine under faults", () => {
  let machine: TestMachine;
  const site = (text: string, change: Partial<TinySite> = {}): TinySite => ({
    image: BEHAVE_IMAGE,
    behave: ["serve", text],
    preStop: 1,
    ...change,
  });
  const apply = (text: string, change: Partial<TinySite> = {}): Promise<void> => {
    const desired = tinyDeployment(site(text, change));
    return machine.engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, context);
  };
  const settled = async (text: string): Promise<void> => {
    expect(await machine.ask("alpha.localhost")).toBe(text);
    const { pods } = await machine.engine.observe("alpha");
    expect(pods).toHaveLength(1);
    expect((await machine.engine.inventory("alpha")).objects.get("Deployment/tiny")).toBe(tinyDeployment(site(text)).digest);
    for (const directory of [machine.runDir, machine.stateDir])
      expect(await readdir(join(directory, "pods"))).toEqual(pods.map((pod) => pod.name));
  };

  beforeAll(async () => {
    await buildBehaveImage();
    await buildNginxImage();
    machine = await testMachine(INSTANCE, PORT);
    await machine.engine.prepare("alpha", context);
    for (const desired of tinySurroundings("alpha.localhost")) {
      await machine.engine.apply("alpha", { do: "create", key: desired.key, desired, because: "test" }, context);
    }
    await apply("zero");
  });
  afterAll(async () => {
    await machine.stop();
    const left = await machine.leftovers();
    await removeEngineImages();
    expect(left).toEqual([]);
  });

  it.each([250, 450, 650, 850, 1050, 1300, 1600, 2000, 2600])("converges after kill -9 of a command that applied for %d ms", async (ms) => {
    const before = await machine.ask("alpha.localhost");
    const text = `after-${ms}`;
    const child = spawn(process.execPath, [join(import.meta.dirname, "../support/engine/apply-child.ts"), INSTANCE, text], {
      stdio: "inherit",
    });
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    await sleep(ms);
    child.kill("SIGKILL");
    await ended;
    expect([before, text]).toContain(await machine.ask("alpha.localhost"));
    await apply(text);
    await settled(text);
  });

  it("is brought to the inventory by healing when nobody repeats the killed command", async () => {
    await apply("stable");
    const child = spawn(process.execPath, [join(import.meta.dirname, "../support/engine/apply-child.ts"), INSTANCE, "abandoned"], {
      stdio: "inherit",
    });
    await sleep(700);
    child.kill("SIGKILL");
    await expect.poll(() => machine.engine.heal(context), { timeout: 120_000, interval: 300 }).toEqual([]);
    const answer = await machine.ask("alpha.localhost");
    expect(["stable", "abandoned"]).toContain(answer);
    expect((await machine.engine.observe("alpha")).pods).toHaveLength(1);
    await apply("stable");
    await settled("stable");
  });

  it("keeps the hardware address of a site's bridge while pods come and go: whoever is just being answered would answer the former one", async () => {
    const [network] = JSON.parse((await run(["podman", "network", "inspect", `${INSTANCE}.alpha`])).stdout) as {
      network_interface: string;
    }[];
    const address = (): Promise<string> => readFile(`/sys/class/net/${network?.network_interface}/address`, "utf8");
    const before = await address();
    for (const text of ["b1", "b2", "b3", "b4"]) {
      await apply(text);
      expect(await address()).toBe(before);
    }
    await apply("stable");
  });

  it("fails no request while releases are replaced", async () => {
    const deploying = new AbortController();
    const answers = new Map<string, number>();
    const clients = Array.from({ length: 6 }, async () => {
      while (!deploying.signal.aborted) {
        const answer = await ask(PORT, "alpha.localhost").catch((error: Error) => error.message);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        await sleep(5);
      }
    });
    for (const text of ["r1", "r2", "r3"]) await apply(text);
    deploying.abort();
    await Promise.all(clients);
    await apply("stable"); // what the tests below begin with, whatever this one found
    expect([...answers.keys()].sort()).toEqual(["r1", "r2", "r3", "stable"]);
  });

  it("leaves nothing half-done when it is cancelled", async () => {
    const stop = new AbortController();
    const desired = tinyDeployment(site("", { behave: ["never-ready"] }));
    const step = { do: "update", key: desired.key, desired, because: "test" } as const;
    const applying = machine.engine.apply("alpha", step, { emit: () => {}, signal: stop.signal });
    setTimeout(() => stop.abort(), 1500);
    await expect(applying).rejects.toMatchObject({ code: "cancelled" });
    await settled("stable");
  });

  it("calls a pod whose probe fails not ready, and keeps it in the way in while it is the only one", async () => {
    const [pod] = (await machine.engine.observe("alpha")).pods;
    const inPod = (...argv: string[]) => run(["podman", "exec", `${pod?.name}.main`, ...argv]);
    await inPod("mkdir", "/tmp/old");
    await inPod("busybox", "mv", "/tmp/www/index.html", "/tmp/old/");
    const seen = async (): Promise<[string, number | undefined]> => {
      await machine.engine.heal(context);
      return [await machine.ask("alpha.localhost"), (await machine.engine.observe("alpha")).workloads[0]?.ready];
    };
    await expect.poll(seen, { timeout: 120_000, interval: 500 }).toEqual(["404", 0]);
    await inPod("busybox", "mv", "/tmp/old/index.html", "/tmp/www/");
    await expect.poll(seen, { timeout: 120_000, interval: 500 }).toEqual(["stable", 1]);
  });

  it("hides secrets again that podman shows after it restarted a container", async () => {
    const password = "correct-horse-battery";
    await machine.engine.putSecret("alpha", "login", { password: new Secret(password, "test") });
    await apply("hidden", { secret: "login" });
    await machine.kill("alpha", "tiny");
    const healed = async (): Promise<[string, boolean]> => {
      await machine.engine.heal(context);
      return [await machine.ask("alpha.localhost"), (await machine.show("alpha")).includes(password)];
    };
    await expect.poll(healed, { timeout: 120_000, interval: 500 }).toEqual(["hidden", false]);
    await apply("stable");
  });

  it("brings everything back after a reboot", async () => {
    await machine.engine.putSecret("alpha", "unused", {});
    const { stdout } = await run(["podman", "ps", "--all", "--quiet", "--filter", `label=${label.instance}=${INSTANCE}`]);
    const ids = stdout.split("\n").filter((id) => id !== "");
    await run(["podman", "kill", ...ids], { accept: "any" });
    await run(["podman", "stop", "--time", "0", ...ids]);
    for (const pod of await readdir(join(machine.runDir, "pods"))) {
      await run(["umount", join(machine.runDir, "pods", pod, "tmp")]);
    }
    for (const scratch of ["live", "test"]) await run(["umount", join(machine.runDir, "edge", scratch)]);
    await run(["umount", join(machine.runDir, "secrets")], { accept: "any" });
    await rm(machine.runDir, { recursive: true });
    const answer = async (): Promise<string> => {
      await machine.engine.heal(context);
      return machine.ask("alpha.localhost").catch((error: Error) => error.message);
    };
    await expect.poll(answer, { timeout: 120_000, interval: 500 }).toBe("stable");
    await settled("stable");
  });

  it("names the program that has the port", async () => {
    const taken = createServer().listen(18_393, "127.0.0.1");
    await expect(machine.engine.edge.ensure({ image: NGINX_IMAGE, bind: "127.0.0.1", httpPort: 18_393 })).rejects.toMatchObject({
      code: "machine/port-in-use",
      message: expect.stringMatching(new RegExp(`^Port 18393 is used by .*process ${process.pid}$`)) as string,
    });
    taken.close();
    expect(await machine.ask("alpha.localhost")).toBe("stable");
    await machine.engine.edge.ensure({ image: NGINX_IMAGE, bind: "127.0.0.1", httpPort: PORT });
    expect(await machine.ask("alpha.localhost")).toBe("stable");
  });

  it("listens on a port below 1024 with no capability but that one", async () => {
    await machine.engine.edge.ensure({ image: NGINX_IMAGE, bind: "127.0.0.1", httpPort: 993 });
    expect(await ask(993, "alpha.localhost")).toBe("stable");
    await machine.engine.edge.ensure({ image: NGINX_IMAGE, bind: "127.0.0.1", httpPort: PORT });
    expect(await machine.ask("alpha.localhost")).toBe("stable");
  });

  it("keeps the way in as it is when nginx refuses a configuration", async () => {
    const lock = namespaceLock(machine.stateDir, machine.runDir, systemClock);
    const certificateFor = () => Promise.reject(new Error("none"));
    const renderEdge = (): string => "events {} http { server { listen 127.0.0.1:18392; nonsense; } }";
    const { stateDir, runDir } = machine;
    const broken = podmanEngine({ stateDir, runDir, instance: INSTANCE }, { run, clock: systemClock, lock, renderEdge, certificateFor });
    await expect(broken.edge.refresh()).rejects.toMatchObject({ code: "config/rejected" });
    expect(await machine.ask("alpha.localhost")).toBe("stable");
  });

  it("lets one site's bad certificate harm that site alone", async () => {
    const { engine } = machine;
    const pair = async (name: string): Promise<Record<string, Secret>> => {
      const [crt, key] = [join(machine.stateDir, `${name}.crt`), join(machine.stateDir, `${name}.key`)];
      const about = ["-nodes", "-days", "2", "-subj", `/CN=${name}`, "-keyout", key, "-out", crt];
      await run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", ...about]);
      const read = async (path: string): Promise<Secret> => new Secret(await readFile(path, "utf8"), "test");
      return { "tls.crt": await read(crt), "tls.key": await read(key) };
    };
    const [good, other] = [await pair("one"), await pair("two")];
    const bad = { ...good, ...(other["tls.key"] === undefined ? {} : { "tls.key": other["tls.key"] }) };
    const objects = tinySurroundings("secure.localhost").map((one) =>
      one.object.kind === "HTTPRoute"
        ? rendered({ ...one.object, metadata: { ...one.object.metadata, annotations: { "howdah.dev/tls": "pair" } } })
        : one,
    );
    const put = async (): Promise<void> => {
      for (const desired of [...objects, tinyDeployment(site("secure"))])
        await engine.apply("secure", { do: "create", key: desired.key, desired, because: "test" }, context);
    };
    await engine.prepare("secure", context);
    await engine.putSecret("secure", "pair", bad);
    await expect(put()).rejects.toMatchObject({ code: "config/rejected", message: expect.stringContaining('"pair"') as string });
    expect([...(await engine.inventory("secure")).objects.keys()]).not.toContain("HTTPRoute/tiny");
    await engine.putSecret("secure", "pair", good);
    await put();
    expect(await machine.ask("secure.localhost")).toBe("secure");
    await engine.putSecret("secure", "pair", bad);
    expect(await engine.edge.refresh()).toEqual([expect.stringContaining("does not belong")]);
    expect(await machine.ask("secure.localhost")).toBe("503");
    await apply("beside");
    expect(await machine.ask("alpha.localhost")).toBe("beside");
    await apply("stable");
    await engine.scaleDown("secure", context);
    await engine.remove("secure", context);
    await engine.deleteVolume("secure", "data");
    await engine.forget("secure");
    expect(await machine.ask("secure.localhost")).toBe("404");
  });

  it("says that another command works on the same site", async () => {
    const lock = namespaceLock(machine.stateDir, machine.runDir, systemClock);
    const held = await lock("alpha", "howdah up");
    await expect(lock("alpha", "howdah down")).rejects.toMatchObject({
      code: "machine/busy",
      message: expect.stringMatching(/howdah up.*process \d+/) as string,
    });
    await held.release();
    await (await lock("alpha", "howdah down")).release();
  });

  it("says which state file is damaged", async () => {
    const path = join(machine.stateDir, "namespaces/broken/state.json");
    await run(["install", "-D", "/dev/null", path]);
    await expect(machine.engine.inventory("broken")).rejects.toMatchObject({
      code: "machine/state-unreadable",
      message: expect.stringContaining(path) as string,
    });
    await rm(join(machine.stateDir, "namespaces/broken"), { recursive: true });
  });
});
