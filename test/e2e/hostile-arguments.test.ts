import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSite } from "../../src/site/check-site.ts";
import { parseSite } from "../../src/site/parse-site.ts";
import { payloads } from "../support/hostile-payloads.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { type ProgramShims, programShims } from "../support/program-shims.ts";

const skip = await whyNoMachine();
if (skip !== undefined) process.stderr.write(`hostile-arguments.test.ts is skipped: ${skip}\n`);

const shells = ["sh", "bash", "dash", "busybox"];
const programs = [
  ...shells,
  ..."podman buildah git openssl env apt-get apt-config dpkg dpkg-deb systemctl mount umount tar gzip brotli curl nsenter ip php nginx".split(
    " ",
  ),
];

/** Words that only payloads have, whole or torn. */
const marks = ["howdah-canary", "/evil", "DROP DATABASE", "--privileged", "-v/:/host", "../etc/passwd", "%n%s", "gnp.exe", "💥", "${HOME}"];
const hostile = (word: string): boolean => marks.some((mark) => word.includes(mark));
const whole = (word: string): boolean => payloads.some((payload) => word.includes(payload));

/** The payloads that a site file takes at a place; it refuses the others (hostile-values.test.ts). */
function taken(place: (value: string) => object): readonly string[] {
  return payloads.filter((payload) => checkSite(parseSite(siteText(place(payload))), { environment: "production" }).site !== undefined);
}

function siteText(spec: object): string {
  return JSON.stringify({
    apiVersion: "howdah.dev/v1alpha1",
    kind: "Site",
    metadata: { name: "argv" },
    spec: { runtime: { php: "8.4" }, web: { root: "public" }, ...spec },
  });
}

const variables = taken((value) => ({ variables: { A: value } }));
const headers = taken((value) => ({ web: { locations: { "/": { headers: { "X-A": value } } } } }));
const words = taken((value) => ({ hooks: { postDeploy: ["php", "-r", "1;", "--", value] } }));
/** Its process fails unless every argument of the hook arrived, each as one. */
const counts = `exit(count($argv) === ${String(words.length + 1)} ? 0 : 9);`;
const tells = "echo json_encode(array_slice($argv, 1));";

describe.skipIf(skip !== undefined && process.env["CI"] === undefined)("hostile values on their way to programs (F2)", () => {
  let shims: ProgramShims;
  let machine: HowdahMachine;
  beforeAll(async () => {
    shims = await programShims(programs);
    machine = await howdahMachine("argv", 18_700, { PATH: shims.searchPath });
    const directory = join(machine.directory, "argv");
    await mkdir(join(directory, "public"), { recursive: true });
    await writeFile(join(directory, "public/index.php"), "<?php echo json_encode(getenv());");
    const named = (prefix: string, values: readonly string[]): object =>
      Object.fromEntries(values.map((value, index) => [`${prefix}${String(index)}`, value]));
    const spec = {
      web: { root: "public", microcache: false, locations: { "/": { passthru: "/index.php", headers: named("X-H-", headers) } } },
      variables: named("H_", variables),
      hooks: { postDeploy: ["php", "-r", counts, "--", ...words] },
    };
    await writeFile(join(directory, "howdah.yaml"), siteText(spec));
    await machine.ok("up", directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
    await shims.remove();
  });

  it("the site file takes enough of them to mean something", () => {
    expect([variables.length, headers.length, words.length].map((count) => count >= 10)).toEqual([true, true, true]);
  });

  it("variables arrive as they were written", async () => {
    const environment = JSON.parse((await machine.get("argv.localhost", "/")).body) as Record<string, string>;
    expect(variables.map((_value, index) => environment[`H_${String(index)}`])).toEqual(variables);
  });

  it.each(["exec", "run"])("`%s` hands over every argument as one", async (verb) => {
    const { stdout } = await machine.ok(verb, "argv", "--", "php", "-r", tells, "--", ...payloads);
    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual(payloads);
  });

  it.each(["status", "logs", "down", "destroy --yes", "exec", "run", "files ls", "files ls argv", "db shell", "db dump", "secret ls"])(
    "`%s` starts no program for a hostile name",
    async (verb) => {
      const before = (await shims.calls()).filter((call) => call.some(hostile)).length;
      const more = verb === "exec" || verb === "run" ? ["ls"] : [];
      for (const payload of payloads.slice(0, 14)) {
        const { code, stderr } = await machine.howdah(...verb.split(" "), payload, ...more);
        expect({ payload, refused: code > 0, bug: stderr.includes("[bug]") }).toEqual({ payload, refused: true, bug: false });
      }
      expect((await shims.calls()).filter((call) => call.some(hostile)).length).toBe(before);
    },
  );

  it("no shell was given any of them, and no argument was torn", async () => {
    const calls = await shims.calls();
    expect(calls.filter(([program]) => program === "podman").length).toBeGreaterThan(20);
    const carriers = calls.filter((call) => call.some(hostile));
    expect(carriers.length).toBeGreaterThan(0);
    expect(carriers.filter(([program]) => shells.includes(program ?? ""))).toEqual([]);
    expect(carriers.flatMap((call) => call.filter((word) => hostile(word) && !whole(word)))).toEqual([]);
    expect((await readdir("/tmp")).filter((name) => name.startsWith("howdah-canary"))).toEqual([]);
  });
});
