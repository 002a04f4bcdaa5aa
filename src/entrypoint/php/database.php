<?php
declare(strict_types=1);

namespace Howdah;

const SERVER_TABLE_MISSING = 1146;
const SERVER_LOCK_TIMEOUT = 1205;
const SERVER_DEADLOCK = 1213;

/**
 * Connects as the site's user to the site's database. Errors are thrown.
 * @param array{host: string, port: int, name: string, user: string, password: string} $address
 * @param int $patience seconds for connecting and for each answer
 */
function connect(array $address, int $patience): \mysqli
{
    if (!extension_loaded('mysqli')) {
        throw new Failure('database/unreachable', EXIT_CONFIGURATION, 'This PHP has no mysqli extension, which the entrypoint needs to reach the database');
    }
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $link = mysqli_init();
    $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, $patience);
    $link->options(MYSQLI_OPT_READ_TIMEOUT, $patience);
    $found = @$link->real_connect($address['host'], $address['user'], $address['password'], $address['name'], $address['port']);
    if ($found === false) {
        throw new \mysqli_sql_exception($link->connect_error ?? 'no answer', $link->connect_errno);
    }
    $link->set_charset('utf8mb4');
    return $link;
}

/** What a refusal means, in words for a person who can't see the server. */
function refusal(\mysqli_sql_exception $error, array $address): string
{
    $where = $address['host'] . ':' . $address['port'];
    $text = $error->getMessage();
    switch ($error->getCode()) {
        case 1045:
            return "$where refuses the user {$address['user']}: wrong password, or the user is not there yet";
        case 1044:
        case 1049:
            return "$where has no database {$address['name']} for the user {$address['user']} yet";
        case 1040:
            return "$where has too many connections";
        case 1130:
            return "$where does not let this container in";
    }
    if (strpos($text, 'getaddrinfo') !== false || strpos($text, 'Name or service') !== false) {
        return "the name {$address['host']} is not known";
    }
    if (strpos($text, 'refused') !== false) {
        return "$where refuses connections: the server is not up yet";
    }
    if (strpos($text, 'timed out') !== false || strpos($text, 'gone away') !== false) {
        return "$where does not answer";
    }
    return "$where: $text";
}
