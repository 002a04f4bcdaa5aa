import type { BaseRequest } from "../../catalog/image-recipes.ts";
import { canonicalExtension, extensionFor } from "../../catalog/php-extensions.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { run } from "../process.ts";

/** The modules that `php -m` lists, by the names the catalog uses. */
export function parseModules(text: string): readonly string[] {
  const names = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("["));
  return [...new Set(names.map((name) => canonicalExtension(name)))].sort();
}

/**
 * Asks both PHP programs of an image which extensions they really load. Errors: `image/incomplete` when one that the request names is missing,
 * or PHP complains at its start: a library that is missing only makes a warning.
 */
export async function requireExtensions(imageId: string, request: BaseRequest, signal?: AbortSignal): Promise<void> {
  if (request.kind !== "php" && request.kind !== "php-builder") return;
  const programs = request.kind === "php" ? ["/usr/bin/php", "/usr/sbin/php-fpm"] : ["/usr/bin/php"];
  for (const program of programs) {
    const ran = await run(runOnce(imageId, [program, "-m"]), { signal, accept: "any" });
    const loaded = parseModules(ran.stdout);
    const wanted = request.extensions
      .map(canonicalExtension)
      .filter((name) => program === "/usr/bin/php" || extensionFor(request.version, name)?.kind !== "cli-only");
    const missing = wanted.filter((name) => !loaded.includes(name));
    const complaints = ran.lastLines.filter((line) => /warning|unable to load|fatal/i.test(line));
    if (ran.code === 0 && missing.length === 0 && complaints.length === 0) continue;
    const what = missing.length > 0 ? `lacks ${missing.join(", ")}` : "complains at its start";
    throw new HowdahError("image/incomplete", `${program} of the image for PHP ${request.version} ${what}`, { output: ran.lastLines });
  }
}

/** A container for one command: no network, nothing writable but /tmp, gone afterwards. */
export function runOnce(imageId: string, argv: readonly string[]): readonly string[] {
  const [program = "", ...args] = argv;
  return [
    "podman",
    "run",
    "--rm",
    "--network=none",
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=all",
    `--user=${RUN_AS}:${RUN_AS}`,
    "--workdir=/",
    `--entrypoint=${JSON.stringify([program])}`,
    imageId,
    ...args,
  ];
}
