import { text } from "node:stream/consumers";
import type { Container } from "../../render/objects.ts";
import type { Behaviour, Started, Surroundings } from "../memory/behaviour.ts";

/** The program of contract-objects.ts, as functions. */
export const behave: Behaviour = {
  start: ({ command = [] }: Container): Started => {
    const [, what, argument = ""] = command;
    if (what === "serve") return { state: "ready", serves: argument, output: [`serving ${argument}`] };
    if (what === "never-ready") return { state: "never-ready", output: ["never ready"] };
    const named = what === "fail" ? [`howdah: ${JSON.stringify({ event: "failed", code: argument, message: "it failed" })}`] : [];
    return { state: "crashed", exitCode: 3, output: ["last words", ...named] };
  },
  program: async ([, what, first = "", second = ""], around) => answer(await perform(what ?? "", first, second, around), around),
};

function answer(result: number | string | undefined, around: Surroundings): number {
  if (typeof result === "number") return result;
  around.out(result ?? "");
  return result === undefined ? 1 : 0;
}

async function perform(what: string, first: string, second: string, around: Surroundings): Promise<number | string | undefined> {
  if (what === "exit") return Number(first);
  if (what === "env") return around.env[first] ?? "";
  if (what === "write") return around.write(first, second) ? 0 : 1;
  if (what === "reach") return around.reach(first, Number(second));
  if (first !== "") return around.read(first);
  return around.stdin === undefined ? "" : text(around.stdin);
}
