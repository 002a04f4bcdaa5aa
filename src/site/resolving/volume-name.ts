/**
 * The volume of a mount: a DNS label from its path, the same for the same path forever, and different for different paths
 * (`a/b` and `a-b`): a path that is not its own label gets a hash.
 */
export function volumeName(path: string): string {
  const label = path
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 24)
    .replace(/-$/, "");
  const itself = label === path && /^[a-z]/.test(label) && !/-[0-9a-f]{8}$/.test(label);
  if (itself) return label;
  return `${/^[a-z]/.test(label) ? label : `m-${label}`.replace(/-$/, "")}-${hash(path)}`;
}

/** FNV-1a of 32 bits over the UTF-8 bytes, as eight hex digits: for telling names apart, not for secrets. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}
