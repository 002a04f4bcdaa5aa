import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import { run, stream } from "./process.ts";

const failure = async (work: Promise<unknown>): Promise<HowdahError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof HowdahError)) throw new Error(`expected a named failure, got ${String(error)}`);
  return error;
};

/** A zombie has ended: nobody reaps orphans in a container without an init. */
function running(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("run", () => {
  it("gives both outputs and the exit code, and passes arguments as they are", async () => {
    const ran = await run(["sh", "-c", 'printf "%s" "$1"; echo oops >&2', "sh", "$(id); `x`"]);
    expect(ran).toMatchObject({ code: 0, stdout: "$(id); `x`", stderr: "oops\n" });
  });

  it("feeds input and calls back for each line, also an unfinished last one", async () => {
    const lines: string[] = [];
    await run(["cat"], { input: "a\nb\r\nc", onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["a", "b", "c"]);
  });

  it("names a program that is missing", async () => {
    expect((await failure(run(["howdah-has-no-such-program"]))).code).toBe("machine/tool-missing");
  });

  it("names a failure and keeps its last 100 lines", async () => {
    const error = await failure(run(["sh", "-c", "seq 1 150; exit 3"]));
    expect([error.code, error.output.length, error.output[99]]).toEqual(["machine/tool-failed", 100, "150"]);
  });

  it("recognises a full disk by the program's words", async () => {
    expect((await failure(run(["sh", "-c", "echo 'write error: No space left on device' >&2; exit 1"]))).code).toBe("machine/disk-full");
  });

  it("accepts the exit codes it is told to", async () => {
    expect((await run(["sh", "-c", "exit 4"], { accept: [0, 4] })).code).toBe(4);
    expect((await run(["sh", "-c", "exit 5"], { accept: "any" })).code).toBe(5);
  });

  it("ends the whole process group when aborted, and says cancelled", async () => {
    const controller = new AbortController();
    const pids: number[] = [];
    const work = run(["sh", "-c", "sleep 300 & echo $!; wait"], {
      signal: controller.signal,
      onLine: (line) => {
        pids.push(Number(line));
        controller.abort();
      },
    });
    expect((await failure(work)).code).toBe("cancelled");
    await vi.waitFor(() => expect(running(pids[0] ?? 0)).toBe(false));
  });

  it("ends a program that takes too long", async () => {
    expect((await failure(run(["sleep", "300"], { timeoutMs: 50 }))).message).toContain("did not end within");
  });
});

describe("stream", () => {
  it("hands over bytes while the program runs and fails with its words", async () => {
    const good = stream(["sh", "-c", "printf abc"]);
    const chunks: Buffer[] = [];
    for await (const chunk of good.stdout) chunks.push(chunk as Buffer);
    await good.done;
    expect(Buffer.concat(chunks).toString()).toBe("abc");

    const bad = stream(["sh", "-c", "echo no >&2; exit 1"]);
    bad.stdout.resume();
    expect((await failure(bad.done)).output).toEqual(["no"]);
  });
});
