import { describe, expect, it } from "vitest";
import { type AddressFacts, type AnsweringFacts, chooseWriter } from "./choose-writer.ts";

const facts = (address: string, more: Partial<AnsweringFacts> = {}): AddressFacts => ({
  ...{ address, answers: true, version: "11.8.3-MariaDB", readOnly: false, wsrep: null, replica: null, replicas: null },
  ...more,
});
const replica = { running: true, lagSeconds: 0 };
const node = { ready: true, status: "Primary", localState: 4 };
const silent = (address: string): AddressFacts => ({ address, answers: false, because: "does not answer" });

describe("the writer of a group", () => {
  it.each<{ name: string; group: readonly AddressFacts[]; former?: string; writer: string }>([
    { name: "the one server", group: [facts("a")], writer: "a" },
    { name: "the primary of a pair", group: [facts("a", { readOnly: true, replica }), facts("b")], writer: "b" },
    { name: "the one that answers", group: [silent("a"), facts("b")], writer: "b" },
    { name: "not a replica that somebody left writable", group: [facts("a", { replica }), facts("b")], writer: "b" },
    { name: "the first node of a cluster", group: [facts("a", { wsrep: node }), facts("b", { wsrep: node })], writer: "a" },
    { name: "the node that was it", group: [facts("a", { wsrep: node }), facts("b", { wsrep: node })], former: "b", writer: "b" },
    {
      name: "a node that is synced",
      group: [facts("a", { wsrep: { ...node, localState: 2 } }), facts("b", { wsrep: node })],
      former: "a",
      writer: "b",
    },
    { name: "a node that follows a server elsewhere", group: [facts("a", { wsrep: node, replica })], writer: "a" },
  ])("is $name", ({ group, former, writer }) => {
    expect(chooseWriter(group, former)).toMatchObject({ writer });
  });

  it.each<{ name: string; group: readonly AddressFacts[]; reason: string; says: RegExp }>([
    { name: "nobody answers", group: [silent("a"), silent("b")], reason: "NobodyAnswers", says: /a: does not answer; b: does not/ },
    { name: "all are read-only", group: [facts("a", { readOnly: true }), silent("b")], reason: "AllReadOnly", says: /a: read-only/ },
    { name: "there are only replicas", group: [facts("a", { replica })], reason: "AllReadOnly", says: /replica, and not read-only/ },
    { name: "two would take writes", group: [facts("a"), facts("b")], reason: "SeveralWriters", says: /a and b/ },
    {
      name: "one is in a cluster, one is not",
      group: [facts("a", { wsrep: node }), facts("b")],
      reason: "SeveralWriters",
      says: /a and b/,
    },
    {
      name: "the cluster fell apart",
      group: [facts("a", { wsrep: { ...node, status: "non-Primary" } }), facts("b", { wsrep: { ...node, ready: false } })],
      reason: "NotPrimary",
      says: /non-Primary/,
    },
  ])("is nobody when $name", ({ group, reason, says }) => {
    const choice = chooseWriter(group, undefined);
    expect(choice).toMatchObject({ writer: null, reason, message: expect.stringMatching(says) as string });
  });

  it.each<{ name: string; group: readonly AddressFacts[]; warns: boolean }>([
    { name: "asynchronous replicas", group: [facts("a"), facts("b", { readOnly: true, replica })], warns: true },
    { name: "a replica that is not in the list", group: [facts("a", { replicas: { connected: 1, semiSync: false } })], warns: true },
    {
      name: "semi-synchronous ones",
      group: [facts("a", { replicas: { connected: 1, semiSync: true } }), facts("b", { readOnly: true, replica })],
      warns: false,
    },
    { name: "a server by itself", group: [facts("a")], warns: false },
    { name: "a cluster", group: [facts("a", { wsrep: node }), facts("b", { wsrep: node })], warns: false },
  ])("can lose what it acknowledged, with $name: $warns", ({ group, warns }) => {
    const choice = chooseWriter(group, undefined);
    expect("warning" in choice).toBe(warns);
  });

  it("has a role for each address", () => {
    const group = [facts("a"), facts("b", { readOnly: true, replica: { running: true, lagSeconds: 7 } }), silent("c")];
    const stopped = facts("d", { readOnly: true, replica: { running: false, lagSeconds: null } });
    expect(chooseWriter([...group, stopped], undefined).roles.map(({ role }) => role)).toEqual([
      ...["writer", "replica", "does not answer", "replica that has stopped"],
    ]);
    const cluster = [facts("a", { wsrep: node }), facts("b", { wsrep: node })];
    expect(chooseWriter(cluster, "b").roles.map(({ role }) => role)).toEqual(["could be the writer", "writer"]);
  });

  it.each([
    [null, "replica"],
    [9, "replica"],
    [10, "replica, seconds behind"],
    [59, "replica, seconds behind"],
    [60, "replica, minutes behind"],
    [3600, "replica, hours behind"],
  ])("says of a replica that is %s s behind: %s, without a number that the next look would have to write anew", (lagSeconds, role) => {
    const group = [facts("a"), facts("b", { readOnly: true, replica: { running: true, lagSeconds } })];
    expect(chooseWriter(group, undefined).roles[1]?.role).toBe(role);
  });
});
