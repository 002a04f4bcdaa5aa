import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import {
  type AptSource,
  type DebianSources,
  debianSources,
  mirrorSources,
  parseDeb822Sources,
  parseOneLineSources,
} from "./apt-sources.ts";

/** Debian's archives as the host has them in /etc/apt, or as the setting says. Errors: `image/source-unreachable` when the host names none. */
export async function hostSources(mirror: string | undefined, etcApt = "/etc/apt"): Promise<DebianSources> {
  const keyring = await debianKeyring();
  const found = mirror === undefined || mirror === "" ? debianSources(await readAll(etcApt)) : mirrorSources(mirror);
  if (found.debian.length === 0) {
    throw new HowdahError("image/source-unreachable", `No source in ${etcApt} is a Debian archive`, {
      hint: "Images are made from Debian's packages. Set HOWDAH_DEBIAN_MIRROR to the address of a Debian mirror.",
    });
  }
  return {
    debian: await resolved(found.debian),
    security: await resolved(found.security),
    signedBy: found.signedBy === "" || !found.signedBy.includes("BEGIN PGP") ? keyring : found.signedBy,
  };
}

async function readAll(etcApt: string): Promise<readonly AptSource[]> {
  const names = (await readdir(join(etcApt, "sources.list.d")).catch(() => [])).toSorted(byName);
  const files = [join(etcApt, "sources.list"), ...names.map((name) => join(etcApt, "sources.list.d", name))];
  const parsed = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, "utf8").catch(() => "");
      if (file.endsWith(".sources")) return parseDeb822Sources(text);
      return file.endsWith(".list") ? parseOneLineSources(text) : [];
    }),
  );
  return parsed.flat();
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Debian's own keys where the package debian-archive-keyring put them, so that a source without a key is not trusted by any other key. */
async function debianKeyring(): Promise<string> {
  for (const file of ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"]) {
    const there = await readFile(file).then(
      () => true,
      () => false,
    );
    if (there) return file;
  }
  return "";
}

/** `mirror+file:` names a file that lists mirrors, one a line (cloud images of Debian do so). */
async function resolved(uris: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    uris.map(async (uri) => {
      const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
      if (file === undefined) return [uri];
      const text = await readFile(file, "utf8").catch(() => "");
      return text
        .split("\n")
        .map((line) => line.replace(/#.*$/, "").trim().split(/\s/)[0] ?? "")
        .filter((line) => line !== "")
        .map((line) => line.replace(/\/+$/, ""));
    }),
  );
  return [...new Set(lists.flat())].filter((uri) => /^(https?|file|copy):/.test(uri));
}
