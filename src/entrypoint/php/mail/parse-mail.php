<?php
declare(strict_types=1);

namespace Howdah\Mail;

require_once __DIR__ . '/charset.php';
require_once __DIR__ . '/addresses.php';

/** How deep parts lie in parts, and how many there are; the rest of a mail that goes on is not looked at. */
const MOST_DEPTH = 12;
const MOST_PARTS = 200;

/** The first header of a name, as it was sent, without line breaks. */
function header_of(string $block, string $name): string
{
    return preg_match('/^' . preg_quote($name, '/') . '[ \t]*:(.*)$/im', $block, $found) === 1 ? trim($found[1]) : '';
}

/**
 * The value of a header and its parameters (RFC 2045, 2231), names in lower case.
 * @return array{value: string, parameters: array<string, string>}
 */
function structured_header(string $text): array
{
    $value = strtolower(trim((string) strtok($text, ';')));
    preg_match_all('/;\s*([a-z0-9!#$&^_.+-]{1,60}(?:\*\d{1,2})?\*?)\s*=\s*("(?:[^"\\\\]|\\\\.)*"|[^;\s]*)/i', $text, $found, PREG_SET_ORDER);
    $plain = [];
    $pieces = [];
    foreach ($found as [, $name, $word]) {
        $name = strtolower($name);
        $word = $word !== '' && $word[0] === '"' ? stripslashes(substr($word, 1, -1)) : $word;
        if (preg_match('/^(.*?)(?:\*(\d+))?(\*)?$/D', $name, $how) !== 1) {
            continue;
        }
        if (($how[2] ?? '') === '' && ($how[3] ?? '') === '') {
            $plain[$name] = $plain[$name] ?? $word;
        } else {
            $pieces[$how[1]][(int) ($how[2] ?? 0)] = ['text' => $word, 'encoded' => ($how[3] ?? '') === '*'];
        }
    }
    foreach ($pieces as $name => $list) {
        $plain[(string) $name] = extended_value($list);
    }
    return ['value' => $value, 'parameters' => $plain];
}

/** @param array<int, array{text: string, encoded: bool}> $list */
function extended_value(array $list): string
{
    ksort($list);
    $charset = 'utf-8';
    $bytes = '';
    foreach ($list as $index => $piece) {
        $text = $piece['text'];
        if ($piece['encoded'] && $index === array_key_first($list) && preg_match("/^([^']*)'[^']*'(.*)$/sD", $text, $found) === 1) {
            [, $charset, $text] = $found;
        }
        $bytes .= $piece['encoded'] ? rawurldecode($text) : $text;
    }
    return to_utf8($bytes, $charset);
}

/**
 * A mail's leaves in their order, as they were sent. `name` is for people; `body` is decoded from its transfer encoding, text also from its character set.
 * @return list<array{type: string, name: string, id: string, attached: bool, body: string}>
 */
function parts_of(string $raw): array
{
    $parts = [];
    collect_parts($raw, 0, $parts);
    return $parts;
}

/** @param list<array{type: string, name: string, id: string, attached: bool, body: string}> $parts */
function collect_parts(string $raw, int $depth, array &$parts, string $default = 'text/plain'): void
{
    if (count($parts) >= MOST_PARTS) {
        return;
    }
    $split = preg_match('/\r?\n\r?\n/', $raw, $found, PREG_OFFSET_CAPTURE) === 1 ? [$found[0][1], $found[0][1] + strlen($found[0][0])] : [strlen($raw), strlen($raw)];
    // A part may begin with an empty line: it has no headers.
    $headless = preg_match('/\A\r?\n/', $raw, $empty) === 1;
    $block = $headless ? '' : header_block(substr($raw, 0, $split[0]) . "\r\n\r\n");
    $body = $headless ? substr($raw, strlen($empty[0])) : substr($raw, $split[1]);
    $type = structured_header(header_of($block, 'Content-Type'));
    $media = preg_match('~^[a-z0-9.+-]+/[a-z0-9.+-]+$~D', $type['value']) === 1 ? $type['value'] : $default;
    $boundary = $type['parameters']['boundary'] ?? '';
    if (strncmp($media, 'multipart/', 10) === 0 && $boundary !== '' && $depth < MOST_DEPTH) {
        foreach (split_at($body, $boundary) as $piece) {
            collect_parts($piece, $depth + 1, $parts, $media === 'multipart/digest' ? 'message/rfc822' : 'text/plain');
        }
        return;
    }
    $parts[] = leaf($block, $media, $type['parameters'], $body);
}

