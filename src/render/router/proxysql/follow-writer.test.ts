import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { FOLLOW_WRITER } from "./follow-writer.ts";

/** Stand-ins of the programs: nodes answer what is in a file; the admin writes down what it is told, and runs what it was told last. */
const SOCAT = String.raw`#!/bin/sh
IFS= read -r request
host=$(printf %s "$4" | sed 's/^TCP:\([^:]*\):.*/\1/')
[ -e "$NODES/$host" ] || exit 1
printf 'HTTP/1.0 %s x\r\n\r\n' "$(cat "$NODES/$host")"
`;
const MARIADB = String.raw`#!/bin/sh
for argument; do case $argument in --execute=*) sql=${"${argument#--execute=}"} ;; esac; done
[ ! -e "$NODES/admin-away" ] || exit 1
case $sql in
  "SELECT hostname"*) cat "$NODES/runs" 2>/dev/null || : ;;
  "SELECT COUNT"*) cat "$NODES/rules" 2>/dev/null || echo 0 ;;
  *)
    printf '%s\n' "$sql" >>"$NODES/told"
    printf '%s' "$sql" | sed -n "s/.*(10,'\([^']*\)',[0-9]*,'ONLINE'.*/\1/p" >"$NODES/runs"
    ;;
esac
`;

const running: { readonly child: ChildProcess; readonly directory: string }[] = [];
afterEach(async () => {
  for (const { child, directory } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
    }
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
});

async function follow(answers: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), "t-follow-"));
  const file = (name: string): string => join(directory, name);
  const put = (name: string, text: string) => writeFile(file(name), text);
  for (const [name, text] of Object.entries({ socat: SOCAT, mariadb: MARIADB })) {
    await put(name, text);
    await chmod(file(name), 0o755);
  }
  for (const [node, answer] of Object.entries(answers)) await put(node, answer);
  await put("follow.sh", FOLLOW_WRITER);
  const child = spawn("/bin/sh", [file("follow.sh")], {
    stdio: "ignore",
    env: {
      ...{ PATH: `${directory}:${process.env["PATH"] ?? ""}`, NODES: directory, HOWDAH_ROUTER_RUN: directory },
      ...{ HOWDAH_NODES: "n0 n1 n2", HOWDAH_CHECK_PORT: "9200", HOWDAH_SQL_PORT: "3306", HOWDAH_CONNECTIONS: "50" },
    },
  });
  running.push({ child, directory });
  const told = async (): Promise<readonly string[]> => (await readFile(file("told"), "utf8").catch(() => "")).split("\n").filter(Boolean);
  const rows = async (): Promise<string> => /INTO mysql_servers [^;]*VALUES (.*?);/.exec((await told()).at(-1) ?? "")?.[1] ?? "";
  const becomes = (wanted: string) => expect.poll(rows, { timeout: 20_000, interval: 100 }).toBe(wanted);
  const gone = (name: string) => rm(file(name));
  const isReady = () =>
    readFile(file("ready")).then(
      () => true,
      () => false,
    );
  return { put, told, becomes, gone, isReady };
}

const all = (writer: string) =>
  ["n0", "n1", "n2"]
    .map((node) =>
      node === writer ? `(10,'${node}',3306,'ONLINE',50)` : `(10,'${node}',3306,'OFFLINE_SOFT',50),(30,'${node}',3306,'ONLINE',50)`,
    )
    .join(",");

describe("what leads a ProxySQL to the writer", { timeout: 300_000 }, () => {
  it("opens the node that the nodes name, and follows it; the one before keeps what it has", async () => {
    const { put, becomes, told } = await follow({ n0: "404", n1: "200", n2: "404" });
    await becomes(all("n1"));
    await put("n2", "200"); // both, while the place is handed over
    await becomes(all("n2"));
    await put("n1", "404");
    expect((await told())[0]).toMatch(/^DELETE FROM mysql_servers; .* LOAD MYSQL SERVERS TO RUNTIME; SAVE MYSQL SERVERS TO DISK$/);
  });

  it("cuts a node that does not serve, reads from the writer when it is alone, and leads nobody anywhere without one", async () => {
    const { gone, put, becomes, told } = await follow({ n0: "200", n1: "404", n2: "503" });
    await becomes("(10,'n0',3306,'ONLINE',50),(10,'n1',3306,'OFFLINE_SOFT',50),(30,'n1',3306,'ONLINE',50)");
    await gone("n1");
    await becomes("(10,'n0',3306,'ONLINE',50),(30,'n0',3306,'ONLINE',50)");
    await put("n0", "503");
    await expect
      .poll(async () => (await told()).at(-1), { timeout: 20_000 })
      .toBe(
        "DELETE FROM mysql_servers; DELETE FROM mysql_hostgroup_attributes; INSERT INTO mysql_hostgroup_attributes (hostgroup_id, init_connect) VALUES (30,'SET SESSION wsrep_sync_wait=1'); LOAD MYSQL SERVERS TO RUNTIME; SAVE MYSQL SERVERS TO DISK",
      );
  });

  it("tells again what somebody else changed, or what could not be told", async () => {
    const { put, gone, becomes, told } = await follow({ n0: "200", n1: "404", n2: "404", "admin-away": "" });
    expect(await told()).toEqual([]);
    await gone("admin-away");
    await becomes(all("n0"));
    const before = (await told()).length;
    await put("runs", "n2\n");
    await expect.poll(async () => (await told()).length, { timeout: 20_000 }).toBeGreaterThan(before);
    await becomes(all("n0"));
  });

  it("takes connections when there is a writer, and the operator has told the users", async () => {
    const { put, becomes, isReady } = await follow({ n0: "200", n1: "404", n2: "404" });
    await becomes(all("n0"));
    expect(await isReady()).toBe(false);
    await put("rules", "2\n");
    await expect.poll(isReady, { timeout: 20_000 }).toBe(true);
  });
});
