import { type PeopleBook, peopleBook, peopleQueries, type PersonEntry } from "../../../anonymize/stream/people-book.ts";
import { hasStreams } from "../../../anonymize/stream/transform-row.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import type { Masking } from "./mask-tables.ts";

/** Who is named in the tables, with the fakes that stand there: texts of other tables name them too. Read only when texts pass through here. */
export async function readPeople(
  { plan }: Pick<Masking, "plan">,
  connection: PrivateConnection | undefined,
): Promise<PeopleBook | undefined> {
  if (connection === undefined || !plan.tables.some(hasStreams)) return undefined;
  const entries: PersonEntry[] = [];
  for (const query of peopleQueries(plan)) {
    for await (const [raw, masked] of connection.rows(query)) {
      if (raw !== null && raw !== undefined) entries.push({ raw: raw.toString(), masked: masked?.toString() ?? "" });
    }
  }
  return peopleBook(entries);
}
