import { expect, it } from "vitest";
import { selects } from "./label-selector.ts";

const labels = { app: "web", tier: "front" };

it.each([
  { name: "an empty selector chooses everything", selector: {}, chosen: true },
  { name: "an equal label", selector: { matchLabels: { app: "web" } }, chosen: true },
  { name: "one of two labels is not enough", selector: { matchLabels: { app: "web", tier: "back" } }, chosen: false },
  { name: "In with the value", selector: { matchExpressions: [{ key: "app", operator: "In", values: ["api", "web"] }] }, chosen: true },
  { name: "In without the key", selector: { matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }, chosen: false },
  {
    name: "NotIn without the key chooses",
    selector: { matchExpressions: [{ key: "zone", operator: "NotIn", values: ["a"] }] },
    chosen: true,
  },
  { name: "NotIn with the value", selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, chosen: false },
  { name: "Exists", selector: { matchExpressions: [{ key: "app", operator: "Exists" }] }, chosen: true },
  { name: "DoesNotExist", selector: { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, chosen: false },
  {
    name: "an unknown operator chooses nothing",
    selector: { matchExpressions: [{ key: "app", operator: "Gt", values: ["1"] }] },
    chosen: false,
  },
])("$name", ({ selector, chosen }) => {
  expect(selects(selector, labels)).toBe(chosen);
});
