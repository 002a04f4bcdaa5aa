import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseRepository } from "../../kernel/image-reference.ts";
import type { ExportedImage } from "../../providers/image-builder.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** Pushes an image that no site is in: the operator's, a database's. Answers its reference, pinned by digest. Error: `usage/invalid` for a repository that is none. */
export async function pushOwnImage(
  image: ExportedImage,
  { repository: text, tag }: { readonly repository: string; readonly tag: string },
  ports: Pick<Ports, "registry">,
  { emit, signal }: EngineContext,
): Promise<string> {
  const repository = parseRepository(text);
  if (repository === undefined || !text.startsWith(`${repository.registry}/`)) {
    throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no repository of a registry`, {
      hint: "Write it with its registry and without a tag: registry.example.org/howdah/operator.",
    });
  }
  const id = "push/own";
  emit({ type: "task-started", id, title: `Push to ${text}` });
  const { manifest, config, layers } = image;
  const blobs = [
    { digest: config.digest, size: config.size, open: (from: number) => parts(config.bytes.subarray(from)) },
    ...layers.map(({ digest, size, open }) => ({ digest, size, open })),
  ];
  const call = {
    progress: (words: string): void => emit({ type: "task-progress", id, detail: words }),
    notice: (message: string): void => emit({ type: "notice", level: "info", message }),
    signal,
  };
  const pushed = await ports.registry.push({ manifest, blobs }, { ...repository, tags: [tag] }, call);
  emit({ type: "task-done", id, outcome: "changed", detail: `${(pushed.bytes.sent / 1e6).toFixed(1)} MB sent` });
  return `${pushed.repository}@${pushed.digest}`;
}

async function* parts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
