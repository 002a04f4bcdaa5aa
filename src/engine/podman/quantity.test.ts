import { expect, it } from "vitest";
import { bytesOf, coresOf } from "./quantity.ts";

it.each([
  ["64Mi", 67108864],
  ["1G", 1e9],
  ["1.5Gi", 1610612736],
  ["512", 512],
])("%s is %d bytes", (text, bytes) => expect(bytesOf(text)).toBe(bytes));

it.each([
  ["500m", 0.5],
  ["2", 2],
  ["0.25", 0.25],
])("%s is %d cores", (text, cores) => expect(coresOf(text)).toBe(cores));

it.each(["", "1Q", "-1Mi", "64Mi --privileged"])("refuses %j", (text) => expect(() => bytesOf(text)).toThrow(/not a quantity/));
