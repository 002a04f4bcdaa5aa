import { createHash } from "node:crypto";
import { Transform } from "node:stream";

/** What went through: sha256 in hex, and bytes. */
export interface Digested {
  readonly sha256: string;
  readonly size: number;
}

/** A stream that hands everything on and knows, at its end, what it was: of layers and backups, whose bytes are read once. Ask once. */
export function digesting(): { readonly through: Transform; result(): Digested } {
  const hash = createHash("sha256");
  let size = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { through, result: () => ({ sha256: hash.digest("hex"), size }) };
}
