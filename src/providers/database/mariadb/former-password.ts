/** Key of a database's secret while its password is rotated: the value that pods may still have. */
export const FORMER_PASSWORD = "former-password";
