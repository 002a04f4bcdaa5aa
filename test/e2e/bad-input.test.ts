import { spawn } from "node:child_process";
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ErrorCode, errorCatalog } from "../../src/kernel/error-catalog.ts";
import { staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, type Said, whyNoMachine } from "../support/howdah-machine.ts";

const PORT = 18_600;
const skip = await whyNoMachine();

const tenMistakes = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata:
  name: Bad_Name
spec:
  runtime:
    php: "5.6"
    extensions: [gd, gdd]
    flavor: shell
  web:
    root: ../outside
    modules: [brotly]
    healthPath: health
  database: {version: "9.9"}
  scale: {replicas: 0}
  code: frozen
`;

/** Line, column and code of each mistake. */
const places = [
  "4:9 site/invalid-value",
  "7:10 site/unknown-php-version",
  "8:22 site/unknown-extension",
  "9:5 site/unknown-key",
  "11:11 site/invalid-value",
  "12:15 site/unknown-nginx-module",
  "13:17 site/invalid-value",
  "14:23 site/unknown-mariadb-version",
  "15:21 site/invalid-value",
  "16:9 site/invalid-value",
];

interface Finding {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly position: { readonly line: number; readonly column: number };
}

/** Runs a program with an environment of its own and answers what it said. */
function program(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0] ?? "", argv.slice(1), { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code: code ?? 137, stdout, stderr });
    });
  });
}

function failure(said: Said): { code: ErrorCode; message: string; hint: string; exit: number; diagnostics: readonly Finding[] } {
  return (JSON.parse(said.stdout) as { error: { code: ErrorCode; message: string; hint: string; exit: number; diagnostics: Finding[] } })
    .error;
}

/** The failure has its code and exit code, and words in text and JSON alike. */
function expectFailure(text: Said, json: Said, code: ErrorCode, ...words: readonly (string | RegExp)[]): void {
  expect(text.code).toBe(errorCatalog[code].exit);
  expect(json.code).toBe(errorCatalog[code].exit);
  expect(text.stderr).toContain(`[${code}]`);
  expect(text.stdout).toBe("");
  const error = failure(json);
  expect(error).toMatchObject({ code, exit: errorCatalog[code].exit });
  for (const word of words) {
    expect(text.stderr).toMatch(word);
    expect(`${error.message} ${error.hint}`).toMatch(word);
  }
}

describe.skipIf(skip !== undefined)(`bad input${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let running: TestSite;

  beforeAll(async () => {
    machine = await howdahMachine("bad", PORT);
    running = await staticSite(machine, "steady");
    await machine.ok("up", running.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const stillServes = async (): Promise<void> => {
    expect(await running.page()).toBe("steady one");
    const { sites } = JSON.parse((await machine.ok("status", "--output", "json")).stdout) as { sites: { name: string }[] };
    expect(sites.map(({ name }) => name)).toEqual(["steady"]);
  };
  const broken = async (name: string, text: string): Promise<string> => {
    const directory = join(machine.directory, name);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "index.php"), "<?php echo 1;\n");
    await writeFile(join(directory, "howdah.yaml"), text);
    return directory;
  };
  const both = async (environment: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<readonly [Said, Said]> => [
    await program([process.execPath, "bin/howdah", ...argv], { ...machine.environment, ...environment }),
    await program([process.execPath, "bin/howdah", ...argv, "--output", "json"], { ...machine.environment, ...environment }),
  ];

  it.each(["check", "up", "build", "show"])("`%s` reports ten mistakes at once, each with its place", async (verb) => {
    const directory = await broken("ten", tenMistakes);
    const text = await machine.howdah(verb, directory);
    const json = await machine.howdah(verb, directory, "--output", "json");
    expect([text.code, json.code]).toEqual([65, 65]);
    const answer = JSON.parse(json.stdout) as { diagnostics?: Finding[]; error?: { code: string; diagnostics: Finding[] } };
    const findings = answer.diagnostics ?? answer.error?.diagnostics ?? [];
    expect(findings.map(({ position, code }) => `${position.line}:${position.column} ${code}`)).toEqual(places);
    for (const place of places) expect(text.stdout + text.stderr).toContain(`howdah.yaml:${place.split(" ")[0]} error`);
    expect(await readdir(directory)).toEqual(["howdah.yaml", "index.php"]);
    await stillServes();
  });

  it.each([
    ["a PHP version", `runtime: {php: "5.6"}`, "site/unknown-php-version", /8\.4/],
    ["an extension", `runtime: {php: "8.4", extensions: [gdd]}`, "site/unknown-extension", /`gd`/],
    ["an extension that the version lacks", `runtime: {php: "8.4", extensions: [imap]}`, "site/extension-not-in-php", /8\.2/],
    ["an nginx module", "web: {modules: [brotly]}", "site/unknown-nginx-module", /`brotli`/],
    ["a MariaDB version", `{runtime: {php: "8.4"}, database: {version: "9.9"}}`, "site/unknown-mariadb-version", /11\.8/],
  ])("names %s that is not there and what there is", async (_what, spec, code, hint) => {
    const text = `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: odd}\nspec: ${spec.startsWith("{") ? spec : `{${spec}}`}\n`;
    const said = await machine.howdah("up", await broken("odd", text), "--output", "json");
    const [finding, ...others] = failure(said).diagnostics;
    expect(said.code).toBe(65);
    expect(others).toEqual([]);
    expect(finding?.code).toBe(code);
    expect(`${finding?.message} ${finding?.hint}`).toMatch(hint);
    expect(finding?.position.line).toBe(4);
    await stillServes();
  });

  it("names what is missing: a file, a directory, a site, anything to serve", async () => {
    const empty = await mkdtemp(join(machine.directory, "empty-"));
    const cases: readonly (readonly [ErrorCode, RegExp, ...string[]])[] = [
      ["site/not-found", /nowhere/, "up", join(machine.directory, "nowhere")],
      ["site/not-found", /howdah\.yaml/, "check", empty],
      ["detect/empty", /empty/, "up", empty],
      ["site/unknown", /nosuch/, "logs", "nosuch"],
      ["site/unknown", /nosuch/, "down", "nosuch"],
      ["site/unknown", /nosuch/, "destroy", "nosuch", "--yes"],
      ["usage/invalid", /70000/, "up", running.directory, "--port", "70000"],
    ];
    for (const [code, words, ...argv] of cases) expectFailure(...(await both({}, ...argv)), code, words);
    expect(await readdir(empty)).toEqual([]);
    await stillServes();
  });

  it("names the program that has the port, keeps the former port, and takes another", async () => {
    const server = createServer().listen(PORT + 10, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const other = await howdahMachine("bad2", PORT + 10);
    try {
      const site = await staticSite(other, "late", running);
      const up = ["up", site.directory];
      const environment = { ...other.environment };
      const said = await program([process.execPath, "bin/howdah", ...up], environment);
      expect(said.stderr).not.toContain("Images"); // at once, before anything is made
      expectFailure(
        said,
        await program([process.execPath, "bin/howdah", ...up, "--output", "json"], environment),
        "machine/port-in-use",
        new RegExp(`${PORT + 10}.*process ${process.pid}`),
        /--port/,
      );
      // a running site's edge is asked to move to the taken port: it stays where it is
      delete environment["HOWDAH_HTTP_PORT"];
      const { HOWDAH_HTTP_PORT: _mine, ...unset } = machine.environment;
      const moved = await program([process.execPath, "bin/howdah", "up", running.directory, "--port", String(PORT + 10)], unset);
      expect(moved.stderr).toContain("[machine/port-in-use]");
      await stillServes();
      await access(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "machine.json")).then(
        async () => {
          expect(await readFile(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "machine.json"), "utf8")).not.toContain(
            String(PORT + 10),
          );
        },
        () => undefined,
      );
      const free = await program([process.execPath, "bin/howdah", ...up, "--port", String(PORT + 12)], environment);
      expect(free.stdout).toContain(`http://late.localhost:${PORT + 12}`);
      expect(free.code).toBe(0);
    } finally {
      server.close();
      expect(await other.remove()).toEqual([]);
    }
  });

  describe("without podman", () => {
    let path = "";
    beforeAll(async () => {
      // the machine's own programs, but for podman
      path = await mkdtemp(join(tmpdir(), "howdah-path-"));
      for (const directory of ["/usr/bin", "/usr/sbin"]) {
        for (const name of await readdir(directory)) {
          if (name !== "podman") await symlink(join(directory, name), join(path, name)).catch(() => undefined);
        }
      }
    });
    afterAll(() => rm(path, { recursive: true, force: true }));

    it("names it and the command that installs it", async () => {
      expectFailure(...(await both({ PATH: path }, "up", running.directory)), "machine/tool-missing", /podman/, /apt-get install .*podman/);
      await stillServes();
    });

    it("says it in doctor, and status, logs and down have the same name for it", async () => {
      const doctor = await program([process.execPath, "bin/howdah", "doctor"], { ...machine.environment, PATH: path });
      expect(doctor.code).toBe(69);
      expect(doctor.stdout).toMatch(/miss podman[\s\S]*apt-get install/);
      for (const argv of [["status"], ["logs", "steady"], ["down", "steady"]])
        expectFailure(...(await both({ PATH: path }, ...argv)), "machine/tool-missing", /podman/);
      await stillServes();
    });

    it("repeats podman's own words when it fails", async () => {
      await writeFile(join(path, "podman"), "#!/bin/sh\necho 'Error: the storage is on fire' >&2\nexit 125\n");
      await chmod(join(path, "podman"), 0o755);
      const [text, json] = await both({ PATH: path }, "up", running.directory);
      expect(text.code).toBe(69);
      expect(text.stderr).toContain("the storage is on fire");
      expect(failure(json).message).toContain("the storage is on fire");
      await stillServes();
    });
  });

  it("says which Node it needs, or starts the one that set-up put there", async () => {
    const old = await program(["/usr/bin/node", "--version"], machine.environment).catch(() => undefined);
    if (old === undefined || !/^v(1\d|20|21)\./.test(old.stdout)) return; // this machine has no older one
    const home = await mkdtemp(join(tmpdir(), "howdah-home-"));
    try {
      const environment = { ...machine.environment, HOME: home };
      const said = await program(["/usr/bin/node", "bin/howdah", "--version"], environment);
      expect(said.code).toBe(69);
      expect(said.stderr).toMatch(/needs Node 22\.19 or newer; this is Node \d+/);
      expect(said.stderr).toContain("scripts/setup");
      await mkdir(join(home, ".cache/howdah/node/bin"), { recursive: true });
      await symlink(process.execPath, join(home, ".cache/howdah/node/bin/node"));
      const own = await program(["/usr/bin/node", "bin/howdah", "--version"], environment);
      expect(own).toMatchObject({ code: 0, stderr: "" });
    } finally {
      await rm(home, { recursive: true });
    }
  });

  describe("as an ordinary user", () => {
    const nobody = (...argv: readonly string[]): Promise<Said> =>
      program(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "bin/howdah", ...argv], {
        ...machine.environment,
        HOME: "/nonexistent",
      });

    it("init, check, explain and show work", async () => {
      const code = await mkdtemp(join(tmpdir(), "howdah-nobody-"));
      try {
        await chmod(code, 0o777);
        await writeFile(join(code, "index.php"), "<?php echo 1;\n");
        for (const argv of [
          ["init", code, "--yes"],
          ["check", code],
          ["show", code],
          ["explain", "spec.web"],
          ["--version"],
          ["up", "--help"],
        ])
          expect({ argv, code: (await nobody(...argv)).code }).toEqual({ argv, code: 0 });
      } finally {
        await rm(code, { recursive: true });
      }
    });

    it.each([
      ["up"],
      ["up --dry-run"],
      ["build"],
      ["pin"],
      ["status"],
      ["logs steady"],
      ["down steady"],
      ["destroy steady --yes"],
      ["exec steady -- ls"],
    ])("`%s` says that it needs root, and why", async (line) => {
      const code = await mkdtemp(join(tmpdir(), "howdah-nobody-"));
      try {
        await chmod(code, 0o755);
        await writeFile(join(code, "howdah.yaml"), await readFile(join(running.directory, "howdah.yaml"), "utf8"));
        const [verb = "", ...rest] = line.split(" ");
        const argv = ["up", "build", "pin"].includes(verb) ? [verb, code, ...rest] : [verb, ...rest];
        const text = await nobody(...argv);
        expect(text.code).toBe(77);
        expect(text.stderr).toMatch(/root|May not/);
        expect(text.stderr).toContain("sudo");
        expect(await readdir(code)).toEqual(["howdah.yaml"]);
      } finally {
        await rm(code, { recursive: true });
      }
      await stillServes();
    });
  });
});
