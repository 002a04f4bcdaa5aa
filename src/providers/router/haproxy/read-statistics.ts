import { HowdahError } from "../../../kernel/howdah-error.ts";

/** A server as HAProxy's statistics show it. */
export interface StatisticsRow {
  readonly server: string;
  /** `UP`, `UP 1/2`, `DOWN`, `NOLB`, `no check`… */
  readonly status: string;
  readonly sessions: number;
}

/** Reads HAProxy's CSV: the servers of one proxy, by the names of columns. Error: `database/unreachable` for anything else. */
export function readStatistics(text: string, proxy: string): readonly StatisticsRow[] {
  const [head = "", ...lines] = text.split("\n").filter((line) => line !== "");
  const columns = head.replace(/^# /, "").split(",");
  const at = (name: string): number => columns.indexOf(name);
  const [group, server, sessions, status] = [at("pxname"), at("svname"), at("scur"), at("status")];
  if ([group, server, sessions, status].includes(-1)) throw new HowdahError("database/unreachable", "What answers is no HAProxy");
  return lines
    .map((line) => line.split(","))
    .filter((cells) => cells[group] === proxy && cells[server] !== "FRONTEND" && cells[server] !== "BACKEND")
    .map((cells) => ({ server: cells[server] ?? "", status: cells[status] ?? "", sessions: Number(cells[sessions]) }));
}
