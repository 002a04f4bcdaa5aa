import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tinySurroundings } from "../contract-objects.ts";
import { type HostsEntry, hostsText, serverEntries, writeHostsFiles } from "./hosts-file.ts";
import type { Machine } from "./machine.ts";
import { label, namesOf } from "./names.ts";
import { podmanCli } from "./podman-cli.ts";
import { type NamespaceState, withObject } from "./state-store.ts";

const podmans = "127.0.0.1\tlocalhost\n10.89.0.2\tblog-0 t.blog.web._infra\n";
const first: HostsEntry = { address: "10.89.0.3", names: ["mariadb-11-8", "mariadb-11-8.howdah-system"] };
const line = "10.89.0.3\tmariadb-11-8 mariadb-11-8.howdah-system joined.howdah.internal\n";

describe("the text of a pod's hosts file", () => {
  it.each<{ name: string; former: string; entries: readonly HostsEntry[]; text: string }>([
    { name: "gets entries after what podman wrote", former: podmans, entries: [first], text: podmans + line },
    { name: "stays the same with the same entries", former: podmans + line, entries: [first], text: podmans + line },
    {
      name: "follows an address",
      former: podmans + line,
      entries: [{ ...first, address: "10.89.0.9" }],
      text: podmans + line.replace("0.3", "0.9"),
    },
    { name: "loses the entries of who left, and lines that filled it up", former: `${podmans + line}\n\n`, entries: [], text: podmans },
    {
      name: "keeps what podman wrote after ours",
      former: `${podmans + line}127.0.0.1\tt.blog.web.php\n`,
      entries: [],
      text: `${podmans}127.0.0.1\tt.blog.web.php\n`,
    },
    {
      name: "says once what a one-off container was told at its start",
      former: `${podmans}10.89.0.2\tmariadb-11-8\n10.89.0.2\tmariadb-11-8.howdah-system\n`,
      entries: [first],
      text: podmans + line,
    },
    { name: "has no line without a name", former: podmans, entries: [{ ...first, names: [] }], text: podmans },
    {
      name: "does not depend on the order of entries",
      former: podmans,
      entries: [{ ...first, address: "10.89.0.4" }, first],
      text: podmans + line + line.replace("0.3", "0.4"),
    },
    {
      name: "ends its last line though the former did not",
      former: "127.0.0.1\tlocalhost",
      entries: [first],
      text: `127.0.0.1\tlocalhost\n${line}`,
    },
  ])("$name", ({ former, entries, text }) => {
    expect(hostsText(former, entries)).toBe(text);
    expect(hostsText(text, entries)).toBe(text);
  });
});

/** A pod as podman knows it: its place in the list is its address. */
interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly aliases: readonly string[];
  /** Networks of other namespaces that it was joined to. */
  readonly joined?: readonly string[];
  readonly state?: string;
  /** A one-off container, which is in no pod. */
  readonly once?: boolean;
  readonly stateful?: boolean;
}

const containerName = ({ name, once }: Pick<Pod, "name" | "once">): string => (once === true ? name : `${name}._infra`);

