import { open } from "node:fs/promises";
import { withoutSessionPassword } from "../../render/sessions/session-server.ts";

/** One line of a container's log file. */
export interface FileLine {
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Reads what was added to a log file since the last call; starts over when conmon cut the file. */
export interface LogCursor {
  next(): Promise<readonly FileLine[]>;
  /** The beginning of a line whose end has not come: a program's last words may have none. Then the cursor forgets it. */
  rest(): readonly FileLine[];
}

const CHUNK = 1024 * 1024;

/**
 * Opens a container's log for reading on: conmon writes `TIME stdout|stderr F|P TEXT`, where P marks a piece of a long line.
 * The file is read directly, so that following costs no process and works while podman holds its locks.
 */
export function logCursor(path: string, from: number | "start" = "start"): LogCursor {
  let offset = from === "start" ? 0 : from;
  let rest = "";
  const pieces = new Map<string, Piece>();
  return {
    rest: () => {
      const left = [...pieces].map(
        ([stream, { time, text }]): FileLine => ({ time, stream: stream as FileLine["stream"], text: withoutSessionPassword(text) }),
      );
      pieces.clear();
      return left;
    },
    next: async () => {
      const added = await readFrom(path, offset);
      if (added.start < offset) rest = "";
      offset = added.start + added.bytes;
      const lines = (rest + added.text).split("\n");
      rest = lines.pop() ?? "";
      return lines.flatMap((line) => joined(line, pieces));
    },
  };
}

/** The last `count` lines of a log file; empty when there is none. */
export async function lastLines(path: string, count: number): Promise<FileLine[]> {
  const size = await sizeOf(path);
  const cursor = logCursor(path, Math.max(0, size - CHUNK));
  const lines: FileLine[] = [];
  for (let added = await cursor.next(); added.length > 0; added = await cursor.next()) lines.push(...added);
  return count === 0 ? [] : [...lines, ...cursor.rest()].slice(-count);
}

/** Size of a file in bytes, 0 when it is not there. */
export async function sizeOf(path: string): Promise<number> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function readFrom(path: string, offset: number): Promise<{ start: number; bytes: number; text: string }> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return { start: offset, bytes: 0, text: "" };
  try {
    const { size } = await file.stat();
    const start = size < offset ? 0 : offset;
    const buffer = Buffer.alloc(Math.min(CHUNK, size - start));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const whole = bytesRead < size - start ? lastLineEnd(buffer, bytesRead) : bytesRead;
    return { start, bytes: whole, text: buffer.toString("utf8", 0, whole) };
  } finally {
    await file.close();
  }
}

/** A chunk ends at a line end, so that no character is cut in two. */
function lastLineEnd(buffer: Buffer, length: number): number {
  const end = buffer.lastIndexOf(0x0a, length - 1);
  return end === -1 ? length : end + 1;
}

/** What came of a long line until now. */
interface Piece {
  readonly time: string;
  readonly text: string;
}

function joined(line: string, pieces: Map<string, Piece>): FileLine[] {
  const match = /^(\S+) (stdout|stderr) ([FP]) ?(.*)$/s.exec(line);
  if (match === null) return [];
  const [, time = "", stream = "stdout", mark, text = ""] = match;
  const whole = (pieces.get(stream)?.text ?? "") + text;
  if (mark === "P") {
    pieces.set(stream, { time, text: whole.slice(-65_536) });
    return [];
  }
  pieces.delete(stream);
  return [{ time, stream: stream as "stdout" | "stderr", text: withoutSessionPassword(whole) }];
}
