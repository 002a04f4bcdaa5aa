import { status } from "@grpc/grpc-js";
import { CsiError, invalid } from "../csi-error.ts";
import type { ListRequest } from "./messages.ts";

/**
 * A page of things that are ordered by id. The token is the last id of the page before: what is made or deleted between two pages makes nobody
 * see another one twice, or miss it. Error: `ABORTED` for a token that no page had.
 */
export function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  request: ListRequest,
): { readonly page: readonly T[]; readonly next: string } {
  if (request.max_entries < 0) throw invalid("max_entries is less than nothing");
  if (request.starting_token !== "" && !/^[vs]-[0-9a-f]{8}-[0-9a-f]{32}$/.test(request.starting_token))
    throw new CsiError(status.ABORTED, "starting_token is none of ours");
  const rest = all.filter(({ id }) => id > request.starting_token);
  const page = request.max_entries === 0 ? rest : rest.slice(0, request.max_entries);
  return { page, next: page.length < rest.length ? (page.at(-1)?.id ?? "") : "" };
}
