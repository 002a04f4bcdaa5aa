import type { ObjectKey } from "../render/objects.ts";

/** What was put into an engine for one application: object to digest. Nothing outside it is ever deleted. */
export interface Inventory {
  /** The namespace: `blog` for a site's production environment, `howdah-system` for the machine's own servers. */
  readonly namespace: string;
  readonly objects: ReadonlyMap<ObjectKey, string>;
  /** True after it was stopped: what is applied does not serve until it is scaled up. */
  readonly down?: boolean;
  /** Objects of which somebody has changed what we wrote, with the fields: they are written again. */
  readonly edited?: ReadonlyMap<ObjectKey, readonly string[]>;
}
