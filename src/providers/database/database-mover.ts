import type { Secret } from "../../kernel/secret.ts";
import type { DatabaseContent } from "../../plan/database-move/compare-contents.ts";
import type { MovedDatabase, ServerFacts } from "../../plan/database-move/judge-move.ts";
import type { LogFile, LogPosition } from "../../plan/database-move/next-round.ts";
import type { DatabaseReference, ServerReference } from "./database-server.ts";

/** What moving a database between servers asks of them, as their administrator. Every call may be repeated. Errors: those of DatabaseServer. */
export interface DatabaseMover {
  /** All but how much room there is, which the server does not know. */
  serverFacts(server: ServerReference): Promise<Omit<ServerFacts, "freeBytes">>;
  describe(database: DatabaseReference): Promise<MovedDatabase>;
  /** Where the server's log of changes ends now. */
  position(server: ServerReference): Promise<LogPosition>;
  logFiles(server: ServerReference): Promise<readonly LogFile[]>;
  /** Everything that a database holds, to be compared; views that are left out are broken ones. May read every row. */
  content(
    database: DatabaseReference,
    options: { readonly checksums: boolean; readonly leftOut: readonly string[] },
  ): Promise<DatabaseContent>;
  /**
   * An account that may replay a log into this database, and only there. Its password is new each time: a site never has it, since the right to
   * replay asks for no other.
   */
  openReplay(database: DatabaseReference): Promise<{ readonly user: string; readonly password: Secret }>;
  /** Takes it away, with its sessions; nothing when it is not there. */
  closeReplay(database: DatabaseReference): Promise<void>;
}
