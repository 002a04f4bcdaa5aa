import type { Emit } from "../../kernel/event.ts";
import { readableBytes } from "../database/byte-progress.ts";

const STEP = 1024 * 1024;

/** Counts bytes and reports about once a megabyte. */
export function transferProgress(emit: Emit, id: string): (count: number) => void {
  let bytes = 0;
  let told = 0;
  return (count) => {
    bytes += count;
    if (bytes - told < STEP) return;
    told = bytes;
    emit({ type: "task-progress", id, detail: readableBytes(bytes) });
  };
}
