import type { OptionGroup } from "./option-file.ts";
import { databaseServerOptions } from "./server-options.ts";

/**
 * my.cnf of a server that lives as long as a test: what it is set to beside a real one's is what spares writing, as all of it lies in memory and
 * nobody reads it after a crash. It listens for the program beside it alone.
 */
export function testServerOptions(memoryBytes: number): OptionGroup[] {
  const faster: Readonly<Record<string, string | number>> = {
    "bind-address": "127.0.0.1",
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-doublewrite": "OFF",
    "innodb-log-file-size": 16 * 1024 * 1024,
    "innodb-buffer-pool-size": 64 * 1024 * 1024,
  };
  return databaseServerOptions(memoryBytes).map(({ name, options }) => ({
    name,
    options: [
      ...options.filter(({ key }) => !Object.hasOwn(faster, key)),
      ...Object.entries(faster).map(([key, value]) => ({ key, value })),
    ],
  }));
}
