import type { ExportedImage } from "../../providers/image-builder.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** Exports images, each once for a command: what is told of several images asks for the same bases. */
export function exportingOnce(
  { images }: Pick<Ports, "images">,
  { emit, signal }: EngineContext,
): (reference: string) => Promise<ExportedImage> {
  const done = new Map<string, Promise<ExportedImage>>();
  return (reference) => {
    const exporting = done.get(reference) ?? images.export(reference, emit, signal);
    done.set(reference, exporting);
    return exporting;
  };
}
