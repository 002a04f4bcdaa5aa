import { expect, it } from "vitest";
import { missingRights } from "./rights.ts";

const every =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, PROCESS, CONNECTION ADMIN";
const to = "TO `howdah`@`%` IDENTIFIED BY PASSWORD '*00'";

it.each<{ name: string; grants: readonly string[]; several?: boolean; missing: readonly string[] }>([
  { name: "everything", grants: [`GRANT ALL PRIVILEGES ON *.* ${to} WITH GRANT OPTION`], several: true, missing: [] },
  { name: "everything but passing it on", grants: [`GRANT ALL PRIVILEGES ON *.* ${to}`], missing: ["GRANT OPTION"] },
  { name: "what is needed", grants: [`GRANT ${every} ON *.* ${to} WITH GRANT OPTION`], missing: [] },
  { name: "no look at replication", grants: [`GRANT ${every} ON *.* ${to} WITH GRANT OPTION`], several: true, missing: ["SLAVE MONITOR"] },
  {
    name: "an older name of that",
    grants: [`GRANT ${every}, REPLICATION CLIENT ON *.* ${to} WITH GRANT OPTION`],
    several: true,
    missing: [],
  },
  {
    name: "no look at others' sessions, nor a way to end them",
    grants: [`GRANT ${every.replace(", PROCESS, CONNECTION ADMIN", "")} ON *.* ${to} WITH GRANT OPTION`],
    missing: ["PROCESS", "CONNECTION ADMIN"],
  },
  {
    name: "an older name of ending sessions",
    grants: [`GRANT ${every.replace("CONNECTION ADMIN", "SUPER")} ON *.* ${to} WITH GRANT OPTION`],
    missing: [],
  },
  {
    name: "one database",
    grants: [`GRANT ${every.replace(", CREATE USER", "")} ON *.* ${to} WITH GRANT OPTION`, `GRANT CREATE USER ON \`a\`.* ${to}`],
    missing: ["CREATE USER"],
  },
])("with $name lacks $missing", ({ grants, several, missing }) => {
  expect(missingRights(grants, several === true)).toEqual(missing);
});

it("with nothing lacks all of it", () => {
  expect(missingRights([`GRANT USAGE ON *.* ${to}`], false)).toHaveLength(22);
});
