import type { Ports } from "../ports.ts";

/** A site's database on a server. */
export interface DatabaseOn {
  readonly namespace: string;
  /** Null: it is just moved there. */
  readonly name: string | null;
}

/** Databases of sites on a server, those that are kept after a destruction or a move, or are just moved there, included. */
export async function databasesOn(
  server: string,
  { records, retained, databaseMoves }: Pick<Ports, "records" | "retained" | "databaseMoves">,
): Promise<readonly DatabaseOn[]> {
  const known = [...(await records.list()), ...(await retained.list()).map(({ record }) => record)];
  const left = (await databaseMoves?.formers.list()) ?? [];
  const moving = ((await databaseMoves?.journals.list()) ?? []).filter(({ to }) => to === server);
  const own = [...known, ...left].flatMap(({ namespace, database }) =>
    database?.server === server ? [{ namespace, name: database.name }] : [],
  );
  return [...own, ...moving.map(({ namespace }) => ({ namespace, name: null }))];
}

/** The sites that these are of, each once. */
export function sitesOf(databases: readonly DatabaseOn[]): readonly string[] {
  return [...new Set(databases.map(({ namespace }) => namespace))].toSorted();
}
