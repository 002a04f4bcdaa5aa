/**
 * PHP that sets `$howdah_url`: the address of the request when it is one of the site's own hostnames (so any port and scheme works),
 * else the main one. Without a trailing slash.
 */
export const siteUrl = String.raw`// TLS ends at the edge; nginx passes on what the edge says and nothing that a browser claims.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}

// The address of the request when it is one of the site's own hostnames (so any port and scheme works), else the main one.
$howdah_url = (static function (): string {
    $main = rtrim(getenv('HOWDAH_URL') ?: 'http://localhost', '/');
    $host = strtolower($_SERVER['HTTP_HOST'] ?? '');
    if (!preg_match('/^([a-z0-9.-]+)(:[0-9]{1,5})?$/D', $host, $part)) {
        return $main;
    }
    $names = array_filter(explode(',', getenv('HOWDAH_HOSTNAMES') . ',' . parse_url($main, PHP_URL_HOST)));
    foreach ($names as $name) {
        if ($part[1] === $name || (strncmp($name, '*.', 2) === 0 && substr($part[1], -strlen($name) + 1) === substr($name, 1))) {
            return (($_SERVER['HTTPS'] ?? '') === 'on' ? 'https://' : 'http://') . $host;
        }
    }
    return $main;
})();
`;
