import { createServer, type Server } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { letIn, tinyDeployment, tinyStatefulSet, tinySurroundings, WEB_PORT } from "../../src/engine/contract-objects.ts";
import type { EngineContext } from "../../src/engine/engine.ts";
import { namesOf } from "../../src/engine/podman/names.ts";
import { run } from "../../src/providers/process.ts";
import type { Rendered } from "../../src/render/objects.ts";
import { BEHAVE_IMAGE, buildBehaveImage, buildNginxImage, removeEngineImages } from "../support/engine/engine-images.ts";
import { type TestMachine, testMachine } from "../support/engine/test-machine.ts";

const INSTANCE = "t-engine-i";
const PORT = 18_398;
const HOST_PORT = 18_399;
const names = namesOf(INSTANCE);
const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };

describe("the networks of namespaces", () => {
  let machine: TestMachine;
  let host: Server;
  let closed = "";
  const bridges: string[] = [];
  const gateways = new Map<string, string>();
  const apply = (namespace: string, desired: Rendered): Promise<void> =>
    machine.engine.apply(namespace, { do: "update", key: desired.key, desired, because: "test" }, context);
  const serve = (what: string) => ({ image: BEHAVE_IMAGE, behave: ["serve", what] });
  /** What a pod of a namespace gets from an address, or "" when nothing answers. */
  const reach = async (from: string, to: string, port: number): Promise<string> => {
    const stdout = new PassThrough();
    const said = text(stdout);
    const target = { namespace: from, workload: "tiny", container: "main" };
    const request = { argv: ["behave", "reach", to, String(port)], stdout, stderr: new PassThrough().resume() };
    await machine.engine.exec(target, request, context);
    stdout.end();
    return said;
  };
  const answering = (what: string): Server => createServer((socket) => void socket.resume().end(`HTTP/1.0 200 OK\r\n\r\n${what}`));
  /** What work comes to while the machine's administrator lets beta's pods in. */
  const accepting = async (program: string, work: () => Promise<string>): Promise<string> => {
    const rule = (how: string) => run([program, "--wait", "10", "-t", "mangle", how, "INPUT", "-i", bridges[1] ?? "", "-j", "ACCEPT"]);
    await rule("-I");
    try {
      return await work();
    } finally {
      await rule("-D");
    }
  };
  /** What a pass of the agent that looks after the firewall did. */
  const healed = async (): Promise<string[]> => {
    const did: string[] = [];
    for (let pass = 0; pass < 5; pass++) did.push(...(await machine.engine.heal(context)));
    return did;
  };
  const across = async (): Promise<string> => reach("beta", closed, WEB_PORT);
  const saved = async (program: string): Promise<string[]> =>
    (await run([`${program}-save`, "-t", "mangle"])).stdout.split("\n").filter((line) => line.includes(`${INSTANCE}.`));
  /** Lets the machine's filter table forward everything of these networks, as while netavark's own isolation is out. */
  const netavarkAway = (how: "-I" | "-D"): Promise<unknown> =>
    Promise.all(
      bridges.map((bridge) => run(["iptables", "--wait", "10", how, "FORWARD", "-i", bridge, "-j", "ACCEPT"], { accept: "any" })),
    );

  beforeAll(async () => {
    await buildBehaveImage();
    await buildNginxImage();
    machine = await testMachine(INSTANCE, PORT);
    for (const namespace of ["alpha", "beta"]) {
      gateways.set(namespace, (await machine.engine.prepare(namespace, context)).resolver);
      for (const object of tinySurroundings(`${namespace}.localhost`)) await apply(namespace, object);
      await apply(namespace, tinyDeployment(serve(namespace)));
      const { stdout } = await run(["podman", "network", "inspect", "--format", "{{.NetworkInterface}}", names.network(namespace)]);
      bridges.push(stdout.trim());
    }
    closed = (await machine.engine.locate("alpha", "tiny")) ?? "";
    host = answering("the machine").listen(HOST_PORT);
    await netavarkAway("-I");
  });
  afterAll(async () => {
    await netavarkAway("-D");
    host?.close();
    await machine.stop();
    const left = await machine.leftovers();
    await removeEngineImages();
    expect(left).toEqual([]);
  });

  it("are closed to one another whatever netavark's rules are", async () => {
    expect(await across()).toBe("");
    expect(await reach("alpha", "tiny", WEB_PORT)).toBe("alpha");
    expect(await machine.ask("alpha.localhost")).toBe("alpha");
    expect(await machine.ask("beta.localhost")).toBe("beta");
  });

  it("are closed by Howdah's rules, which come back when somebody takes them away", async () => {
    expect(await healed()).toEqual([]);
    const before = await saved("iptables");
    const { forward, input } = names.chains;
    await run(["iptables", "--wait", "10", "-t", "mangle", "-D", "FORWARD", "-j", forward]);
    // netavark puts its own rules first again when another network of the machine comes: they are put behind again.
    const open = async (): Promise<string> => {
      await netavarkAway("-D");
      await netavarkAway("-I");
      return await across();
    };
    await expect.poll(open, { timeout: 120_000 }).toBe("alpha"); // so it is Howdah's rules that closed them
    await run(["iptables", "--wait", "10", "-t", "mangle", "-F", input]);
    expect(await healed()).not.toEqual([]);
    expect(await saved("iptables")).toEqual(before);
    expect(await across()).toBe("");
  });

  it("are closed before a pod starts, though rules were taken away", async () => {
    const before = await saved("iptables");
    await run(["iptables", "--wait", "10", "-t", "mangle", "-D", "FORWARD", "-j", names.chains.forward]);
    await apply("beta", tinyDeployment(serve("renewed")));
    expect(await saved("iptables")).toEqual(before);
    expect(await across()).toBe("");
  });

  it("reach of the machine itself their name server and the way in, nothing else", async () => {
    const own = gateways.get("beta") ?? "";
    const other = gateways.get("alpha") ?? "";
    // Whoever is denied waits five seconds for it, so several ask at once.
    expect(await Promise.all([own, other].map((address) => reach("beta", address, HOST_PORT)))).toEqual(["", ""]);
    expect(await reach("beta", "tiny.beta", WEB_PORT)).toBe("renewed");
    const wayIn = answering("the way in").listen(PORT, own); // the edge of this test listens on the loopback alone
    expect(await reach("beta", own, PORT).finally(() => wayIn.close())).toBe("the way in");
    // A rule of the administrator comes before ours.
    expect(await accepting("iptables", () => reach("beta", own, HOST_PORT))).toBe("the machine");
  });

  it("have no IPv6 to the machine", async () => {
    if ((await saved("ip6tables")).length === 0) return; // a kernel without IPv6
    const { stdout } = await run(["ip", "-6", "-o", "addr", "show", "dev", bridges[1] ?? "", "scope", "link"]);
    const address = /inet6 (\S+)\//.exec(stdout)?.[1] ?? "";
    expect(address).toMatch(/^fe80:/);
    const ask = (): Promise<string> => reach("beta", `${address}%eth0`, HOST_PORT);
    expect(await ask()).toBe("");
    expect(await accepting("ip6tables", ask)).toBe("the machine");
  });

  it("let in whom a policy lets in", async () => {
    await machine.engine.prepare("shared", context);
    for (const object of tinySurroundings("shared.localhost", "store")) await apply("shared", object);
    await apply("shared", tinyStatefulSet(serve("shared")));
    await apply("shared", letIn("alpha"));
    expect(await reach("alpha", "store.shared", WEB_PORT)).toBe("shared");
    const own = (await machine.engine.locate("shared", "tiny")) ?? "";
    const asked = ["alpha", "beta"].map((from) => reach(from, own, WEB_PORT)); // its address on its own network
    expect(await Promise.all(asked)).toEqual(["", ""]);
  });

  it("are closed also when another part of Howdah makes them", async () => {
    const network = `${INSTANCE}._test.1`;
    const own = async (): Promise<string[]> => (await saved("iptables")).filter((line) => line.includes(`"${network}"`));
    await run(["podman", "network", "create", "--disable-dns", network]);
    try {
      expect(await machine.engine.closeNetworks()).toBe(true);
      expect(await own()).not.toEqual([]);
      expect(await machine.engine.closeNetworks()).toBe(false);
      await machine.engine.withdrawNetwork(network, async () => expect(await own()).toEqual([]));
    } finally {
      await run(["podman", "network", "rm", "--force", network]);
    }
  });

  it("take their rules with them", async () => {
    await machine.engine.remove("beta", context);
    const left = await saved("iptables");
    expect(left.filter((line) => line.includes(names.network("beta")))).toEqual([]);
    expect(left.filter((line) => line.includes(names.network("alpha")))).not.toEqual([]);
    await Promise.all(["alpha", "shared"].map((namespace) => machine.engine.remove(namespace, context)));
    expect([...(await saved("iptables")), ...(await saved("ip6tables"))]).toEqual([]);
  });
});
