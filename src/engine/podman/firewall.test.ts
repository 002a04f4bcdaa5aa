import { expect, it } from "vitest";
import { systemClock } from "../../../test/support/system-clock.ts";
import type { HeldLock, Lock } from "../lock.ts";
import type { RunProcess } from "../process-port.ts";
import { firewall } from "./firewall.ts";
import type { Machine } from "./machine.ts";
import { namesOf } from "./names.ts";
import { removeNetwork } from "./networks.ts";
import { podmanCli } from "./podman-cli.ts";

const names = namesOf("t");

/** One holder at a time. */
function lockInMemory(): Lock {
  let last = Promise.resolve();
  return async () => {
    const before = last;
    let free: (() => void) | undefined;
    last = new Promise((resolve) => {
      free = resolve;
    });
    await before;
    return { release: async () => free?.() } satisfies HeldLock;
  };
}

/** A machine with these networks, whose rules are what was last restored. */
function machineWith(namespaces: readonly string[]): { readonly machine: Machine; readonly rules: () => string } {
  const networks = new Map(namespaces.map((namespace, index) => [names.network(namespace), index + 1]));
  const rules: Record<string, string> = { iptables: "", ip6tables: "" };
  const answer = async ([program = "", ...words]: readonly string[], input: unknown): Promise<string> => {
    const [family = "", verb] = program.split("-");
    if (verb === "save") return rules[family] ?? "";
    if (verb === "restore") rules[family] = typeof input === "string" && !/^-X /m.test(input) ? input : "";
    if (program !== "podman") return "";
    const name = words.at(-1) ?? "";
    if (words[1] === "ls") {
      const subnets = (index: number) => [{ gateway: `10.89.${index}.1` }];
      return JSON.stringify([...networks].map(([name, index]) => ({ name, network_interface: `podman${index}`, subnets: subnets(index) })));
    }
    if (words[1] !== "rm") return "";
    await systemClock.sleep(20); // podman is not quick either: time for another command
    networks.delete(name);
    return "";
  };
  const run: RunProcess = async (argv, options) => ({ code: 0, stdout: await answer(argv, options?.input), stderr: "", lastLines: [] });
  const podman = podmanCli(run);
  const walls = firewall({
    names,
    podman,
    run,
    lock: lockInMemory(),
    clock: systemClock,
    openPorts: async () => [8080],
    closedNetworks: async () => new Map(),
    isShut: async () => false,
  });
  return { machine: { names, podman, firewall: walls } as Machine, rules: () => Object.values(rules).join("") };
}

it("networks that are removed at the same time take all of their rules with them", async () => {
  const { machine, rules } = machineWith(["alpha", "beta"]);
  await machine.firewall.sync();
  expect(rules()).toContain('"t.alpha"');
  await Promise.all(["alpha", "beta"].map((namespace) => removeNetwork(machine, namespace)));
  expect(rules()).toBe("");
});

it("a network that is removed is not closed anew by who looks after the others meanwhile", async () => {
  const { machine, rules } = machineWith(["alpha", "beta"]);
  await machine.firewall.sync();
  const removed = removeNetwork(machine, "alpha");
  await systemClock.sleep(10);
  await machine.firewall.sync();
  await removed;
  expect(rules()).not.toContain('"t.alpha"');
  expect(rules()).toContain('"t.beta"');
});
