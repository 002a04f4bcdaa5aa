/** Every file's time in a base image: 2025-01-01T00:00:00Z, in seconds. One constant, so that the same packages give the same bytes. */
export const IMAGE_EPOCH = 1_735_689_600;

/** Eight and a half years, in seconds. */
const SPAN = 2 ** 28;

/**
 * A file's time in a site's image, derived from its content: the same content has the same time everywhere, and other content another time, so
 * that a changed file of the same size gets another ETag. Always before `IMAGE_EPOCH`: opcache never caches a file from the future.
 */
export function timeOfContent(sha256: string): number {
  return IMAGE_EPOCH - (Number.parseInt(sha256.slice(0, 12), 16) % SPAN);
}