/** @param array<string, string> $parameters @return array{type: string, name: string, id: string, attached: bool, body: string} */
function leaf(string $block, string $media, array $parameters, string $body): array
{
    $disposition = structured_header(header_of($block, 'Content-Disposition'));
    $name = decoded_words($disposition['parameters']['filename'] ?? $parameters['name'] ?? '');
    $encoding = strtolower(header_of($block, 'Content-Transfer-Encoding'));
    $bytes = $encoding === 'base64' ? (string) base64_decode($body, false) : ($encoding === 'quoted-printable' ? quoted_printable_decode($body) : $body);
    $isText = $media === 'text/plain' || $media === 'text/html';
    return [
        'type' => $media,
        'name' => $name,
        'id' => trim(header_of($block, 'Content-ID'), "<> \t"),
        'attached' => $disposition['value'] === 'attachment' || !$isText || $name !== '',
        'body' => $isText ? to_utf8($bytes, $parameters['charset'] ?? '') : $bytes,
    ];
}

/** What lies between the lines with a boundary. @return string[] */
function split_at(string $body, string $boundary): array
{
    $line = '/^--' . preg_quote($boundary, '/') . '(--)?[ \t]*\r?$\n?/m';
    if (preg_match_all($line, $body, $found, PREG_OFFSET_CAPTURE) === 0) {
        return [];
    }
    $pieces = [];
    foreach ($found[0] as $index => [$text, $offset]) {
        if (($found[1][$index][0] ?? '') === '--' || count($pieces) >= MOST_PARTS) {
            break;
        }
        $begin = $offset + strlen($text);
        $end = $found[0][$index + 1][1] ?? strlen($body);
        $pieces[] = (string) preg_replace('/\r?\n\z/', '', substr($body, $begin, max(0, $end - $begin)));
    }
    return $pieces;
}

/** What a list shows of a mail, from its beginning. @return array<string, mixed> */
function summary_of(string $id): ?array
{
    $mail = read_mail($id, 1 << 16);
    if ($mail === null) {
        return null;
    }
    $block = header_block($mail['raw']);
    return [
        'id' => $id,
        'received' => received_at($id),
        'from' => decoded_words(header_of($block, 'From')) ?: clean_line($mail['envelope']['from']),
        'to' => array_map(__NAMESPACE__ . '\clean_line', $mail['envelope']['to']),
        'subject' => decoded_words(header_of($block, 'Subject')),
        'by' => clean_line($mail['envelope']['by']),
        'bytes' => $mail['bytes'],
    ];
}

/**
 * A whole mail for reading. `text` and `html` are the first of each kind; everything else is an attachment, by its number among all parts.
 * @return array<string, mixed>|null
 */
function whole_mail(string $id): ?array
{
    $mail = read_mail($id);
    $summary = summary_of($id);
    if ($mail === null || $summary === null) {
        return null;
    }
    $parts = parts_of($mail['raw']);
    $bodies = ['text/plain' => null, 'text/html' => null];
    $attachments = [];
    foreach ($parts as $number => $part) {
        if (!$part['attached'] && $bodies[$part['type']] === null) {
            $bodies[$part['type']] = $part['body'];
            continue;
        }
        $attachments[] = ['number' => $number, 'name' => $part['name'] !== '' ? $part['name'] : "part-$number", 'type' => $part['type'], 'bytes' => strlen($part['body'])];
    }
    $block = header_block($mail['raw']);
    $headers = ['replyTo' => decoded_words(header_of($block, 'Reply-To')), 'date' => decoded_words(header_of($block, 'Date'))];
    return $summary + ['sender' => clean_line($mail['envelope']['from'])] + $headers
        + ['text' => $bodies['text/plain'], 'html' => $bodies['text/html'], 'attachments' => $attachments, 'parts' => $parts];
}
