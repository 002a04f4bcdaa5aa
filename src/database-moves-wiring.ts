import { join } from "node:path";
import type { Engine } from "./engine/engine.ts";
import type { DatabaseMover } from "./providers/database/database-mover.ts";
import type { SecretStore } from "./providers/secrets/secret-store.ts";
import { documentStore } from "./providers/state/document-store.ts";
import { execCarrier } from "./workflows/database-move/exec-carrier.ts";
import type { DatabaseMovePorts, FormerDatabase, MoveJournal } from "./workflows/database-move/move-journal.ts";

/** What moves of databases are made of on one machine. */
export interface DatabaseMovesInput {
  readonly stateDirectory: string;
  readonly secrets: SecretStore;
  readonly engine: Engine;
  readonly administratorOf: (server: string) => Promise<string | undefined>;
}

/** Chooses the adapters of moves; the driver is loaded when a server is asked something. */
export function wireDatabaseMoves({ stateDirectory, secrets, engine, administratorOf }: DatabaseMovesInput): DatabaseMovePorts {
  let loaded: Promise<DatabaseMover> | undefined;
  const load = async (): Promise<DatabaseMover> => {
    const { adminClient } = await import("./providers/database/mariadb/admin-client.ts");
    const { mariadbMover } = await import("./providers/database/mariadb/move/mariadb-mover.ts");
    return mariadbMover(adminClient({ secrets, administratorOf }));
  };
  const mover = (): Promise<DatabaseMover> => (loaded ??= load());
  return {
    mover: {
      serverFacts: async (server) => (await mover()).serverFacts(server),
      describe: async (database) => (await mover()).describe(database),
      position: async (server) => (await mover()).position(server),
      logFiles: async (server) => (await mover()).logFiles(server),
      content: async (database, options) => (await mover()).content(database, options),
      openReplay: async (database) => (await mover()).openReplay(database),
      closeReplay: async (database) => (await mover()).closeReplay(database),
    },
    journals: documentStore<MoveJournal>(join(stateDirectory, "database-moves")),
    formers: documentStore<FormerDatabase>(join(stateDirectory, "former-databases")),
    carrier: execCarrier({ engine, secrets }),
  };
}
