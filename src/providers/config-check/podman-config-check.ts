import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RUN_AS } from "../../kernel/label.ts";
import { run } from "../process.ts";

/**
 * Runs a server's own test of its configuration in the very image that would serve it, without network, before anything is replaced.
 * Files are absolute path to text. Answers the exit code and the last lines; only a broken engine throws.
 */
export async function checkInImage(
  request: { readonly image: string; readonly argv: readonly string[]; readonly files: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly output: readonly string[] }> {
  const [program = "", ...args] = request.argv;
  const directory = await mkdtemp(join(tmpdir(), "howdah-check-"));
  try {
    const mounts: string[] = [];
    for (const [index, [path, text]] of Object.entries(request.files).entries()) {
      const file = join(directory, String(index));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { mode: 0o644 });
      mounts.push("--volume", `${file}:${path}:ro`);
    }
    const ran = await run(
      [
        "podman",
        "run",
        "--rm",
        "--pull=never",
        "--network=none",
        "--read-only",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        `--user=${String(RUN_AS)}:${String(RUN_AS)}`,
        "--tmpfs=/run:mode=1777",
        "--tmpfs=/tmp:mode=1777",
        ...mounts,
        `--entrypoint=${program}`,
        request.image,
        ...args,
      ],
      { signal, accept: "any", timeoutMs: 60_000 },
    );
    return { code: ran.code, output: ran.lastLines };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
