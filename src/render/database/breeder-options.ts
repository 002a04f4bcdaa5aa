import { type OptionGroup, printOptionFile } from "./option-file.ts";
import { CONTAINED, DATABASE_PATHS } from "./server-options.ts";

const MIB = 1024 * 1024;

/**
 * Redo of a golden dataset and of everything cloned from it: a server that starts with another size writes its redo anew, 96 MB for each clone
 * (clones.md 4.2).
 */
export const CLONE_REDO_BYTES = 16 * MIB;

/** Where the raw data is in a container of a breed: on a volume of its own, which is destroyed. */
export const QUARANTINE = "/quarantine";

/** A server that nothing need survive and that nobody reaches: nothing is logged, and no index of a session is kept. */
const ALONE: OptionGroup["options"] = [
  { key: "skip-networking", value: null },
  ...CONTAINED.filter(({ key }) => key !== "tmpdir"),
  { key: "skip-log-bin", value: null },
  { key: "event-scheduler", value: "OFF" },
  { key: "general-log", value: "OFF" },
  { key: "slow-query-log", value: "OFF" },
  { key: "performance-schema", value: "OFF" },
  { key: "log-warnings", value: 0 },
  { key: "max-allowed-packet", value: 1024 * MIB },
  { key: "innodb-flush-log-at-trx-commit", value: 0 },
  { key: "innodb-buffer-pool-load-at-startup", value: "OFF" },
  { key: "innodb-buffer-pool-dump-at-shutdown", value: "OFF" },
];

/**
 * my.cnf of the server that raw data is read from: on the prepared files of a capture, so without accounts of its own. Temporary files hold rows: they stay
 * in quarantine.
 */
export function rawServerOptions(files: "source" | "source/data"): string {
  const own: OptionGroup["options"] = [
    { key: "skip-grant-tables", value: null },
    { key: "datadir", value: `${QUARANTINE}/${files}` },
    // Its own: a server that starts deletes what another one may have in there.
    { key: "tmpdir", value: `${QUARANTINE}/raw-tmp` },
    { key: "innodb-buffer-pool-size", value: 128 * MIB },
    { key: "innodb-doublewrite", value: "OFF" },
  ];
  return printOptionFile([{ name: "mariadbd", options: [...ALONE, ...own] }]);
}

/**
 * my.cnf of the server that anonymizes. What touches pages of raw tables must not pass by files that are published: no change buffer, no doublewrite, and
 * temporary files in quarantine. `sealing`: of its last run, in which it forgets, and leaves its redo in the size of clones.
 */
export function breederOptions({ poolBytes, sealing }: { readonly poolBytes: number; readonly sealing: boolean }): string {
  const temporary = sealing ? DATABASE_PATHS.temporary : `${QUARANTINE}/tmp`;
  const own: OptionGroup["options"] = [
    { key: "tmpdir", value: temporary },
    ...(sealing ? [] : [{ key: "innodb-tmpdir", value: temporary }]),
    { key: "innodb-buffer-pool-size", value: poolBytes },
    { key: "innodb-log-file-size", value: sealing ? CLONE_REDO_BYTES : 256 * MIB },
    { key: "innodb-doublewrite", value: "OFF" },
    { key: "loose-innodb-change-buffering", value: "none" },
    { key: "innodb-stats-persistent-sample-pages", value: 20 },
    { key: "innodb-undo-log-truncate", value: "ON" },
    { key: "innodb-max-undo-log-size", value: 10 * MIB },
    { key: "innodb-fast-shutdown", value: 0 },
    { key: "innodb-temp-data-file-path", value: "ibtmp1:12M:autoextend" },
    { key: "lower-case-table-names", value: 0 },
  ];
  return printOptionFile([{ name: "mariadbd", options: [...ALONE, ...own] }]);
}

/** Of a server of sites too: `howdah` without a password, by the socket alone. */
export const PRIVATE_CLIENT_FILE = `[client]\nuser=howdah\nsocket=${DATABASE_PATHS.socket}\n`;
