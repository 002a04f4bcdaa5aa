import { HowdahError } from "../../../kernel/howdah-error.ts";
import { type BackupOrders, openOrdered, type StepContext } from "./orders.ts";
import { inOrderOfDeletion, tagOf } from "./parts-of.ts";

/**
 * Deletes backups of one Backup from the store, with the room that they took; those of others are not among them, whatever was asked. One that was cut
 * off goes on when it is asked for again. Errors: `backup/unknown` when the store has none of them, those of the store.
 */
export async function forgetStep(orders: BackupOrders, context: StepContext): Promise<object> {
  const { namespace, plan, forget = [] } = orders;
  const repository = await openOrdered(orders, context);
  await repository.ensure(context.signal);
  const parts = await repository.list([`site=${namespace}`, `plan=${plan}`], context.signal);
  const byId = Map.groupBy(parts, ({ tags }) => tagOf(tags, "backup"));
  const gone = [...byId].filter(([id]) => forget === "all" || forget.includes(id));
  if (forget !== "all" && gone.length === 0)
    throw new HowdahError("backup/unknown", `The store has no backup ${forget.join(", ")} of ${namespace}/${plan}`);
  const ids = gone.flatMap(([, its]) => inOrderOfDeletion(its));
  if (ids.length > 0) await repository.forget(ids, { prune: true }, context.signal);
  // Asked for and not there: it went before.
  const named = forget === "all" ? [] : forget;
  return { deleted: forget === "all" ? "all" : named };
}
