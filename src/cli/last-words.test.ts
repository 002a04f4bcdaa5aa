import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import { type LastWordsHost, withLastWords } from "./last-words.ts";

function host(): LastWordsHost & { readonly said: string[]; readonly errs: string[] } {
  const said: string[] = [];
  const errs: string[] = [];
  const say = (failure: HowdahError): number => {
    said.push(`${failure.code}: ${failure.message}`);
    return failure.entry.exit;
  };
  return { process: new EventEmitter(), controller: new AbortController(), say, err: (text) => errs.push(text), said, errs };
}

describe("a command's last words", () => {
  it("are none when it ends by itself", async () => {
    const here = host();
    expect(await withLastWords(here, () => Promise.resolve(3))).toBe(3);
    here.process.emit("beforeExit", 3);
    expect(here.said).toEqual([]);
  });

  it("are said when the process has nothing left to wait for", async () => {
    const here = host();
    const ending = withLastWords(here, () => new Promise<number>(() => {}));
    here.process.emit("beforeExit", 0);
    expect(await ending).toBe(70);
    expect(here.said).toEqual(["bug: The command's work stopped without an end and without a failure"]);
  });

  it("stop the work by the name of what was thrown outside of it", async () => {
    const here = host();
    const { signal } = here.controller;
    const ending = withLastWords(
      here,
      () => new Promise<number>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    here.process.emit("uncaughtException", new Error("read ECONNRESET"));
    expect(await ending).toBe(70);
    expect(here.said).toEqual(["bug: read ECONNRESET"]);
  });

  it("go to stderr when the work succeeded all the same", async () => {
    const here = host();
    const ending = withLastWords(here, async () => {
      here.process.emit("uncaughtException", new Error("late"));
      return 0;
    });
    expect(await ending).toBe(0);
    expect([here.said, here.errs.join("")]).toEqual([[], expect.stringContaining("late")]);
  });

  it("are said when the command line itself fails", async () => {
    const here = host();
    expect(await withLastWords(here, () => Promise.reject(new HowdahError("machine/busy", "closing")))).toBe(75);
    expect(here.said).toEqual(["machine/busy: closing"]);
  });
});
