import { setTimeout as sleep } from "node:timers/promises";
import { tinyDeployment, tinySurroundings, WEB_PORT } from "../../src/engine/contract-objects.ts";
import type { EngineContext } from "../../src/engine/engine.ts";
import { namesOf } from "../../src/engine/podman/names.ts";
import { run } from "../../src/providers/process.ts";
import { BEHAVE_IMAGE, buildBehaveImage, buildNginxImage, removeEngineImages } from "../../test/support/engine/engine-images.ts";
import { testMachine } from "../../test/support/engine/test-machine.ts";

/** What a pod got of another namespace's pod while pods of a third network came and went. */
interface Probed {
  /** Connections tried, one after another, 100 ms patience each. */
  readonly tries: number;
  readonly reached: number;
  /** Looks at the filter table, and how many found netavark's isolation out of it. */
  readonly looks: number;
  readonly netavarkOut: number;
  /** Containers that came and went. */
  readonly churned: number;
}

/** The same with podman's rules alone, and with Howdah's. */
interface AcrossNetworks {
  readonly seconds: number;
  readonly podmanAlone: Probed;
  readonly howdah: Probed;
}

const INSTANCE = "t-bench-i";
const PORT = 18_394;
const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };

/** Tries to connect until it is told to end, and says how it went. Runs in the network of the pod that tries. */
const prober = `
const { connect } = require("node:net");
const [host, port, ms] = process.argv.slice(1);
const until = Date.now() + Number(ms);
let tries = 0, reached = 0;
const one = () => new Promise((resolve) => {
  const socket = connect({ host, port: Number(port) });
  const end = (yes) => { socket.destroy(); clearTimeout(timer); resolve(yes); };
  const timer = setTimeout(() => end(false), 100);
  socket.once("connect", () => end(true)).once("error", () => end(false));
});
(async () => {
  while (Date.now() < until) { tries++; if (await one()) reached++; }
  console.log(JSON.stringify({ tries, reached }));
})();
`;

/** Measures both in one run, for `seconds` each. */
export async function acrossNetworks(seconds: number, say: (line: string) => void): Promise<AcrossNetworks> {
  await buildBehaveImage();
  await buildNginxImage();
  const machine = await testMachine(INSTANCE, PORT);
  const { chains } = namesOf(INSTANCE);
  const third = `${INSTANCE}-third`; // nothing of the instance
  try {
    await run(["podman", "network", "create", "--opt=isolate=true", third]);
    for (const namespace of ["alpha", "beta"]) {
      await machine.engine.prepare(namespace, context);
      for (const desired of [
        ...tinySurroundings(`${namespace}.localhost`),
        tinyDeployment({ image: BEHAVE_IMAGE, behave: ["serve", "x"] }),
      ])
        await machine.engine.apply(namespace, { do: "create", key: desired.key, desired, because: "bench" }, context);
    }
    const address = (await machine.engine.locate("alpha", "tiny")) ?? "";
    const [pod] = (await machine.engine.observe("beta")).pods;
    const pid = (await run(["podman", "inspect", "--format", "{{.State.Pid}}", `${pod?.name ?? ""}._infra`])).stdout.trim();
    const measure = () => probe({ address, pid, third, ms: seconds * 1000 });
    say(`${seconds} s with podman's rules alone`);
    await run(["iptables", "--wait", "10", "-t", "mangle", "-D", "FORWARD", "-j", chains.forward]);
    const podmanAlone = await measure();
    await run(["iptables", "--wait", "10", "-t", "mangle", "-A", "FORWARD", "-j", chains.forward]);
    say(`${seconds} s with Howdah's`);
    return { seconds, podmanAlone, howdah: await measure() };
  } finally {
    await run(["podman", "network", "rm", "--force", third], { accept: "any" });
    await machine.stop();
    await removeEngineImages();
  }
}

interface Probing {
  readonly address: string;
  readonly pid: string;
  readonly third: string;
  readonly ms: number;
}

async function probe({ address, pid, third, ms }: Probing): Promise<Probed> {
  const argv = ["nsenter", `--net=/proc/${pid}/ns/net`, process.execPath, "-e", prober, address, String(WEB_PORT), String(ms)];
  const over = new AbortController();
  let churned = 0;
  let looks = 0;
  let netavarkOut = 0;
  const churn = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await run(["podman", "run", "--rm", `--network=${third}`, "--entrypoint=", BEHAVE_IMAGE, "true"], { accept: "any" });
      churned++;
    }
  };
  const look = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { stdout } = await run(["iptables", "-S", "FORWARD"]);
      looks++;
      if (!stdout.includes("-j NETAVARK_ISOLATION_1")) netavarkOut++;
      await sleep(50);
    }
  };
  const [{ stdout }] = await Promise.all([run(argv).finally(() => over.abort()), churn(), look()]);
  return { ...(JSON.parse(stdout) as Pick<Probed, "tries" | "reached">), looks, netavarkOut, churned };
}
