import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { renderSite } from "../../src/render/site/render-site.ts";
import { checkSite } from "../../src/site/check-site.ts";
import { parseSite } from "../../src/site/parse-site.ts";
import { staticSite, type TestSite } from "../support/fault-site.ts";
import { CANARY, payloads } from "../support/hostile-payloads.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();

/** Every text of a site file, as a file with the payload in its place. */
const fields: Readonly<Record<string, (value: string) => object>> = {
  "metadata.name": (value) => ({ name: value }),
  source: (value) => ({ source: value }),
  "web.root": (value) => ({ web: { root: value } }),
  "web.index": (value) => ({ web: { index: [value] } }),
  "web.healthPath": (value) => ({ web: { healthPath: value } }),
  "web.deny": (value) => ({ web: { deny: [value] } }),
  "location path": (value) => ({ web: { locations: { [value]: { scripts: false } } } }),
  "location header": (value) => ({ web: { locations: { "/a": { headers: { "X-A": value } } } } }),
  "location header's name": (value) => ({ web: { locations: { "/a": { headers: { [value]: "x" } } } } }),
  redirect: (value) => ({ web: { locations: { "/a": { redirect: { to: value } } } } }),
  passthru: (value) => ({ web: { locations: { "/": { passthru: value } } } }),
  "rewrite from": (value) => ({ web: { rewrites: [{ from: value, to: "/x" }] } }),
  "rewrite to": (value) => ({ web: { rewrites: [{ from: "^/a", to: value }] } }),
  hostname: (value) => ({ hostnames: [value] }),
  extension: (value) => ({ runtime: { php: "8.4", extensions: [value] } }),
  package: (value) => ({ runtime: { php: "8.4", packages: [value] } }),
  image: (value) => ({ runtime: { php: "8.4", image: value } }),
  "ini value": (value) => ({ runtime: { php: "8.4", ini: { "date.timezone": value } } }),
  "ini name": (value) => ({ runtime: { php: "8.4", ini: { [value]: "1" } } }),
  variable: (value) => ({ runtime: { php: "8.4" }, variables: { A: value } }),
  "variable's name": (value) => ({ runtime: { php: "8.4" }, variables: { [value]: "x" } }),
  "mount path": (value) => ({ runtime: { php: "8.4" }, mounts: { [value]: {} } }),
  "configuration path": (value) => ({ runtime: { php: "8.4" }, configuration: { [value]: { content: "x" } } }),
  collation: (value) => ({ runtime: { php: "8.4" }, database: { collation: value } }),
  "hook argument": (value) => ({ runtime: { php: "8.4" }, hooks: { install: ["php", "-r", "1;", value] } }),
  "cron schedule": (value) => ({ runtime: { php: "8.4" }, crons: { a: { schedule: value, command: ["php", "-v"] } } }),
  "worker name": (value) => ({ runtime: { php: "8.4" }, workers: { [value]: { command: ["php", "-v"] } } }),
};

function siteText(parts: object): string {
  const { name = "hostile", ...spec } = parts as { name?: string };
  return JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec });
}

const input = {
  images: { web: "web", php: "php" },
  url: "http://hostile.localhost",
  resolver: "10.0.0.1",
  trustedProxies: [],
  database: { host: "database", port: 3306, name: "hostile", user: "hostile", secretName: "database" },
  generatedSecret: "generated",
  secretsDigest: "",
  releaseId: "first",
  migration: "first",
};

describe("hostile values in every text of a site file (F2, F3)", () => {
  it.each(Object.entries(fields))("%s: refused with a place, or inert in what is rendered", (_field, place) => {
    for (const payload of payloads) {
      const { site, diagnostics } = checkSite(parseSite(siteText(place(payload))), { environment: "production" });
      if (site === undefined) {
        expect({ payload, refused: diagnostics.some(({ severity, position }) => severity === "error" && position !== undefined) }).toEqual({
          payload,
          refused: true,
        });
        continue;
      }
      try {
        const objects = renderSite(site, input);
        const nginx = objects.flatMap(({ object }) => (object.kind === "ConfigMap" ? Object.values(object.data) : []));
        for (const text of nginx) {
          expect(text).not.toMatch(/^\s*location\s+\/evil/m);
          expect(text).not.toMatch(/^\s*(php_(admin_)?value\[)?auto_prepend_file\]?\s*=\s*"?\/tmp\/evil/m);
        }
      } catch (error) {
        // the renderer reads its own output again: refusing is as good as quoting
        if (!(error instanceof HowdahError)) throw error;
        expect(["render/unsafe", "config/rejected", "site/invalid"]).toContain(error.code);
      }
    }
  });
});

describe.skipIf(skip !== undefined)(
  `hostile values on the command line and in a real site${skip === undefined ? "" : ` (${skip})`}`,
  () => {
    let machine: HowdahMachine;
    let site: TestSite;
    beforeAll(async () => {
      machine = await howdahMachine("host", 18_680);
      site = await staticSite(machine, "calm");
    });
    afterAll(async () => {
      expect((await readdir("/tmp")).filter((name) => name.startsWith("howdah-canary"))).toEqual([]);
      expect(await machine.remove()).toEqual([]);
    });

    it("a directory, a file and values full of metacharacters are served as they are", async () => {
      const odd = `touch ${CANARY.replaceAll("/", "_")} $(touch canary); 'q' "d" ünï`;
      const directory = join(machine.directory, odd);
      await mkdir(join(directory, "public"), { recursive: true });
      await writeFile(join(directory, "public/index.html"), "odd\n");
      await writeFile(join(directory, "public/$(touch canary).txt"), "as it is\n");
      const header = `a"b'c\\d;e{f}$g $(touch ${CANARY}) ünï`;
      await writeFile(
        join(directory, "howdah.yaml"),
        siteText({ name: "odd", web: { root: "public", microcache: false, locations: { "/": { headers: { "X-Odd": header } } } } }),
      );
      const said = await machine.howdah("up", directory);
      expect(said.stderr).not.toContain("[bug]");
      expect(said.code).toBe(0);
      const answer = await machine.get("odd.localhost", "/");
      expect(answer.body).toBe("odd\n");
      expect(Buffer.from(String(answer.headers["x-odd"]), "latin1").toString("utf8")).toBe(header);
      expect((await machine.get("odd.localhost", `/${encodeURIComponent("$(touch canary).txt")}`)).body).toBe("as it is\n");
      await machine.ok("up", site.directory);
    });

    it.each(["logs", "down", "destroy", "exec", "files ls", "db shell"])("`%s` refuses hostile names with a name for it", async (verb) => {
      const more = verb === "exec" ? ["ls"] : verb === "destroy" ? ["--yes"] : [];
      const names = [...payloads.slice(0, 8), "../../../etc/passwd"];
      const said = await Promise.all(names.map((name) => machine.howdah(...verb.split(" "), name, ...more)));
      expect(said.filter(({ code, stderr }) => code !== 66 || !stderr.includes("[site/unknown]"))).toEqual([]);
      expect(await site.page()).toBe("calm one");
    });
  },
);
