import { describe, expect, it } from "vitest";
import type { ColumnSchema, DatabaseSchema, TableSchema } from "../database-schema.ts";
import { datasetSettings, fixtureSchema } from "../testing/compile-fixture.ts";
import { column, table } from "../testing/table.ts";
import { proposeFileRules } from "./file-names.ts";
import { columnNameEvidence } from "./column-names.ts";
import { presetsFor, proposeRules } from "./propose-rules.ts";

function proposed(tables: readonly TableSchema[], samples: Readonly<Record<string, readonly string[]>> = {}, dataset: object = {}) {
  const schema: DatabaseSchema = { tables };
  return proposeRules(schema, new Map(Object.entries(samples)), datasetSettings(dataset));
}

describe("names of columns", () => {
  it.each([
    ["user_email", "email"],
    ["eMailAdresse", "email"],
    ["Vorname", "first-name"],
    ["billingLastName2", "last-name"],
    ["nachname", "last-name"],
    ["apellidos", "last-name"],
    ["prenom", "first-name"],
    ["telefonnummer", "phone"],
    ["remote_addr", "ip"],
    ["plz", "postcode"],
    ["strasse", "street"],
    ["api_key", "clear"],
    ["passwort", "password"],
    ["kommentar", "text"],
    ["title", undefined],
    ["sort_order", undefined],
    ["shipping", undefined],
  ])("%s", (name, strategy) => {
    expect(columnNameEvidence(column(name, "varchar(100)"))?.strategy).toBe(strategy);
  });

  it("are not believed where the type can't hold it", () => {
    expect(columnNameEvidence(column("email", "tinyint(1)"))).toBeUndefined();
    expect(columnNameEvidence(column("birthday", "date"))?.strategy).toBe("shift-date");
  });
});

describe("proposed rules", () => {
  const people: ColumnSchema[] = [
    column("id", "int(11)"),
    column("contact", "varchar(100)"),
    column("nachname", "varchar(50)"),
    column("x", "text"),
    column("colour", "varchar(20)"),
  ];

  it("say what values show, and why", () => {
    const { tables, evidence } = proposed([table("people", people)], {
      "people.contact": ["anna@example.org", "jo@example.com", ""],
      "people.x": ["nothing", "call +49 30 9018201"],
      "people.colour": ["red", "blue"],
    });
    expect(tables).toEqual({ people: { columns: { id: "keep", contact: "email", nachname: "last-name", x: "text", colour: "keep" } } });
    expect(evidence).toEqual([
      { field: "spec.dataset.tables.people.columns.contact", because: "2 of 2 values are e-mail addresses", confidence: "certain" },
      { field: "spec.dataset.tables.people.columns.nachname", because: "its name is that of a last name (nachname)", confidence: "guess" },
      { field: "spec.dataset.tables.people.columns.x", because: "1 of 2 values hold something personal", confidence: "likely" },
    ]);
  });

  it("are of what nobody knows yet", () => {
    const { tables } = proposed(
      [table("people", people)],
      {},
      { tables: { people: { columns: { id: "keep", contact: "email", nachname: "last-name", x: "text" } } } },
    );
    expect(tables).toEqual({ people: { columns: { colour: "keep" } } });
    expect(proposed([table("people", people)], {}, { tables: { people: "keep" } }).tables).toEqual({});
  });

  it("empty what passes, keep what says nothing, and fit unique keys", () => {
    const unique = { name: "k", columns: ["vorname"], prefixes: [null] };
    const { tables } = proposed([
      table("user_sessions", people),
      table("colours", [column("id", "int(11)"), column("colour", "varchar(20)")]),
      { ...table("staff", [column("vorname", "varchar(40)")]), uniqueKeys: [unique] },
    ]);
    expect(tables).toEqual({ user_sessions: "empty", colours: "keep", staff: { columns: { vorname: "hash" } } });
  });

  it("name the presets of applications that are there", () => {
    expect(presetsFor(fixtureSchema("wordpress"))).toEqual([
      { preset: "wordpress", prefix: "wp_", because: "the table wp_term_relationships is WordPress and WooCommerce's" },
    ]);
    expect(presetsFor(fixtureSchema("mediawiki")).map(({ preset }) => preset)).toEqual(["mediawiki"]);
  });
});

it("proposes what becomes of files from their names", () => {
  const paths = ["2024/a.jpg", "backup/shop.sql.gz", "invoices/7/R1.png", "letters/b.PDF", "team/Anna_Meier_2024.jpg", "keys/id_rsa"];
  expect(proposeFileRules(paths).map(({ match, action }) => `${action} ${match}`)).toEqual([
    "drop **/*.sql.gz",
    "drop keys/id_rsa",
    "replace **/*.pdf",
    "replace **/invoices/**",
    "replace **",
  ]);
});
