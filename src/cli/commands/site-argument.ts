/** The words that every verb on a running site has for it. */
export const SITE_ARGUMENT = "[site]";
export const SITE_DESCRIPTION = "name of a site that runs here, its directory or its file (default: the current directory)";
