import type { OptionGroup } from "./option-file.ts";
import { CONTAINED, DATABASE_PORT } from "./server-options.ts";

const MIB = 1024 * 1024;

/**
 * What the files of a data directory depend on. A golden dataset is shut down with the same: with another size every clone of it would write its redo log
 * anew (96 MB instead of none, clones.md 4.2).
 */
export const CLONED_FILES: OptionGroup["options"] = [
  { key: "innodb-log-file-size", value: 16 * MIB },
  // A clone writes 3 MB of temporary tablespace at its start; without the increment it would grow by 64 MB at once.
  { key: "innodb-temp-data-file-path", value: "ibtmp1:3M:autoextend" },
  { key: "innodb-autoextend-increment", value: 1 },
];

/** What an environment's server is sized by. */
export interface EnvironmentServerSize {
  /** InnoDB's pool: 16 MiB is as fast as 256 with files read through the page cache (clones.md 4.2). */
  readonly poolBytes: number;
  readonly maxConnections: number;
}

/**
 * my.cnf of a server that belongs to one environment: 31 MB of memory each when thirty run, 4 MB of disk each. Nothing in it need survive the machine, so
 * nothing is flushed and no page is written twice. Data files are read through the page cache, which the kernel takes back when it needs it.
 */
export function environmentServerOptions({ poolBytes, maxConnections }: EnvironmentServerSize): OptionGroup[] {
  return [
    {
      name: "mariadbd",
      options: [
        { key: "bind-address", value: "0.0.0.0" },
        { key: "port", value: DATABASE_PORT },
        ...CONTAINED,
        ...CLONED_FILES,
        { key: "innodb-buffer-pool-size", value: poolBytes },
        { key: "innodb-log-buffer-size", value: 2 * MIB },
        { key: "innodb-buffer-pool-load-at-startup", value: "OFF" },
        { key: "innodb-buffer-pool-dump-at-shutdown", value: "OFF" },
        { key: "innodb-doublewrite", value: "OFF" },
        { key: "innodb-flush-log-at-trx-commit", value: 0 },
        { key: "innodb-flush-method", value: "fsync" },
        { key: "innodb-use-native-aio", value: "OFF" },
        { key: "innodb-read-io-threads", value: 1 },
        { key: "innodb-write-io-threads", value: 2 },
        { key: "innodb-purge-threads", value: 1 },
        { key: "key-buffer-size", value: 64 * 1024 },
        { key: "aria-pagecache-buffer-size", value: MIB },
        { key: "max-connections", value: maxConnections },
        { key: "table-open-cache", value: 200 },
        { key: "tmp-table-size", value: 4 * MIB },
        { key: "max-allowed-packet", value: 64 * MIB },
        { key: "performance-schema", value: "OFF" },
        { key: "log-warnings", value: 1 },
      ],
    },
  ];
}
