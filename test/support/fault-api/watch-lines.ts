/** One line of a watch, as far as faults are concerned. */
export interface WatchLine {
  readonly type: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/** What becomes of one event: `later` sends it after the next one, or when the watch ends. */
export type EventFault = "pass" | "drop" | "twice" | "later";

/** Takes the bytes of a watch and gives those of one that loses, doubles and reorders events as it is told. */
export function watchLines(faultOf: (line: WatchLine) => EventFault): { push(chunk: string): string; end(): string } {
  let rest = "";
  let held: string[] = [];
  const through = (line: string): string => {
    const fault = faultOf(read(line));
    if (fault === "drop") return "";
    if (fault === "later") {
      held.push(line);
      return "";
    }
    const late = held;
    held = [];
    return [line, ...(fault === "twice" ? [line] : []), ...late].map((one) => `${one}\n`).join("");
  };
  return {
    push: (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      return lines.map((line) => (line === "" ? "" : through(line))).join("");
    },
    end: () => {
      const late = held;
      held = [];
      return late.map((one) => `${one}\n`).join("") + rest;
    },
  };
}

function read(line: string): WatchLine {
  const { type = "", object } = JSON.parse(line) as {
    type?: string;
    object?: { kind?: string; metadata?: { namespace?: string; name?: string; resourceVersion?: string } };
  };
  const { namespace = "", name = "", resourceVersion = "" } = object?.metadata ?? {};
  return { type, kind: object?.kind ?? "", namespace, name, resourceVersion };
}
