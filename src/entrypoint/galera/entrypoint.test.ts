import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ENTRYPOINT = fileURLToPath(new URL("entrypoint.sh", import.meta.url));
const UUID = "6d2b8f0e-0000-11ef-9c1a-0242ac120002";
const NOBODY = "00000000-0000-0000-0000-000000000000";

let node: string;
let running: ChildProcess | undefined;
let ended: Promise<unknown>;

/** The programs of the image that it calls, in their place: they write down what they were asked. */
const PROGRAMS = {
  mariadbd: `case "$*" in
  *--version*) echo "mariadbd  Ver 11.8.6-MariaDB for debian-linux-gnu" ;;
  *--wsrep-recover*) echo "recover" >>"$NODE/said"; [ ! -e "$NODE/damaged" ] || exit 1; echo "WSREP: Recovered position: ${UUID}:42" >&2 ;;
  *) echo "serve $*" >>"$NODE/said"; sleep 60 ;;
esac`,
  socat: `case "$*" in *TCP-LISTEN*) exec sleep 60 ;; esac
[ ! -e "$NODE/peer-serves" ] || echo '{"wsrep_cluster_status":"Primary"}'`,
};

const put = async (path: string, text = ""): Promise<void> => {
  await mkdir(dirname(join(node, path)), { recursive: true });
  await writeFile(join(node, path), text);
};
const said = async (): Promise<string> => readFile(join(node, "said"), "utf8").catch(() => "");

beforeEach(async () => {
  node = await mkdtemp(join(tmpdir(), "t-galera-node-"));
  for (const one of ["root", "run"]) await mkdir(join(node, one));
  for (const one of ["my.cnf", "secrets/init.sql", "secrets/client.cnf"]) await put(one);
  for (const [name, script] of Object.entries(PROGRAMS)) {
    await put(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    await chmod(join(node, "bin", name), 0o755);
  }
});
afterEach(async () => {
  // The whole group: PID 1 of a container takes what it began with it, a shell does not.
  if (running?.pid !== undefined) process.kill(-running.pid, "SIGKILL");
  await ended;
  await rm(node, { recursive: true });
});

/** Starts it, and answers what it says of itself once it is in a phase. */
async function started(phase: string): Promise<unknown> {
  running = spawn("sh", [ENTRYPOINT], {
    detached: true,
    stdio: "ignore",
    env: {
      ...{ PATH: `${join(node, "bin")}:/usr/bin:/bin`, NODE: node },
      ...{ HOWDAH_DATABASE_ROOT: join(node, "root"), HOWDAH_DATABASE_RUN: join(node, "run") },
      ...{ HOWDAH_DATABASE_CONFIG: join(node, "my.cnf"), HOWDAH_DATABASE_SECRETS: join(node, "secrets") },
      ...{ HOWDAH_NODE: "db-0", HOWDAH_NODE_ADDRESS: "db-0.db", HOWDAH_PEERS: "db-0.db,db-1.db" },
    },
  });
  ended = once(running, "close");
  for (;;) {
    const state: unknown = JSON.parse(await readFile(join(node, "run/state.json"), "utf8").catch(() => "{}"));
    if ((state as { phase?: string }).phase === phase) return state;
    await sleep(20);
  }
}

describe("what a node of Galera says of its data", () => {
  it.each<{ name: string; files: readonly string[]; data: string; asked: string }>([
    { name: "nothing was ever there", files: [], data: "missing", asked: "" },
    { name: "a server's files are there", files: ["root/data/mysql/global_priv.frm"], data: "intact", asked: "recover\n" },
    { name: "a first join ended early: files, but no system tables", files: ["root/data/ibdata1"], data: "incomplete", asked: "" },
    {
      name: "a copy was cut off, though its system tables are there",
      files: ["root/data/mysql/global_priv.frm", "root/transfer-incomplete"],
      ...{ data: "incomplete", asked: "" },
    },
    { name: "they can't be read", files: ["root/data/mysql/global_priv.frm", "damaged"], data: "broken", asked: "recover\n" },
  ])("$name: $data", async ({ files, data, asked }) => {
    for (const file of files) await put(file);
    const [uuid, seqno] = data === "intact" ? [UUID, 42] : [NOBODY, -1];
    expect(await started("waiting")).toMatchObject({ phase: "waiting", data, uuid, seqno });
    expect(await said()).toBe(asked);
  });

  it("is missing in an empty directory, which a first join left that ended before anything came", async () => {
    await mkdir(join(node, "root/data"));
    expect(await started("waiting")).toMatchObject({ data: "missing" });
    expect([existsSync(join(node, "root/data")), await said()]).toEqual([false, ""]);
  });
});

it("asks who serves for a whole copy when its own is not whole", async () => {
  for (const file of ["root/data/ibdata1", "root/data/grastate.dat", "root/data/gvwstate.dat", "peer-serves"]) await put(file);
  await started("joining");
  for (let asked = ""; asked === ""; asked = await said()) await sleep(20);
  expect(["grastate.dat", "gvwstate.dat", "ibdata1"].map((name) => existsSync(join(node, "root/data", name)))).toEqual([
    false,
    false,
    true,
  ]);
  expect(await said()).toMatch(/^serve .*--wsrep-cluster-address=gcomm:\/\/db-0\.db,db-1\.db/);
  expect(await said()).not.toMatch(/--wsrep-start-position|--wsrep-new-cluster/);
});

it("begins no cluster with half a copy, whoever orders it", async () => {
  await put("root/data/ibdata1");
  const { start } = (await started("waiting")) as { start: string };
  await put("run/order", `new ${NOBODY}:-1 ${start}\n`);
  while (existsSync(join(node, "run/order"))) await sleep(20);
  await sleep(100);
  expect([await said(), JSON.parse(await readFile(join(node, "run/state.json"), "utf8"))]).toEqual([
    "",
    expect.objectContaining({ phase: "waiting", data: "incomplete" }),
  ]);
});
