import { expect, it } from "vitest";
import { printProposal, withProposal } from "./print-proposal.ts";

const proposed = {
  presets: ["wordpress"],
  tables: { logs: "empty", users: { columns: { id: "keep", mail: "email" } } },
  files: [{ match: "**", action: "replace" }],
} as const;
const evidence = [
  { field: "spec.dataset.tables.users.columns.mail", because: "97 of 100 values are addresses", confidence: "certain" },
  { field: "spec.dataset.tables.logs", because: "its name is that of a log", confidence: "guess" },
] as const;

it("prints rules to paste, with what speaks for them", () => {
  expect(printProposal(proposed, evidence)).toBe(`  dataset:
    presets:
      - wordpress
    tables:
      logs: empty # its name is that of a log (a guess: look)
      users:
        columns:
          id: keep
          mail: email # 97 of 100 values are addresses
    files:
      - match: "**"
        action: replace
`);
});

it("adds them to a site file whose own rules and comments stay", () => {
  const text = `apiVersion: howdah.dev/v1alpha1
spec:
  # ours
  dataset:
    tables:
      users: # people
        columns: {name: full-name} # by hand
  web: {root: public}
`;
  const written = withProposal(text, proposed, evidence);
  expect(written).toContain("  # ours\n");
  expect(written).toContain("# people");
  expect(written).toMatch(/\{ name: full-name, id: keep, mail: email \}/);
  expect(written).toContain("logs: empty # its name is that of a log (a guess: look)");
  expect(written).toContain("web: {");
});
