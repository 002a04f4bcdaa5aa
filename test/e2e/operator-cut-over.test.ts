import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-cut-over.test.ts is skipped: ${why}\n`);

const NAME = "t-cut-over";
const HOST = `${NAME}.howdah.test`;
const siteFile = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${NAME}}
spec:
  runtime: {php: "8.4", ini: {session.save_handler: files}}
  web: {microcache: false}
  hostnames: [${HOST}]
  mounts: {files: {storage: shared, size: 64Mi}}
`;
const page = `<?php
echo count(glob(__DIR__ . "/files/*")), " files";
`;
const HELD = "status 503: We are moving";

// How data is copied is in cluster-data.test.ts.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("the cut-over to a site that an operator runs", () => {
  let rig: OperatorRig;
  let old: string;

  /** What a visitor reads, shortly. */
  const visit = async (): Promise<string> => {
    const { status, body } = await rig.get(HOST, "/");
    return status === 200 ? body : `status ${String(status)}: ${/We are moving/.exec(body)?.[0] ?? body.slice(0, 200)}`;
  };
  const shows = (words: string): Promise<void> => expect.poll(visit, { timeout: 180_000, interval: 250 }).toBe(words);
  const write = (name: string): Promise<void> => writeFile(join(old, name), `${name}\n`);
  const argv = (...flags: readonly string[]): readonly string[] => [
    ...["migrate-data", NAME, "--from", old, "--context", ".", "--to", `${rig.registry}/test/${NAME}`, "--output", "json", ...flags],
  ];
  const suspended = (): Promise<string> =>
    rig.kubectl("get", "environment", "production", "--namespace", NAME, "--output=jsonpath={.spec.suspend}{.metadata.annotations}");
  /** All that visitors read while something is done, each once, in the order of their first. */
  async function readDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
    const read = new Set<string>();
    const held: number[] = [];
    const over = new AbortController();
    const reading = (async () => {
      while (!over.signal.aborted) {
        const words = await visit();
        read.add(words);
        if (words === HELD) held.push(Date.now());
        await sleep(100);
      }
    })();
    await work().finally(() => over.abort());
    await reading;
    if (held.length > 0) console.log(`cluster: the page was read for ${String(((held.at(-1) ?? 0) - (held[0] ?? 0)) / 1000)} s`);
    return [...read];
  }

  beforeAll(async () => {
    rig = await operatorRig("cutc", 18_790);
    const code = join(rig.directory, NAME);
    old = join(rig.directory, "old");
    await Promise.all([mkdir(code), mkdir(old)]);
    await writeFile(join(code, "howdah.yaml"), siteFile);
    await writeFile(join(code, "index.php"), page);
    await Promise.all(["a", "b", "c"].map(write));
    await rig.operator();
    await rig.tenant(NAME);
    await rig.deploy(code);
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  it("copies first while visitors are served", async () => {
    await shows("0 files");
    const read = await readDuring(() => rig.ok(...argv()));
    expect(read.filter((words) => !/^\d files$/.test(words))).toEqual([]);
    await shows("3 files");
  });

  it("holds visitors on a page until both sides are the same, then lets them in", async () => {
    await write("d");
    let said = "";
    const read = await readDuring(async () => {
      said = (await rig.ok(...argv("--final", "--yes"))).stdout;
    });
    expect(JSON.parse(said)).toMatchObject({ same: true, transferred: 1 });
    expect(read.filter((words) => !/^[34] files$/.test(words))).toEqual([HELD]);
    await shows("4 files");
    expect(await suspended()).toBe("");
  });

  it("that is killed keeps the page; run again, it lets visitors in", async () => {
    await write("e");
    const run = rig.start(...argv("--final", "--yes"));
    await shows(HELD);
    process.kill(run.pid, "SIGKILL");
    await run.done;
    expect(await visit()).toBe(HELD);
    await rig.ok(...argv("--final", "--yes"));
    await shows("5 files");
    expect(await suspended()).toBe("");
  });
});
