import { layerUsers, sizeOf } from "../../plan/prune/image-sizes.ts";
import type { CacheOwner, ImageWorld } from "../../plan/prune/image-world.ts";
import type { GoneCache, GoneImage, PrunePlan } from "../../plan/prune/plan-prune.ts";
import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { Pruned } from "../../workflows/images/prune-machine.ts";
import type { CliContext } from "../context.ts";
import { plural } from "./plural.ts";
import { shortName } from "./print-images.ts";
import { styleFor } from "./style.ts";
import { terminalText } from "./terminal-text.ts";

/** The answer of `image prune --dry-run`. */
export function printPrunePlan(plan: PrunePlan, world: Pick<ImageWorld, "images">, context: CliContext): number {
  if (context.terminal.output === "json") {
    const users = layerUsers(world.images);
    const images = plan.images.map((gone) => ({ ...imageAnswer(gone), bytes: sizeOf(gone.image, users) }));
    const answer = { dryRun: true, images, caches: plan.caches.map(cacheAnswer), freedBytes: plan.freedBytes };
    context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return 0;
  }
  if (plan.images.length + plan.caches.length === 0) {
    context.terminal.out("Nothing to delete: everything is needed.\n");
    return 0;
  }
  context.terminal.out(pruneLines(plan, context));
  return 0;
}

/** What a plan deletes, in lines for people: each image, caches by what they are. */
export function pruneLines(plan: PrunePlan, context: CliContext): string {
  const style = styleFor(context.terminal.color);
  const line = (what: string, because: string): string => `  ${terminalText(what)} ${style.dim(`because: ${terminalText(because)}`)}\n`;
  const images = plan.images.map(({ reference, because }) => line(shortName(reference).slice(0, 80), because));
  const caches = [...Map.groupBy(plan.caches, ({ cache: { owner }, because }) => `${wordOf(owner)}|${because}`).values()].map((group) => {
    const bytes = group.reduce((sum, { cache }) => sum + cache.bytes, 0);
    const [first] = group;
    return first === undefined
      ? ""
      : line(`${String(group.length)} × ${wordOf(first.cache.owner)}, ${readableBytes(bytes)}`, first.because);
  });
  const stays = `Frees about ${readableBytes(plan.freedBytes)}; ${plural(plan.kept.size, "image")} in use stay${plan.kept.size === 1 ? "s" : ""}.\n`;
  return `Deletes:\n${[...images, ...caches].join("")}${stays}`;
}

/** The answer of `image prune`. */
export function printPruned(done: Pruned, context: CliContext): number {
  const { images, caches, freedBytes, stayed } = done;
  if (context.terminal.output === "json") {
    const answer = { dryRun: false, images: images.map(imageAnswer), caches: caches.map(cacheAnswer), freedBytes, stayed };
    context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return 0;
  }
  const style = styleFor(context.terminal.color);
  if (images.length + caches.length === 0) context.terminal.out("Nothing to delete: everything is needed.\n");
  else
    context.terminal.out(
      `${style.green("✓")} freed ${readableBytes(freedBytes)}: ${plural(images.length, "image")}, ${plural(caches.length, "thing")} of the caches\n`,
    );
  if (stayed > 0) context.terminal.err(`${plural(stayed, "thing")} of the plan stay${stayed === 1 ? "s" : ""}: needed by now.\n`);
  return 0;
}

function imageAnswer({ reference, image, because }: GoneImage): object {
  return { reference, id: image.id, kind: image.kind, site: image.site, because };
}

function cacheAnswer({ cache: { id, owner, bytes }, because }: GoneCache): object {
  return { id, kind: owner.kind, bytes, because };
}

function wordOf(owner: CacheOwner): string {
  switch (owner.kind) {
    case "layer":
      return "cached layer";
    case "configuration":
      return "cached configuration";
    case "package":
      return "package";
    case "recipe":
      return "package list";
    case "reusable":
      return owner.what;
    case "leftover":
      return "unfinished work";
    case "compiled":
      return "compiled code of a release";
    default:
      return owner satisfies never;
  }
}
