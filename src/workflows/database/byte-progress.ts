import { Transform } from "node:stream";
import type { Emit } from "../../kernel/event.ts";

const STEP = 1024 * 1024;

/** `3.4 MB`: decimal units, as disks are sold. */
export function readableBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Lets bytes through, counts them, keeps the last ones, and reports about once a megabyte. `total` is 0 when nobody knows. */
export function byteProgress(emit: Emit, id: string, total: number): { readonly stream: Transform; bytes(): number; tail(): string } {
  let bytes = 0;
  let told = 0;
  let tail = Buffer.alloc(0);
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      tail = Buffer.concat([tail, chunk.subarray(-512)]).subarray(-512);
      if (bytes - told >= STEP) {
        told = bytes;
        emit({
          type: "task-progress",
          id,
          detail: total === 0 ? readableBytes(bytes) : `${readableBytes(bytes)} of ${readableBytes(total)}`,
        });
      }
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes, tail: () => tail.toString("latin1") };
}
