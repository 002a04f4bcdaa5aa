<?php
// The web view of an environment's mail, for PHP-FPM: nginx hands it everything below its path. Mails are hostile: all of them is escaped, and their HTML is
// shown where nothing runs (a sandbox) and nothing is loaded (a content security policy).
declare(strict_types=1);

namespace Howdah\Mail;

require_once __DIR__ . '/mailbox.php';
require_once __DIR__ . '/parse-mail.php';
require_once __DIR__ . '/pages.php';

const VIEW_PATH = '/-/mail/';
const MOST_SHOWN = 200;
/** Types that a browser may be told; everything else is bytes. */
const KNOWN_TYPES = ['application/pdf', 'image/gif', 'image/jpeg', 'image/png', 'image/webp', 'text/calendar', 'text/csv', 'text/plain'];
const NOTHING_RUNS = "default-src 'none'; base-uri 'none'; form-action 'none'; ";

/** @param array<string, string> $headers */
function respond(int $status, string $policy, array $headers, string $body): void
{
    http_response_code($status);
    $all = $headers + [
        'Content-Type' => 'text/html; charset=utf-8',
        'Content-Security-Policy' => $policy,
        'Cache-Control' => 'no-store',
        'Referrer-Policy' => 'no-referrer',
        'X-DNS-Prefetch-Control' => 'off',
        'Cross-Origin-Resource-Policy' => 'same-origin',
    ];
    foreach ($all as $name => $value) {
        header("$name: $value");
    }
    echo $body;
}

function respond_page(string $html, int $status = 200): void
{
    $style = base64_encode(hash('sha256', STYLE, true));
    respond($status, "default-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; style-src 'sha256-$style'", [], $html);
}

/** @param array<string, mixed> $mail */
function respond_frame(array $mail): void
{
    $policy = NOTHING_RUNS . "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";
    respond(200, $policy, [], framed_html($mail));
}

/** A file to save, never to open in the page's place (nginx says `nosniff` of every answer); its name holds nothing that a header or a file system would misread. */
function respond_file(string $name, string $type, string $body): void
{
    $name = trim((string) preg_replace('~[\x00-\x1f\x7f/\\\\:*?"<>|]+~', '-', clean_line($name)), ' .') ?: 'attachment';
    $plain = (string) preg_replace('/[^\x20-\x7e]|[%;]/', '_', $name);
    $headers = [
        'Content-Type' => in_array($type, KNOWN_TYPES, true) ? $type : 'application/octet-stream',
        'Content-Disposition' => 'attachment; filename="' . substr($plain, 0, 100) . '"; filename*=UTF-8\'\'' . rawurlencode(valid_utf8(substr($name, 0, 200))),
    ];
    respond(200, NOTHING_RUNS . 'sandbox', $headers, $body);
}

/** Other sites' pages must not press our buttons. */
function comes_from_here(): bool
{
    $site = $_SERVER['HTTP_SEC_FETCH_SITE'] ?? null;
    $origin = parse_url($_SERVER['HTTP_ORIGIN'] ?? '');
    $host = ($origin['host'] ?? '') . (isset($origin['port']) ? ":{$origin['port']}" : '');
    return $site === 'same-origin' || ($site === null && $host !== '' && $host === ($_SERVER['HTTP_HOST'] ?? ''));
}

function missing(): void
{
    respond_page(page('Not there', '<h1>Not there</h1>', '<p>This mail is not here any more. <a href="' . VIEW_PATH . '">All mails</a></p>'), 404);
}

/** @param string[] $words */
function change(array $words): void
{
    if (!comes_from_here()) {
        respond_page(page('Refused', '<h1>Refused</h1>', '<p>That came from another site\'s page.</p>'), 403);
        return;
    }
    if ($words === ['clear']) {
        clear_mails();
    } elseif (count($words) === 2 && $words[1] === 'delete') {
        delete_mail($words[0]);
    } else {
        missing();
        return;
    }
    respond(303, NOTHING_RUNS, ['Location' => VIEW_PATH], '');
}

/** @param string[] $words */
function show(array $words): void
{
    if ($words === ['']) {
        $ids = mail_ids();
        $mails = array_values(array_filter(array_map(__NAMESPACE__ . '\summary_of', array_slice($ids, 0, MOST_SHOWN))));
        respond_page(list_page($mails, count($ids)));
        return;
    }
    $mail = whole_mail($words[0]);
    $part = $mail !== null && count($words) === 3 && $words[1] === 'part' && preg_match('/^\d{1,3}$/D', $words[2]) === 1 ? $mail['parts'][(int) $words[2]] ?? null : null;
    if ($mail !== null && count($words) === 1) {
        respond_page(mail_page($mail));
    } elseif ($mail !== null && $words[1] === 'html' && count($words) === 2 && $mail['html'] !== null) {
        respond_frame($mail);
    } elseif ($mail !== null && $words[1] === 'raw' && count($words) === 2) {
        respond_file("{$mail['id']}.eml", 'message/rfc822', read_mail($mail['id'])['raw'] ?? '');
    } elseif ($part !== null) {
        respond_file($part['name'] !== '' ? $part['name'] : "part-{$words[2]}", $part['type'], $part['body']);
    } else {
        missing();
    }
}

function serve_view(): void
{
    $path = (string) strtok($_SERVER['REQUEST_URI'] ?? '', '?');
    if (strncmp($path, VIEW_PATH, strlen(VIEW_PATH)) !== 0) {
        missing();
        return;
    }
    $words = explode('/', rawurldecode(substr($path, strlen(VIEW_PATH))));
    $method = $_SERVER['REQUEST_METHOD'] ?? 'GET';
    if ($method === 'POST') {
        change($words);
    } elseif ($method === 'GET' || $method === 'HEAD') {
        show($words);
    } else {
        respond(405, NOTHING_RUNS, ['Allow' => 'GET, HEAD, POST'], '');
    }
}

@ini_set('display_errors', '0');
serve_view();
