import { describe, expect, it } from "vitest";
import type { WatchEvent } from "../../workflows/watch/watch-event.ts";
import type { Terminal } from "../terminal.ts";
import { watchPrinter } from "./print-watch.ts";

function printed(event: WatchEvent, output: "text" | "json" = "text"): string {
  let text = "";
  const terminal: Terminal = {
    ...{ out: (part) => (text += part), err: () => undefined, color: false, live: false, interactive: false, columns: 80, output },
  };
  watchPrinter({ terminal }, () => 0)(event);
  return text;
}

const synced = (written: readonly string[], removed: readonly string[] = []): WatchEvent => ({
  ...{ event: "synced", written, removed, bytes: 1, milliseconds: 31 },
});

describe("what a watch prints", () => {
  it.each<{ name: string; event: WatchEvent; text: string }>([
    { name: "a save", event: synced(["index.php"]), text: "↻ index.php 31 ms\n" },
    { name: "a rename", event: synced(["b.php"], ["a.php"]), text: "↻ b.php, a.php (deleted) 31 ms\n" },
    {
      name: "a checkout",
      event: synced(["1", "2", "3", "4"], ["5", "6"]),
      text: "↻ 1, 2, 3 and 3 more: 6 files, 2 of them deleted, 31 ms\n",
    },
    { name: "a name that means something to terminals", event: synced(["a\u001b[2Jb"]), text: "↻ a\\x1b[2Jb 31 ms\n" },
    {
      name: "what can't be taken",
      event: {
        event: "refused",
        code: "site/invalid",
        message: "howdah.yaml has 1 error",
        output: ["`nonsense` is not known"],
        hint: "Mend it.",
      },
      text: "! not taken: howdah.yaml has 1 error [site/invalid]\n  `nonsense` is not known\n  Mend it.\n",
    },
    {
      name: "the end",
      event: { event: "ended", by: "person", release: "r3", milliseconds: 2100 },
      text: "✓ release r3 serves again 2.1 s\n",
    },
  ])("$name", ({ event, text }) => {
    expect(printed(event)).toBe(text);
  });

  it("is one object a line for programs", () => {
    const lines = printed(synced(["a\nb.php"]), "json").split("\n");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "synced", written: ["a\nb.php"], time: "1970-01-01T00:00:00.000Z" });
  });
});
