import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { PackedFile } from "./pack-directory.ts";

/** Reads an archive again, as whoever gets it will, and compares it with what went in. Error: `backup/damaged`, naming the first difference. */
export async function checkArchive(file: string, packed: readonly PackedFile[]): Promise<void> {
  const wanted = new Map(packed.map(({ path, sha256 }) => [path, sha256]));
  const archive = extract();
  const read = pipeline(createReadStream(file), archive);
  read.catch(() => undefined); // awaited below
  let last = "";
  for await (const entry of archive) {
    const { name, type } = (entry as unknown as { readonly header: { readonly name: string; readonly type: string } }).header;
    const hash = createHash("sha256");
    for await (const chunk of entry as AsyncIterable<Buffer>) hash.update(chunk);
    last = name;
    if (type !== "file" || name === "manifest.json") continue;
    if (wanted.get(name) !== hash.digest("hex")) throw damaged(file, `${name} is not what was written`);
    wanted.delete(name);
  }
  await read;
  const [missing] = wanted.keys();
  if (missing !== undefined) throw damaged(file, `${missing} is not in it`);
  if (last !== "manifest.json") throw damaged(file, "its manifest is not at its end");
}

function damaged(file: string, why: string): HowdahError {
  return new HowdahError("backup/damaged", `${file} was written and is not whole: ${why}`, {
    hint: "Is the disk sound? Nothing was replaced or deleted; the same command writes it anew.",
  });
}
