/** Where symlinks of distribution packages lead: their code may come into the image (apps/README of the requirements, rule 6). */
export const FOLLOW_INTO: readonly string[] = ["/usr/share", "/usr/lib", "/etc", "/var/lib"];
