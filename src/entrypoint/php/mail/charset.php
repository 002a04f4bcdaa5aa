<?php
declare(strict_types=1);

namespace Howdah\Mail;

/** Text that is UTF-8 for sure, whatever a mail says of its own: what can't be read is shown as a question mark in a box. */
function to_utf8(string $bytes, string $charset): string
{
    $charset = strtolower($charset);
    if (in_array($charset, ['', 'utf-8', 'utf8', 'us-ascii', 'ascii'], true)) {
        return valid_utf8($bytes);
    }
    if (preg_match('/^[a-z0-9._:-]{1,40}$/D', $charset) === 1 && function_exists('iconv')) {
        $text = @iconv($charset, 'UTF-8//IGNORE', $bytes);
        if (is_string($text)) {
            return valid_utf8($text);
        }
    }
    return in_array($charset, ['iso-8859-1', 'latin1', 'windows-1252'], true) ? from_latin1($bytes) : valid_utf8($bytes);
}

/** `htmlspecialchars` is in every PHP and knows what is wrong in UTF-8; no extension is needed for it. */
function valid_utf8(string $bytes): string
{
    if (preg_match('//u', $bytes) === 1) {
        return $bytes;
    }
    return htmlspecialchars_decode(htmlspecialchars($bytes, ENT_NOQUOTES | ENT_SUBSTITUTE, 'UTF-8'), ENT_NOQUOTES);
}

function from_latin1(string $bytes): string
{
    return (string) preg_replace_callback('/[\x80-\xff]/', static function (array $found): string {
        $code = ord($found[0]);
        return chr(0xc0 | $code >> 6) . chr(0x80 | $code & 0x3f);
    }, $bytes);
}

/** A header's words as people read them (RFC 2047), in one line without control characters. */
function decoded_words(string $text): string
{
    $joined = (string) preg_replace('/(\?=)\s+(?==\?)/', '$1', $text);
    $decoded = preg_replace_callback('/=\?([^?\s]{1,60})\?([bq])\?([^?]*)\?=/i', static function (array $found): string {
        $charset = (string) preg_replace('/\*.*$/', '', $found[1]);
        $bytes = strtolower($found[2]) === 'b' ? (string) base64_decode($found[3], false) : quoted_printable_decode(str_replace('_', ' ', $found[3]));
        return to_utf8($bytes, $charset);
    }, valid_utf8($joined));
    return clean_line((string) $decoded);
}

/** Without control characters, and without those that turn the reading direction around, which make `exe.pdf` of `fdp.exe`. */
function clean_line(string $text): string
{
    return trim((string) preg_replace('/[\x00-\x1f\x7f]+|[\x{80}-\x{9f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]/u', ' ', valid_utf8($text)));
}
