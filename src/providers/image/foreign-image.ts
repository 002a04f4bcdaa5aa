import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BuiltImage } from "../image-builder.ts";
import { run } from "../process.ts";
import { inspectImage } from "./storage.ts";

/** An image of somebody else: pulled when the machine does not have it. Errors: `image/build-failed`. */
export async function ensureForeign(reference: string, emit: Emit, signal?: AbortSignal): Promise<BuiltImage> {
  const id = `image/${reference}`;
  emit({ type: "task-started", id, title: `Image ${reference}` });
  const there = await inspectImage(reference, signal);
  if (there === undefined) {
    const ran = await run(["podman", "pull", "--quiet", "--", reference], {
      signal,
      accept: "any",
      onLine: (line) => emit({ type: "output", id, line }),
    });
    if (ran.code !== 0) {
      const error = new HowdahError("image/build-failed", `The image ${reference} can't be pulled`, {
        output: ran.lastLines,
        hint: "Is the name right, and does this machine reach that registry? `podman login` gives it credentials.",
      });
      emit({ type: "task-failed", id, code: error.code, message: error.message });
      throw error;
    }
  }
  const image = there ?? (await inspectImage(reference, signal));
  if (image === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not there after it was pulled`);
  emit({ type: "task-done", id, outcome: there === undefined ? "changed" : "unchanged" });
  return { reference, digest: image.digest, sizeBytes: image.sizeBytes, built: there === undefined };
}
