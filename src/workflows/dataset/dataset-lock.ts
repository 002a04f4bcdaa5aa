/** The lock of a site's datasets: whoever breeds, deletes or recovers them has it. Not the site's own, so that the site is worked on meanwhile. */
export function datasetLock(site: string): string {
  return `${site}_dataset`;
}