describe("the hosts files of running pods", () => {
  let root = "";
  let pods: Pod[] = [];
  let machine: Machine;
  const path = (name: string): string => join(root, name);
  const hosts = (name: string): Promise<string> => readFile(path(name), "utf8");
  const write = (networks: readonly string[], pod?: string): Promise<void> => writeHostsFiles(machine, new Set(networks), pod);
  const store: Pod = { name: "store", namespace: "shared", aliases: ["store", "store.shared"], joined: ["t.alpha", "t.beta"] };
  const idOf = (name: string): string => Buffer.from(name).toString("hex").padEnd(64, "0");

  const podman = (argv: readonly string[]): unknown => {
    const known = pods.map((pod, index) => ({ ...pod, address: `10.0.0.${String(index + 1)}`, id: idOf(pod.name) }));
    if (argv[1] === "ps")
      return known.map(({ id, name, namespace, once = false, stateful = false, joined = [], state = "running" }) => ({
        ...{ Id: id, Names: [containerName({ name, once })], IsInfra: !once, State: state, Pid: 1 },
        Networks: [`t.${namespace}`, ...joined],
        Labels: {
          [label.namespace]: namespace,
          ...(stateful ? { [label.kind]: "StatefulSet" } : {}),
          ...(once ? { [label.role]: "once" } : {}),
        },
      }));
    return known
      .filter((pod) => argv.includes(containerName(pod)))
      .map(({ id, name, namespace, once = false, joined = [], aliases, address }) => ({
        ...{ Id: id, Name: containerName({ name, once }), State: {}, HostConfig: { LogConfig: {} }, HostsPath: path(name) },
        NetworkSettings: {
          Networks: Object.fromEntries(
            [`t.${namespace}`, ...joined].map((one) => [one, { IPAddress: address, Aliases: [...aliases, id.slice(0, 12)] }]),
          ),
        },
      }));
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-hosts-"));
    pods = [{ name: "web", namespace: "alpha", aliases: ["web"] }, { name: "other", namespace: "beta", aliases: ["other"] }, store];
    for (const { name } of pods) await writeFile(path(name), podmans);
    const states: Record<string, NamespaceState> = {};
    const nothing: NamespaceState = { version: 1, down: false, objects: {} };
    states["beta"] = tinySurroundings("beta.localhost", "store").reduce((state, object) => withObject(state, object, true), nothing);
    machine = {
      names: namesOf("t"),
      podman: podmanCli((argv) => Promise.resolve({ code: 0, stdout: JSON.stringify(podman(argv)), stderr: "", lastLines: [] })),
      store: { read: (namespace: string) => Promise.resolve(states[namespace] ?? nothing) },
    } as unknown as Machine;
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("name who was joined from other namespaces, by all names that their own namespace does not have", async () => {
    await write(["t.alpha", "t.beta"]);
    expect(await hosts("web")).toBe(`${podmans}10.0.0.3\tstore store.shared joined.howdah.internal\n`);
    expect(await hosts("other")).toBe(`${podmans}10.0.0.3\tstore.shared joined.howdah.internal\n`);
    expect(await hosts("store")).toBe(podmans);
  });

  it("name the namespace's own servers by all their names, but not to themselves", async () => {
    pods = [...pods, { name: "sessions", namespace: "beta", aliases: ["sessions", "store.beta"], stateful: true }];
    await writeFile(path("sessions"), podmans);
    await write(["t.beta"]);
    const others = "10.0.0.3\tstore.shared joined.howdah.internal\n";
    expect(await hosts("other")).toBe(`${podmans}${others}10.0.0.4\tsessions store.beta joined.howdah.internal\n`);
    expect(await hosts("sessions")).toBe(podmans + others);
    expect((await serverEntries(machine, "beta")).map(({ address }) => address)).toEqual(["10.0.0.3", "10.0.0.4"]);
  });

  it("follow a new address in the same file, which the containers have mounted", async () => {
    await write(["t.alpha"]);
    const { ino } = await stat(path("web"));
    pods = [pods[0] as Pod, pods[1] as Pod, { ...store, name: "former", state: "exited" }, store];
    await write(["t.alpha"]);
    expect(await hosts("web")).toBe(`${podmans}10.0.0.4\tstore store.shared joined.howdah.internal\n`);
    expect((await stat(path("web"))).ino).toBe(ino);
  });

  it("lose the names of who left, and keep their length", async () => {
    await write(["t.alpha"]);
    const { size } = await stat(path("web"));
    pods = pods.slice(0, 2);
    await write(["t.alpha"]);
    expect((await hosts("web")).trimEnd()).toBe(podmans.trimEnd());
    expect((await stat(path("web"))).size).toBe(size);
  });

  it("are left alone on networks and in pods that were not asked for", async () => {
    await write(["t.beta"]);
    await write(["t.alpha"], "another");
    expect(await hosts("web")).toBe(podmans);
  });

  it("are told to a one-off container at its start, and followed in its file while it runs", async () => {
    const told = [{ address: "10.0.0.3", names: ["store", "store.shared"] }];
    expect(await serverEntries(machine, "alpha")).toEqual(told);
    expect(await serverEntries(machine, "shared")).toEqual([]);
    await writeFile(path("once"), `${podmans}10.0.0.9\tstore\n10.0.0.9\tstore.shared\n`);
    pods = [...pods, { name: "once", namespace: "alpha", aliases: [], once: true }];
    await write(["t.alpha"]);
    expect((await hosts("once")).trimEnd()).toBe(`${podmans}10.0.0.3\tstore store.shared joined.howdah.internal`);
  });

  it("may be gone with their pod", async () => {
    await rm(path("web"));
    await write(["t.alpha", "t.beta"]);
    expect(await hosts("other")).toContain("store.shared");
  });
});
