import { expect, it } from "vitest";
import { entrypointLine } from "./entrypoint-line.ts";

it.each([
  ["a step", 'howdah: {"event":"step","message":"installing"}', { event: "step", message: "installing" }],
  [
    "a named failure",
    'howdah: {"event":"failed","code":"site/install-failed","message":"no"}',
    { event: "failed", code: "site/install-failed", message: "no" },
  ],
  [
    "an unknown code as a crash",
    'howdah: {"event":"failed","code":"toString","message":"x"}',
    { event: "failed", code: "engine/crashed", message: "x" },
  ],
  ["no control characters", 'howdah: {"event":"step","message":"a\\u001b[31mb"}', { event: "step", message: "a [31mb" }],
  ["ordinary output", 'NOTICE: howdah: {"event":"step","message":"x"}', undefined],
  ["broken JSON as output", "howdah: {", undefined],
  ["another shape as output", 'howdah: {"event":"step"}', undefined],
])("reads %s", (_name, text, expected) => expect(entrypointLine(text)).toEqual(expected));
