import { expect, it } from "vitest";
import { allows, parseConstraint } from "./php-constraint.ts";

it.each<{ constraint: string; versions: string }>([
  { constraint: "^7.4 || ^8.0", versions: "7.4 8.2 8.4" },
  { constraint: "^8.1", versions: "8.2 8.4" },
  { constraint: "~8.1.0 || ~8.2.0 || ~8.3.0", versions: "8.2" },
  { constraint: "~8.1", versions: "8.2 8.4" },
  { constraint: ">=5.4.0 <8", versions: "7.4" },
  { constraint: ">=7.2.5,<8.3", versions: "7.4 8.2" },
  { constraint: "^5.2.4|^7|^8", versions: "7.4 8.2 8.4" },
  { constraint: "8.*", versions: "8.2 8.4" },
  { constraint: "7.2 - 8.2", versions: "7.4 8.2" },
  { constraint: ">7.4", versions: "8.2 8.4" },
  { constraint: ">7.4.1", versions: "7.4 8.2 8.4" },
  { constraint: "<=8.2", versions: "7.4 8.2" },
  { constraint: "<=8.2.5", versions: "7.4 8.2" },
  { constraint: "=8.4.1", versions: "8.4" },
  { constraint: "8.2", versions: "8.2" },
  { constraint: "!=8.0 >= 8.0", versions: "8.2 8.4" },
  { constraint: "*", versions: "7.4 8.2 8.4" },
  { constraint: "", versions: "7.4 8.2 8.4" },
  { constraint: ">=8.4.0-dev", versions: "8.4" },
  { constraint: "what is this", versions: "7.4 8.2 8.4" },
])("$constraint allows $versions", ({ constraint, versions }) => {
  expect(["7.4", "8.2", "8.4"].filter((version) => allows(constraint, version)).join(" ")).toBe(versions);
});

it("refuses what it can't read", () => {
  expect(parseConstraint("dev-master")).toBeUndefined();
  expect(parseConstraint("^".repeat(600))).toBeUndefined();
});
