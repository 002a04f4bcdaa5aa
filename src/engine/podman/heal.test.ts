import { describe, expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext } from "../engine.ts";
import { healer } from "./heal.ts";
import type { Machine } from "./machine.ts";
import { namesOf } from "./names.ts";

const empty = { version: 1, down: false, objects: {} } as const;

/** A machine with these namespaces and nothing that runs; a namespace's state may be an error. */
function machineOf(namespaces: Readonly<Record<string, Error | undefined>>, problems: readonly string[] = []) {
  const asked: string[] = [];
  const machine = {
    names: namesOf("howdah"),
    podman: { list: () => Promise.resolve([]) },
    marks: { all: () => Promise.resolve(void asked.push("marks")).then(() => new Map()) },
    store: {
      namespaces: () => Promise.resolve(Object.keys(namespaces)),
      read: (namespace: string) => {
        asked.push(namespace);
        const error = namespaces[namespace];
        return error === undefined ? Promise.resolve(empty) : Promise.reject(error);
      },
    },
    firewall: {
      sync: () => Promise.resolve(false),
      ensure: () => Promise.resolve(),
      withdraw: (_: string, remove: () => Promise<void>) => remove(),
    },
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    refreshEdge: () => Promise.resolve(problems).finally(() => asked.push("edge")),
  };
  return { machine: machine as unknown as Machine, asked };
}

function listening(): { context: EngineContext; said: string[] } {
  const said: string[] = [];
  const emit = (event: Event): void => void (event.type === "notice" && said.push(event.message));
  return { context: { emit, signal: new AbortController().signal }, said };
}

const lock = () => Promise.resolve({ release: () => Promise.resolve() });

describe("a healing pass", () => {
  it.each<{ name: string; error: Error; notices: string[] }>([
    { name: "a named failure", error: new HowdahError("machine/tool-failed", "no network"), notices: ["bad: no network"] },
    { name: "a bug", error: new TypeError("undefined is no pod"), notices: ["bad: undefined is no pod"] },
    { name: "a command at work", error: new HowdahError("machine/busy", "howdah up"), notices: [] },
  ])("goes on with the other namespaces after $name", async ({ error, notices }) => {
    const { machine, asked } = machineOf({ bad: error, good: undefined });
    const { context, said } = listening();
    expect(await healer(machine, lock)(context)).toEqual([]);
    expect(asked).toEqual(["marks", "bad", "good", "edge"]);
    expect(said).toEqual(notices);
  });

  it("says once, not every pass, which site the way in leaves out", async () => {
    const { machine } = machineOf({}, ["blog: its certificate is bad"]);
    const { context, said } = listening();
    const heal = healer(machine, lock);
    for (let pass = 0; pass < 12; pass++) await heal(context);
    expect(said).toEqual(["blog: its certificate is bad"]);
  });
});
