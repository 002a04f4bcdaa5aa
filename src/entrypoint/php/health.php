<?php
declare(strict_types=1);

namespace Howdah;

/** Asks PHP-FPM's own status listener: it answers even when every worker is busy, so a busy site is not a dead one. */
function health(array $configuration): void
{
    $status = $configuration['status'];
    $answer = fastcgi_get($status['address'], $status['path'], 3);
    if (strpos($answer, 'pong') === false) {
        throw new Failure('engine/not-ready', 1, 'PHP-FPM does not answer its ping');
    }
    fwrite(STDOUT, "pong\n");
}

/**
 * One FastCGI request; the raw answer. `$address` is `unix:///path` or `tcp://host:port`.
 * @param array<string, string> $more parameters
 */
function fastcgi_get(string $address, string $script, int $seconds, array $more = []): string
{
    $socket = @stream_socket_client($address, $number, $text, $seconds);
    if ($socket === false) {
        throw new Failure('engine/not-ready', 1, "PHP-FPM can't be reached at $address: $text");
    }
    stream_set_timeout($socket, $seconds);
    $parameters = '';
    $values = ['SCRIPT_NAME' => $script, 'SCRIPT_FILENAME' => $script, 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => $script, 'QUERY_STRING' => '', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
    foreach ($more + $values as $name => $value) {
        $parameters .= pack('NN', strlen($name) | 0x80000000, strlen($value) | 0x80000000) . $name . $value;
    }
    $record = static function (int $type, string $body): string {
        return pack('CCnnCC', 1, $type, 1, strlen($body), 0, 0) . $body;
    };
    fwrite($socket, $record(1, pack('nCx5', 1, 0)) . $record(4, $parameters) . $record(4, '') . $record(5, ''));
    $answer = (string) stream_get_contents($socket, 65536);
    fclose($socket);
    return $answer;
}
