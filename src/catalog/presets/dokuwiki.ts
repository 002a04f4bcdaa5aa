/**
 * inc/preload.php of DokuWiki. A distribution's own one looks for its settings in /etc; ours keeps them below the site, where DokuWiki's
 * own defaults are.
 */
export const dokuwikiPreload = String.raw`<?php
// Written by Howdah (preset "dokuwiki-preload"): settings and data lie below the site's directory.
if (!defined('DOKU_CONF') && defined('DOKU_INC')) {
    define('DOKU_CONF', DOKU_INC . 'conf/');
}
`;
